"""All writes of customers and orders. Each compares before it writes, and tells the queue what really changed."""

from orders.services.common import SaveResult
from orders.services.customers import CustomerDraft, delete_customers, save_customers
from orders.services.fulfilments import FulfilmentDraft, save_fulfilments
from orders.services.orders import OrderDraft, save_orders

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
