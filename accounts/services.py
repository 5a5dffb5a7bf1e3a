"""API keys, email addresses and second factors of users, dropship agreements, and the audit log."""

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.client_address import current_client_address
from accounts.models import ApiKey, AuditEvent, DropshipAgreement, Seller, User
from accounts.operators import impersonating_operator

# Scope → what it allows, as shown on the API key form.
SCOPES = {
    "sync:read": _("Read runs, issues and sync logs"),
    "sync:trigger": _("Start and cancel syncs"),
    "customers:write": _("Create and update customers (B2B storefronts)"),
    "synclog:write": _("Write sync logs"),
    "feeds:read": _("Read product, inventory and image feeds"),
}


def hash_key(key: str) -> str:
    """SHA-256 in hex. Keys have 256 random bits, so a slow password hash would add no security."""
    return hashlib.sha256(key.encode()).hexdigest()


def create_api_key(
    *,
    name: str,
    scopes: list[str],
    seller: Seller | None = None,
    user: User | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Create a key. Returns it with its plain text, which isn't stored. ValueError for an unknown scope."""
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown:
        raise ValueError(f"Unknown scopes: {', '.join(unknown)}. Choose from {', '.join(SCOPES)}.")
    prefix = "sc_" + secrets.token_hex(4)
    text = f"{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        name=name,
        seller=seller,
        user=user,
        scopes=sorted(set(scopes)),
        prefix=prefix,
        key_hash=hash_key(text),
        expires_at=expires_at,
    )
    return key, text


def find_api_key(text: str, *, now: datetime | None = None) -> ApiKey | None:
    """The key with this plain text if it is valid, else None. Hashes are compared in constant time."""
    now = now or timezone.now()
    prefix = text[:11]
    key = (
        ApiKey.objects.select_related("seller", "user")
        .filter(prefix=prefix, revoked_at=None)
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .first()
    )
    if key is None or not hmac.compare_digest(key.key_hash, hash_key(text)):
        return None
    if key.user is not None and not key.user.is_active:
        return None
    # Updated at most once an hour, to avoid a write on every request.
    if key.last_used_at is None or (now - key.last_used_at).total_seconds() > 3600:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def revoke_api_key(*, key: ApiKey, now: datetime | None = None) -> None:
    """Revoke the key, unless it was revoked before."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now or timezone.now())


@transaction.atomic
def set_verified_email(*, user: User) -> None:
    """Make the user's address the only one of the account, confirmed. Others, waiting for confirmation, are dropped."""
    EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})


@transaction.atomic
def reset_second_factor(*, user: User, by: User | None) -> bool:
    """Remove all second factors of somebody who lost them, and end their sessions. False if there were none."""
    removed, _rows = Authenticator.objects.filter(user=user).delete()
    for session in UserSession.objects.filter(user=user):
        session.end()
    if removed:
        record_audit_event(user=by, action="user.second_factor", target=f"user {user.pk}")
    return bool(removed)


@transaction.atomic
def save_agreement(*, agreement: DropshipAgreement, by: User | None) -> DropshipAgreement:
    """Create or update an agreement (S9). Raises ValidationError with the invalid fields."""
    agreement.name_on_lines = agreement.name_on_lines.strip()
    agreement.full_clean()
    is_new = agreement.pk is None
    agreement.save()
    record_audit_event(
        user=by,
        action="agreement.add" if is_new else "agreement.change",
        target=agreement,
        seller=agreement.seller,
        name_on_lines=agreement.name_on_lines,
        active=agreement.active,
        since=agreement.since.isoformat(),
    )
    return agreement


def counted(number: int, noun: str) -> str:
    """`1 item`, `2 items`: the target of an audit event about several objects."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def record_audit_event(
    *, user: User | None, action: str, target: object = "", seller: Seller | None = None, **detail: Any
) -> AuditEvent:
    """Add an event to the audit log. `detail` must be JSON-serializable and contain no secrets.

    What an operator does as somebody else is recorded as done by the operator.
    """
    if (operator := impersonating_operator()) is not None and user is not None:
        user, detail = operator, detail | {"as": f"user {user.pk}"}
    return AuditEvent.objects.create(
        user=user,
        action=action,
        target=str(target)[:200],
        seller=seller,
        detail=detail,
        ip_address=current_client_address(),
    )
