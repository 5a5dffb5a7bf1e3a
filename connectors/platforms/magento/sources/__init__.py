"""Data types that are imported from a Magento shop."""

from connectors.platforms.magento.sources.brands import Brands
from connectors.platforms.magento.sources.categories import Categories
from connectors.platforms.magento.sources.customers import Customers
from connectors.platforms.magento.sources.orders import Orders
from connectors.platforms.magento.sources.products import Products
from connectors.platforms.magento.sources.stock import Stock
from connectors.platforms.magento.sources.store_settings import StoreSettings

__all__ = ["Brands", "Categories", "Customers", "Orders", "Products", "Stock", "StoreSettings"]
