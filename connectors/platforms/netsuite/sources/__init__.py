"""Data types that are imported from NetSuite."""

from connectors.platforms.netsuite.sources.fulfilments import Fulfilments
from connectors.platforms.netsuite.sources.products import Products

__all__ = ["Fulfilments", "Products"]
