"""Staging copy rules for users, sellers and API keys (L4–L8). docs/masking.md describes the format."""

POLICY = {
    "accounts_user": {
        "id": "keep",
        "password": "mask:password",
        "last_login": "empty",
        "is_superuser": "keep",
        "email": "mask:unique_email",
        "name": "mask:name",
        "is_staff": "keep",
        "is_active": "keep",
        "date_joined": "keep",
        "region": "keep",
        "time_zone": "keep",
        "kept_on_staging": "set:f",
    },
    "accounts_user_groups": {"id": "keep", "user_id": "keep", "group_id": "keep"},
    "accounts_user_user_permissions": {"id": "keep", "user_id": "keep", "permission_id": "keep"},
    # The shop's name is public. Its contact details are not.
    "accounts_seller": {
        "id": "keep",
        "slug": "keep",
        "name": "scrub",
        "status": "keep",
        "time_zone": "keep",
        "currency": "keep",
        "contact_name": "mask:name",
        "contact_email": "mask:email",
        "phone": "mask:phone",
        "street": "mask:street",
        "city": "mask:city",
        "postcode": "mask:postcode",
        "country": "keep",
        "tax_id": "mask:tax_id",
        "bank_account": "mask:iban",
        "created_at": "keep",
        "updated_at": "keep",
    },
    "accounts_membership": {
        "id": "keep",
        "user_id": "keep",
        "seller_id": "keep",
        "role": "keep",
        "created_at": "keep",
    },
    # Links of live don't work on staging.
    "accounts_invitation": {"*": "empty"},
    "accounts_dropshipagreement": {
        "id": "keep",
        "seller_id": "keep",
        "vendor_id": "keep",
        # Must keep matching the vendor name on order lines.
        "name_on_lines": "scrub",
        "active": "keep",
        "since": "keep",
        "created_at": "keep",
    },
    # Keys of live don't work on staging (L6). OWN restores the keys that systems use on staging (L8).
    "accounts_apikey": {
        "id": "keep",
        "seller_id": "keep",
        "user_id": "keep",
        # Often the name of a person or a machine.
        "name": "mask:text",
        "prefix": "keep",
        "key_hash": "mask:secret",
        "scopes": "keep",
        "created_at": "keep",
        "expires_at": "keep",
        "last_used_at": "keep",
        "revoked_at": "keep",
    },
    # Describes actions on live and may contain names of people.
    "accounts_auditevent": {"*": "empty"},
    "accounts_cacheentry": {"*": "empty"},
    # Addresses, second factors and sessions of live don't work on staging (L6).
    "account_emailaddress": {"*": "empty"},
    "account_emailconfirmation": {"*": "empty"},
    "mfa_authenticator": {"*": "empty"},
    "usersessions_usersession": {"*": "empty"},
    "socialaccount_socialaccount": {"*": "empty"},
    "socialaccount_socialapp": {"*": "empty"},
    "socialaccount_socialtoken": {"*": "empty"},
}

# Accounts that were created on staging stay, with what belongs to them.
_TESTERS = "user_id IN (SELECT id FROM accounts_user WHERE kept_on_staging)"

KEYS = {
    "account_emailaddress": ("email",),
    "accounts_apikey": ("prefix",),
    "accounts_membership": ("user_id", "seller_id"),
    "accounts_seller": ("slug",),
    "accounts_user": ("email",),
    "mfa_authenticator": ("user_id", "type", "created_at"),
}

OWN = {
    "account_emailaddress": _TESTERS,
    "accounts_apikey": f"user_id IS NULL OR {_TESTERS}",
    "accounts_membership": _TESTERS,
    "accounts_user": "kept_on_staging",
    "mfa_authenticator": _TESTERS,
}

RETENTION = {
    "accounts_user": "forever",
    "accounts_user_groups": "with accounts_user",
    "accounts_user_user_permissions": "with accounts_user",
    "accounts_seller": "forever",
    "accounts_membership": "with accounts_user",
    "accounts_invitation": "90 days by sent_at",
    "accounts_dropshipagreement": "forever",
    "accounts_apikey": "forever",
    "accounts_auditevent": "730 days by at",
    # The cache deletes expired rows itself, and all rows of these tables belong to a user.
    "accounts_cacheentry": "forever",
    "account_emailaddress": "with accounts_user",
    "account_emailconfirmation": "with accounts_user",
    "mfa_authenticator": "with accounts_user",
    "usersessions_usersession": "with accounts_user",
    "socialaccount_socialaccount": "with accounts_user",
    "socialaccount_socialapp": "forever",
    "socialaccount_socialtoken": "with accounts_user",
}
