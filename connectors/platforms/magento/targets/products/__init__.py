"""Products with their variants."""

from connectors.platforms.magento.targets.products.target import ProductTarget

__all__ = ["ProductTarget"]
