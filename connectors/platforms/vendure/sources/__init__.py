"""What is read from Vendure."""

from connectors.platforms.vendure.sources.brands import Brands
from connectors.platforms.vendure.sources.categories import Categories
from connectors.platforms.vendure.sources.customers import Customers
from connectors.platforms.vendure.sources.orders import Orders
from connectors.platforms.vendure.sources.products import Products
from connectors.platforms.vendure.sources.store_settings import StoreSettings

__all__ = ["Brands", "Categories", "Customers", "Orders", "Products", "StoreSettings"]
