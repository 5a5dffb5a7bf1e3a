"""What a payload shows to those who may not see personal data: its shape, and what is no person's."""

from typing import Any

from accounts.models import Seller, User
from accounts.queries import is_owner

PERMISSION = "connectors.view_webhook_payload"
MASK = "•••"
# Values that tell where to look and nothing else. What is not here is masked, so a new field is no leak; an id that is
# a text may be somebody's address.
_TEXTS = {"scope", "kind", "type", "hash", "producer", "store_id", "method", "jsonrpc"}
_NUMBERS = {"id", "orderId", "product_id", "variant_id", "customer_id", "order_id", "created_at"}


def may_see_payloads(*, user: User, seller: Seller | None) -> bool:
    """Owners of the seller, and operators with the permission."""
    return user.has_perm(PERMISSION) or (seller is not None and is_owner(user=user, seller=seller))


def masked(payload: Any, name: str = "") -> Any:
    """The payload with every value masked whose name is not known to be harmless."""
    match payload:
        case dict():
            return {key: masked(value, key) for key, value in payload.items()}
        case list():
            return [masked(value, name) for value in payload]
        case None | bool():
            return payload
    harmless = _TEXTS if isinstance(payload, str) else _NUMBERS
    return payload if name in harmless else MASK
