"""Customers and orders. Personal data has its own columns and is never stored inside JSON."""

from orders.models.customers import Address, Customer, CustomerGroup
from orders.models.orders import Order, OrderAdjustment, OrderLine
from orders.models.refunds import Refund, RefundLine
from orders.models.shipments import Shipment, ShipmentLine
from orders.models.totals import TargetTotals

__all__ = [
    "Address",
    "Customer",
    "CustomerGroup",
    "Order",
    "OrderAdjustment",
    "OrderLine",
    "Refund",
    "RefundLine",
    "Shipment",
    "ShipmentLine",
    "TargetTotals",
]
