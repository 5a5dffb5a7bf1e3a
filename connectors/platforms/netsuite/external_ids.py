"""The external IDs that our records have in NetSuite: how they are found again after a call that was not answered."""

from connectors.platforms.netsuite.settings import Settings
from connectors.platforms.netsuite.suiteql import literal


def order_id(settings: Settings, item_id: int) -> str:
    return f"{settings.external_ids}-order-{item_id}"


def customer_id(settings: Settings, item_id: int) -> str:
    return f"{settings.external_ids}-customer-{item_id}"


def seller_id(settings: Settings, slug: str) -> str:
    """That of a seller who is a customer here, since we ship on the seller's behalf."""
    return f"{settings.external_ids}-seller-{slug}"


def our_orders(settings: Settings) -> str:
    """The SuiteQL condition that tells our sales orders (`so`) from the account's own."""
    return f"so.type = 'SalesOrd' AND so.externalid LIKE {literal(settings.external_ids + '-order-%')}"
