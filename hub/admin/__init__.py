"""Console pages of the engine. Only services write the rows of its state."""

from hub.admin import alerts, lanes, links, queue, runs

__all__ = ["alerts", "lanes", "links", "queue", "runs"]
