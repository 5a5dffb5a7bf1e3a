"""All writes to customers and orders. Each writes only differences and enqueues the items that changed."""

from orders.services.common import SaveResult
from orders.services.customers import CustomerDraft, delete_customers, save_customers
from orders.services.entries import OrderDraft
from orders.services.fulfilments import FulfilmentDraft, save_fulfilments
from orders.services.orders import save_orders
from orders.services.reconciliation import ComputedTotals, accept_difference, save_target_totals
from orders.services.waiting import (
    assign_customers,
    assign_parents,
    assign_variants,
    cancel_orders,
    keep_unread_orders,
)

__all__ = [
    "ComputedTotals",
    "CustomerDraft",
    "FulfilmentDraft",
    "OrderDraft",
    "SaveResult",
    "accept_difference",
    "assign_customers",
    "assign_parents",
    "assign_variants",
    "cancel_orders",
    "delete_customers",
    "keep_unread_orders",
    "save_customers",
    "save_fulfilments",
    "save_orders",
    "save_target_totals",
]
