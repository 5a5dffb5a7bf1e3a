"""Data types that are imported from Tryton."""

from connectors.platforms.tryton.sources.fulfilments import Fulfilments
from connectors.platforms.tryton.sources.products import Products

__all__ = ["Fulfilments", "Products"]
