"""The lane of a feed in a turn: its jobs, which share one import at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, cast

from connectors.engine.turn import Turn
from connectors.models import FeedImport
from connectors.sdk.feeds import Feed, FeedTarget
from hub.kinds import Direction
from hub.models import Change, Job, Run

_FULL_IMPORT_INTERVAL = timedelta(days=7)


@dataclass
class FeedLane:
    """The feed jobs that the turn serves. `jobs` is not empty; paused ones are left out."""

    turn: Turn
    jobs: Sequence[Job]

    @cached_property
    def feed(self) -> Feed[Any]:
        """How the platform takes imports."""
        return self.turn.adapter.feed(self.target(self.jobs[0]).feed)

    @property
    def id(self) -> int:
        return self.turn.claim.lane_id

    def target(self, job: Job) -> FeedTarget[Any, Any, Any]:
        return cast(FeedTarget[Any, Any, Any], self.turn.target(job))

    @property
    def is_complete(self) -> bool:
        """Whether no job is left out. Otherwise a full replacement would remove the items of those that are."""
        of_lane = Job.objects.filter(lane_ids__contains=[self.id], direction=Direction.EXPORT, enabled=True)
        return of_lane.count() == len(self.jobs)

    @property
    def has_changes(self) -> bool:
        return Change.objects.filter(lane=self.id, job__in=self.jobs, state=Change.State.READY).exists()

    def full_runs(self, *states: Run.State) -> list[Run]:
        """The full runs in these states, oldest first; at most one for each job."""
        return list(Run.objects.filter(job__in=self.jobs, scope=Run.Scope.FULL, state__in=states).order_by("pk"))

    def has_current_import(self) -> bool:
        """Whether the platform holds our data in the current format (F16). If not, everything is sent."""
        last = FeedImport.objects.filter(lane=self.id, state=FeedImport.State.SUCCESS).order_by("-pk").first()
        return last is not None and last.format == self.feed.format

    def is_full_import_due(self, now: datetime) -> bool:
        """Whether a full run has to send everything, changed or not: the first time and once a week, so that
        differences cannot accumulate unnoticed (F3)."""
        replacements = FeedImport.objects.filter(
            lane=self.id, state=FeedImport.State.SUCCESS, mode=FeedImport.Mode.REPLACE
        )
        recent = replacements.filter(sent_at__gt=now - _FULL_IMPORT_INTERVAL)
        return not self.has_current_import() or not recent.exists()
