"""Data types that are imported from a custom shop."""

from connectors.platforms.rest.sources.brands import Brands
from connectors.platforms.rest.sources.categories import Categories
from connectors.platforms.rest.sources.customers import Customers
from connectors.platforms.rest.sources.orders import Orders
from connectors.platforms.rest.sources.products import Products

__all__ = ["Brands", "Categories", "Customers", "Orders", "Products"]
