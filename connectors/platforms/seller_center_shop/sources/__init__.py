"""Data types that are imported from the shop."""

from connectors.platforms.seller_center_shop.sources.brands import Brands
from connectors.platforms.seller_center_shop.sources.categories import Categories
from connectors.platforms.seller_center_shop.sources.products import Products

__all__ = ["Brands", "Categories", "Products"]
