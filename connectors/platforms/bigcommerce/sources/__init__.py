"""Data types that are imported from a store."""

from connectors.platforms.bigcommerce.sources.brands import Brands
from connectors.platforms.bigcommerce.sources.categories import Categories
from connectors.platforms.bigcommerce.sources.customers import Customers
from connectors.platforms.bigcommerce.sources.orders import Orders
from connectors.platforms.bigcommerce.sources.products import Products
from connectors.platforms.bigcommerce.sources.stock import Stock
from connectors.platforms.bigcommerce.sources.store_settings import StoreSettings

__all__ = ["Brands", "Categories", "Customers", "Orders", "Products", "Stock", "StoreSettings"]
