"""The keys of our records in Tryton, which identify them even if a response was lost."""

from connectors.platforms.tryton.settings import Settings


def order_key(settings: Settings, item_id: int) -> str:
    return f"{settings.keys}-order-{item_id}"


def order_keys(settings: Settings) -> str:
    """The pattern that all keys of orders match."""
    return f"{_escaped(settings.keys)}-order-%"


def refund_key(settings: Settings, item_id: int, key: str) -> str:
    return f"{settings.keys}-refund-{item_id}-{key}"


def customer_key(settings: Settings, item_id: int) -> str:
    return f"{settings.keys}-customer-{item_id}"


def customer_keys(settings: Settings) -> str:
    return f"{_escaped(settings.keys)}-customer-%"


def seller_key(settings: Settings, slug: str) -> str:
    """The key of a seller who is a party in Tryton, because we ship on the seller's behalf."""
    return f"{settings.keys}-seller-{slug}"


def _escaped(keys: str) -> str:
    """In a pattern, `_` stands for any character, so that the records of another installation would match."""
    return keys.replace("_", r"\_")
