"""The console's pages about work: runs, the queue, lanes, links; and about alerts."""

from hub.admin import alerts, queue

__all__ = ["alerts", "queue"]
