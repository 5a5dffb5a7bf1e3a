"""What people do on these pages that is more than one call below."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import ApiKey, Seller, User
from accounts.services import create_api_key, record_audit_event, revoke_api_key


@transaction.atomic
def create_own_api_key(*, user: User, seller: Seller, name: str, scopes: list[str], days: int) -> tuple[ApiKey, str]:
    """A key that acts for the user at the seller, and its text, which is shown once. `days` 0: until revoked."""
    expires_at = timezone.now() + timedelta(days=days) if days else None
    key, text = create_api_key(name=name, scopes=scopes, seller=seller, user=user, expires_at=expires_at)
    record_audit_event(user=user, action="key.make", target=key, seller=seller, scopes=key.scopes)
    return key, text


@transaction.atomic
def revoke_own_api_key(*, key: ApiKey) -> None:
    revoke_api_key(key=key)
    record_audit_event(user=key.user, action="key.revoke", target=key, seller=key.seller)
