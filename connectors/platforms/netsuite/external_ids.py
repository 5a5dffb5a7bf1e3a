"""The external IDs of our records in NetSuite, which identify them even if a response was lost."""

from connectors.platforms.netsuite.settings import Settings
from connectors.platforms.netsuite.suiteql import literal


def order_id(settings: Settings, item_id: int) -> str:
    return f"{settings.external_ids}-order-{item_id}"


def customer_id(settings: Settings, item_id: int) -> str:
    return f"{settings.external_ids}-customer-{item_id}"


def seller_id(settings: Settings, slug: str) -> str:
    """The external ID of a seller who is a customer in NetSuite, because we ship on the seller's behalf."""
    return f"{settings.external_ids}-seller-{slug}"


def refund_id(settings: Settings, item_id: int, key: str) -> str:
    """The external ID of the credit memo or return authorization for a refund of an order."""
    return f"{settings.external_ids}-refund-{item_id}-{key}"


def our_customers(settings: Settings) -> str:
    """The SuiteQL condition that selects the customers that we sent."""
    return f"customer.externalid LIKE {literal(settings.external_ids + '-customer-%')}"


def our_orders(settings: Settings) -> str:
    """The SuiteQL condition that selects our sales orders (`so`) and excludes the account's other ones."""
    return f"so.type = 'SalesOrd' AND so.externalid LIKE {literal(settings.external_ids + '-order-%')}"
