"""Data types that are exported to Tryton."""

from connectors.platforms.tryton.targets.customers import CustomerTarget
from connectors.platforms.tryton.targets.orders import OrderTarget

__all__ = ["CustomerTarget", "OrderTarget"]
