"""Data types that are exported to the shop."""

from connectors.platforms.seller_center_shop.targets.products import ProductTarget
from connectors.platforms.seller_center_shop.targets.values import PriceTarget, StockTarget

__all__ = ["PriceTarget", "ProductTarget", "StockTarget"]
