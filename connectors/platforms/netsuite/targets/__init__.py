"""Data types that are exported to NetSuite."""

from connectors.platforms.netsuite.targets.customers import CustomerTarget
from connectors.platforms.netsuite.targets.orders import OrderTarget

__all__ = ["CustomerTarget", "OrderTarget"]
