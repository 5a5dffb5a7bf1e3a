"""Data types that are exported to the OMS."""

from connectors.platforms.seller_center_oms.targets.orders import OrderStatusTarget

__all__ = ["OrderStatusTarget"]
