"""Data types that are imported from an image feed."""

from connectors.platforms.image_feed.sources.galleries import Galleries

__all__ = ["Galleries"]
