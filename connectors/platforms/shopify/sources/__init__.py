"""Data types that are imported from a store."""

from connectors.platforms.shopify.sources.collections import Collections
from connectors.platforms.shopify.sources.customers import Customers
from connectors.platforms.shopify.sources.orders import Orders
from connectors.platforms.shopify.sources.products import Products
from connectors.platforms.shopify.sources.store_settings import StoreSettings
from connectors.platforms.shopify.sources.vendors import Vendors

__all__ = ["Collections", "Customers", "Orders", "Products", "StoreSettings", "Vendors"]
