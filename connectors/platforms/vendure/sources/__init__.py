"""What is read from Vendure."""

from connectors.platforms.vendure.sources.products import Products

__all__ = ["Products"]
