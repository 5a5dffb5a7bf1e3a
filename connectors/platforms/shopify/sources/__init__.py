"""Data types that are imported from a store."""

from connectors.platforms.shopify.sources.collections import Collections
from connectors.platforms.shopify.sources.products import Products
from connectors.platforms.shopify.sources.store_settings import StoreSettings
from connectors.platforms.shopify.sources.vendors import Vendors

__all__ = ["Collections", "Products", "StoreSettings", "Vendors"]
