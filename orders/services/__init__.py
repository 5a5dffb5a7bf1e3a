"""All writes to customers and orders. Each writes only differences and enqueues the items that changed."""

from orders.services.common import SaveResult
from orders.services.customers import CustomerDraft, delete_customers, save_customers
from orders.services.entries import OrderDraft
from orders.services.fulfilments import FulfilmentDraft, save_fulfilments
from orders.services.orders import save_orders

__all__ = [
    "CustomerDraft",
    "FulfilmentDraft",
    "OrderDraft",
    "SaveResult",
    "delete_customers",
    "save_customers",
    "save_fulfilments",
    "save_orders",
]
