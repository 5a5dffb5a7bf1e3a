"""Masks webhook payloads for users who may not see personal data."""

from typing import Any

from accounts.models import Seller, User
from accounts.queries import is_owner

PERMISSION = "connectors.view_webhook_payload"
MASK = "•••"
# Fields without personal data. All others are masked, so that new fields cannot leak. IDs are shown only if they are
# numbers, because a string may be an email address.
_STRINGS = {"scope", "kind", "type", "hash", "producer", "store_id", "method", "jsonrpc", "topic", "triggered_at"}
_NUMBERS = {
    "id",
    "orderId",
    "product_id",
    "variant_id",
    "customer_id",
    "order_id",
    "created_at",
    "parent_id",
    "inventory_item_id",
}


def may_see_payloads(*, user: User, seller: Seller | None) -> bool:
    """Whether the user is an owner of the seller or has the permission."""
    return user.has_perm(PERMISSION) or (seller is not None and is_owner(user=user, seller=seller))


def masked(payload: Any, name: str = "") -> Any:
    """The payload with all values masked except those of fields without personal data."""
    match payload:
        case dict():
            return {key: masked(value, key) for key, value in payload.items()}
        case list():
            return [masked(value, name) for value in payload]
        case None | bool():
            return payload
    visible = _STRINGS if isinstance(payload, str) else _NUMBERS
    return payload if name in visible else MASK
