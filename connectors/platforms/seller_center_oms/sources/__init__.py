"""Data types that are imported from the OMS."""

from connectors.platforms.seller_center_oms.sources.customers import Customers
from connectors.platforms.seller_center_oms.sources.orders import Orders

__all__ = ["Customers", "Orders"]
