"""Data types that are exported to an Elevate cluster."""

from connectors.platforms.elevate.targets.products import ProductTarget

__all__ = ["ProductTarget"]
