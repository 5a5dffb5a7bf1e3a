"""The console's pages about work: runs, the queue, lanes, links; and about alerts."""

from hub.admin import alerts, work

__all__ = ["alerts", "work"]
