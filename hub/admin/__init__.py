"""Console pages of the engine: runs, queue, lanes and links (`queue`), and alerts (`alerts`)."""

from hub.admin import alerts, queue

__all__ = ["alerts", "queue"]
