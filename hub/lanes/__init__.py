"""Lanes: claiming, leasing and scheduling.

Sellers take turns, and so do the lanes of a seller: the least recently served comes first. The order is defined by
tickets from a sequence. A claim only scans tickets from the low-water mark upwards, because while an old snapshot is
open the index below the mark is full of dead entries. A share that becomes due again gets a ticket at or above the
mark, and the sweeper raises tickets that are below it.
"""

from hub.lanes.leases import (
    Claim,
    LeaseLost,
    abandon,
    asynchronous_commit,
    claim,
    fence,
    fenced,
    has_waiting_work,
    release,
    renew,
)
from hub.lanes.shares import reconcile_shares
from hub.lanes.sweeping import sweep, wake_missed_lanes
from hub.lanes.waking import TURN_TASK, notify_workers, wake

__all__ = [
    "TURN_TASK",
    "Claim",
    "LeaseLost",
    "abandon",
    "asynchronous_commit",
    "claim",
    "fence",
    "fenced",
    "has_waiting_work",
    "notify_workers",
    "reconcile_shares",
    "release",
    "renew",
    "sweep",
    "wake",
    "wake_missed_lanes",
]
