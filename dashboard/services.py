"""Actions of the pages that combine several calls of other apps' services."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import ApiKey, Seller, User
from accounts.services import create_api_key, record_audit_event, revoke_api_key
from orders.models import Order
from orders.services import accept_difference


@transaction.atomic
def create_own_api_key(*, user: User, seller: Seller, name: str, scopes: list[str], days: int) -> tuple[ApiKey, str]:
    """An API key with which apps act as the user at the seller, and its text, which is shown only once.

    `days` is how long it is valid; 0 means until it is revoked.
    """
    expires_at = timezone.now() + timedelta(days=days) if days else None
    key, text = create_api_key(name=name, scopes=scopes, seller=seller, user=user, expires_at=expires_at)
    record_audit_event(user=user, action="key.add", target=key, seller=seller, scopes=key.scopes)
    return key, text


@transaction.atomic
def revoke_own_api_key(*, key: ApiKey) -> None:
    """Revoke a key of its own user, who is recorded in the audit log."""
    revoke_api_key(key=key)
    record_audit_event(user=key.user, action="key.revoke", target=key, seller=key.seller)


@transaction.atomic
def accept_order_difference(*, order: Order, by: User) -> bool:
    """Send an order although it does not add up, and record who decided it. False if there is nothing to accept."""
    if not accept_difference(order=order, now=timezone.now()):
        return False
    record_audit_event(user=by, action="order.accept", target=order, seller=order.seller)
    return True
