"""What is read from a shop."""

from connectors.platforms.woocommerce.sources.brands import Brands
from connectors.platforms.woocommerce.sources.categories import Categories
from connectors.platforms.woocommerce.sources.customers import Customers
from connectors.platforms.woocommerce.sources.orders import Orders
from connectors.platforms.woocommerce.sources.products import Products
from connectors.platforms.woocommerce.sources.store_settings import StoreSettings

__all__ = ["Brands", "Categories", "Customers", "Orders", "Products", "StoreSettings"]
