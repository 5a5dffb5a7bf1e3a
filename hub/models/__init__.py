"""Models of the sync engine.

People edit the configuration (`Connection`, `Job`). Only services write the state (`JobState`, `Lane`, `Share`, `Run`,
`Change`, `Link`). docs/engine.md explains how they work together.
"""

from hub.models.alerts import Alert, AlertChannel, AlertDelivery
from hub.models.changes import Change
from hub.models.connections import Connection, Master, PlatformSwitch, new_token
from hub.models.jobs import Job, JobState
from hub.models.lanes import Lane, Share
from hub.models.links import Link, LinkPayload
from hub.models.references import PendingReference
from hub.models.runs import Run, RunCounter, RunItem, RunLogLine, SeenExternalId
from hub.models.workers import RateBudget, Worker

__all__ = [
    "Alert",
    "AlertChannel",
    "AlertDelivery",
    "Change",
    "Connection",
    "Job",
    "JobState",
    "Lane",
    "Link",
    "LinkPayload",
    "Master",
    "PendingReference",
    "SeenExternalId",
    "PlatformSwitch",
    "RateBudget",
    "Run",
    "RunCounter",
    "RunItem",
    "RunLogLine",
    "Share",
    "Worker",
    "new_token",
]
