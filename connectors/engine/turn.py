"""A turn: a time-limited piece of work in one lane on one worker.

Within a turn, changes caused by events come first, then the oldest run, then the changes of full runs. A turn ends when
nothing is left, when its time is over and other lanes are waiting, when the breaker opens, or when the worker has to
stop; always between two batches.
"""

import logging
import os
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.models import Q

from accounts.models import Seller
from connectors.adapters.factory import open_adapter
from connectors.adapters.registry import adapter_for
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.isolation import Isolation
from connectors.sdk.reading import Reader
from connectors.sdk.retry import RetryPolicy
from connectors.sdk.streams import Target
from hub import clock, lanes, runlog, workers
from hub.clock import at_most_a_day_ahead
from hub.kinds import DataType
from hub.lanes import Claim, LeaseLost
from hub.models import Connection, Job, Lane, Run

logger = logging.getLogger(__name__)

# How often a long turn checks for waiting lanes, in seconds.
CHECK_INTERVAL_SECONDS = 0.5

# The longest that one call to `send` should take, in seconds.
MAX_BATCH_SECONDS = 20.0

# Set when the process has to stop: turns end at the next batch boundary.
stopping = threading.Event()


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass(slots=True)
class Turn:
    """The state of a turn, the adapter's calls, and when to stop."""

    claim: Claim
    connection: Connection
    jobs: list[Job]
    workers: int
    started: float = field(default_factory=monotonic)
    limit_seconds: float = 0.0
    batch_limit: int | None = None
    failures: int = 0
    rest_until: datetime | None = None
    wake_at: datetime | None = None
    progressed: bool = False
    after_token: dict[tuple[int, int], int] = field(default_factory=dict)
    batch_seconds_limit: int | None = None
    _adapter: Adapter[Any] | None = None
    _calls: ThreadPoolExecutor | None = None
    _calls_counted: int = 0
    _checked: float = 0.0
    _should_yield: bool = False

    @property
    def adapter(self) -> Adapter[Any]:
        """The adapter, opened on first use."""
        if self._adapter is None:
            self._adapter = open_adapter(self.connection)
        return self._adapter

    @property
    def retry(self) -> RetryPolicy:
        """The platform's policy for attempts and delays."""
        return adapter_for(self.connection.platform).retry

    @property
    def calls(self) -> ThreadPoolExecutor:
        """A background thread for calls, so that this thread can work on the database at the same time. There is one
        call at a time, so the adapter needs no lock."""
        if self._calls is None:
            self._calls = ThreadPoolExecutor(1, thread_name_prefix="call")
        return self._calls

    def close(self) -> None:
        if self._calls is not None:
            self._calls.submit(connections.close_all)
            self._calls.shutdown()
        if self._adapter is not None:
            self._adapter.http.close()

    def reader(self, job: Job, isolation: Isolation) -> Reader:
        return Reader(self.adapter, DataType(job.data_type), isolation)

    def target(self, job: Job) -> Target[Any, Any, Any]:
        return self.adapter.target(DataType(job.data_type))

    def wait_for(self, call: Future[Any], batch: Sequence[int]) -> None:
        """Wait for a call in flight, and extend the lease as long as it makes progress.

        A `send` may make many requests, each with its own deadline. Raises LeaseLost, after the current request has
        ended, if another worker has claimed the lane.
        """
        seen = self.adapter.http.calls
        while not wait([call], timeout=settings.LEASE_SECONDS / 4).done:
            if self.adapter.http.calls == seen:
                continue
            seen = self.adapter.http.calls
            try:
                self.renew(batch)
            except LeaseLost:
                self.adapter.http.abort("Another worker has taken over.")
                raise

    def limit_batch(self, items: int, seconds: float) -> None:
        """Set the size of the next batches by how long one took, so that urgent work never waits long for a call."""
        self.batch_seconds_limit = max(1, int(items * MAX_BATCH_SECONDS / max(seconds, 0.001)))

    def pop_call_count(self) -> int:
        """The number of API calls since the last time this was called (B10)."""
        if self._adapter is None:
            return 0
        before, self._calls_counted = self._calls_counted, self._adapter.http.calls
        return self._calls_counted - before

    def renew(self, batch: Sequence[int] | None = None) -> None:
        """Extend the lease, naming the changes about to be sent."""
        lanes.renew(claim=self.claim, batch=batch or (), progressed=self.progressed)

    def should_stop(self) -> bool:
        """Whether to stop at this batch boundary. Asks the database at most twice a second."""
        now = monotonic()
        if stopping.is_set() or self.rest_until or now - self.started > (self.limit_seconds or settings.SEND_SECONDS):
            return True
        if now - self.started < settings.TURN_SECONDS or now - self._checked < CHECK_INTERVAL_SECONDS:
            return self._should_yield
        self._checked = now
        lanes.sweep()
        workers.record_heartbeat(name=worker_name(), now=clock.now())
        self._should_yield = (
            lanes.has_waiting_work(workers=self.workers, yielding_claim=self.claim) or self._settings_changed()
        )
        return self._should_yield

    def _settings_changed(self) -> bool:
        """Whether a person has paused or changed something since the claim; the next turn uses the new settings."""
        still_valid = Lane.objects.filter(
            ~Q(connection__seller__status=Seller.Status.DELETED),
            pk=self.claim.lane_id,
            paused=False,
            connection__read_only=self.connection.read_only,
        ).exists()
        served = [job.pk for job in self.jobs if not job.paused]
        return not still_valid or Job.objects.filter(Q(paused=True) | Q(enabled=False), pk__in=served).exists()

    def wake_no_later_than(self, timestamp: datetime | None) -> None:
        if timestamp is not None:
            self.wake_at = min(self.wake_at or timestamp, timestamp)

    def record_failure(self, error: TryAgainLater, now: datetime, job: Job) -> None:
        """Open the breaker after a failed call: pause the lane, then test with one item."""
        if not error.sent and error.not_before:
            # The rate budget is used up: not a failure, but nothing can be sent until then.
            self.rest_until = at_most_a_day_ahead(error.not_before, now=now)
            self._log_wait(job, f"{error}", now)
            return
        self.failures += 1
        self.batch_limit = 1
        self.rest_until = self.retry.pause_until(failures=self.failures, now=now, not_before=error.not_before)
        self._log_wait(job, f"{error} Failure {self.failures} in a row; next, one item is sent as a test.", now)
        logger.warning(
            "%s: %s Breaker open until %s.",
            self.connection.slug,
            error,
            self.rest_until.isoformat(timespec="seconds"),
        )

    def _log_wait(self, job: Job, reason: str, now: datetime) -> None:
        seconds = max(0.0, ((self.rest_until or now) - now).total_seconds())
        text = f"Waiting {seconds:.1f} s: {reason}"
        working_states = (Run.State.PREPARING, Run.State.PREPARED, Run.State.SENDING)
        with lanes.fenced(self.claim):
            for run_id in (
                Run.objects.filter(job=job, state__in=working_states).order_by("pk").values_list("pk", flat=True)
            ):
                runlog.log_repeated(run_id=run_id, event=runlog.RepeatedEvent.WAIT, texts=[text], now=now)

    def record_success(self) -> None:
        """Close the breaker after a successful call, and let batches grow again."""
        self.failures = 0
        self.progressed = True
        if self.batch_limit is not None:
            self.batch_limit = self.batch_limit * 2 if self.batch_limit < 1000 else None


def claim_turn() -> Turn | None:
    """Claim the next lane; None if none is due."""
    now = clock.now()
    alive = workers.count_alive(now=now)
    claim = lanes.claim(holder=f"{worker_name()}:{monotonic():.6f}", workers=alive)
    if claim is None:
        return None
    connection = Connection.objects.select_related("seller").get(pk=claim.connection_id)
    # Nothing is done for a deleted seller (L13): its changes stay in the queue in case it is restored.
    jobs = list(
        Job.objects.filter(lane_ids__contains=[claim.lane_id], connection=connection, enabled=True, paused=False)
        .exclude(connection__seller__status=Seller.Status.DELETED)
        .select_related("connection__seller", "state")
        .order_by("pk")
    )
    return Turn(
        claim=claim,
        connection=connection,
        jobs=jobs,
        workers=alive,
        batch_limit=claim.batch_limit,
        failures=claim.failures,
    )


def release_turn(turn: Turn, *, more: bool) -> None:
    lanes.release(
        claim=turn.claim,
        more=more,
        wake_at=turn.wake_at,
        batch_limit=turn.batch_limit,
        failures=turn.failures,
        rest_until=turn.rest_until,
    )
