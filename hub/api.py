"""REST API: list, read and cancel runs."""

from collections.abc import Iterable
from datetime import datetime
from itertools import chain
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from ninja import Field, Path, Query, Router, Schema

from accounts.auth import ApiKeyAuth, ApiRequest, is_installation_key, require_write_access, sellers_for
from accounts.models import ApiKey
from common.rest import MAX_ID, ApiError, Page, Paging, page_of
from hub.kinds import DataType, Direction
from hub.models import Connection, Job, Run, RunLogLine
from hub.services import cancel_run

router = Router(tags=["runs"])
LOG_TAIL = 200


class RunOut(Schema):
    """A run, as shown in the sync history."""

    id: int
    connection: str
    direction: Direction
    data_type: DataType
    scope: Run.Scope
    trigger: Run.Trigger
    state: Run.State
    state_text: str = Field(description="The state as shown on pages.")
    reason: str
    total: int | None
    remaining: int | None
    api_calls: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @staticmethod
    def resolve_connection(run: Run) -> str:
        return run.job.connection.slug

    @staticmethod
    def resolve_direction(run: Run) -> str:
        return run.job.direction

    @staticmethod
    def resolve_data_type(run: Run) -> str:
        return run.job.data_type

    @staticmethod
    def resolve_state_text(run: Run) -> str:
        return run.get_state_display()


class CounterOut(Schema):
    """Number of items per outcome for one kind of item."""

    kind: str
    read: int
    created: int
    updated: int
    disabled: int
    removed: int
    unchanged: int
    skipped: int
    failed: int


class LogLineOut(Schema):
    """A line of the run log."""

    id: int
    at: datetime
    level: RunLogLine.Level
    text: str


class RunDetail(RunOut):
    """A run with its counters and the last lines of its log, oldest first."""

    counters: list[CounterOut]
    log: list[LogLineOut]

    @staticmethod
    def resolve_log(run: Run) -> Iterable[RunLogLine]:
        return reversed(run.log.order_by("-id")[:LOG_TAIL])


class RunFilter(Schema):
    connection: str | None = None
    data_type: DataType | None = None
    state: Run.State | None = None


def connections_for(key: ApiKey) -> QuerySet[Connection]:
    """The connections that a key can access. Those without a seller need a key for the whole installation."""
    reached = Q(seller__in=sellers_for(key))
    if is_installation_key(key):
        reached |= Q(seller=None)
    return Connection.objects.filter(reached)


def _find_run(key: ApiKey, run_id: int) -> Run:
    run = (
        Run.objects.select_related("job__connection__seller")
        .filter(pk=run_id, job__connection__in=connections_for(key))
        .first()
    )
    if run is None:
        raise ApiError(404, "Run not found, or this API key can't access it.")
    return run


@router.get("/runs", auth=ApiKeyAuth("sync:read"), response=Page[RunOut], summary="List runs")
def list_runs(request: ApiRequest, filters: Query[RunFilter], paging: Query[Paging]) -> dict[str, Any]:
    """List the runs of all jobs that the key can access, newest first."""
    jobs = Job.objects.filter(connection__in=connections_for(request.auth))
    if filters.connection:
        jobs = jobs.filter(connection__slug=filters.connection)
    if filters.data_type:
        jobs = jobs.filter(data_type=filters.data_type)
    # Reads the latest runs of each job by index and takes the newest of them: scanning all runs would be slow for a
    # seller with few runs among sellers with many.
    own_runs = Run.objects.filter(job=OuterRef("pk")).order_by("-id")
    if filters.state:
        own_runs = own_runs.filter(state=filters.state)
    if paging.before:
        own_runs = own_runs.filter(id__lt=paging.before)
    newest = jobs.order_by().values_list(ArraySubquery(own_runs.values("pk")[: paging.limit + 1]), flat=True)
    ids = sorted(chain.from_iterable(newest), reverse=True)[: paging.limit + 1]
    runs = Run.objects.filter(pk__in=ids).select_related("job__connection").order_by("-id")
    return page_of(runs, limit=paging.limit)


@router.get("/runs/{run_id}", auth=ApiKeyAuth("sync:read"), response=RunDetail, summary="Get a run")
def get_run(request: ApiRequest, run_id: int = Path(..., ge=1, le=MAX_ID)) -> Run:
    """Get a run with its state, counters and the last 200 lines of its log."""
    return _find_run(request.auth, run_id)


@router.post("/runs/{run_id}/cancel", auth=ApiKeyAuth("sync:trigger"), response=RunOut, summary="Cancel a run")
def cancel(request: ApiRequest, run_id: int = Path(..., ge=1, le=MAX_ID)) -> Run:
    """Cancel a run. Items already sent are not reverted. Responds 409 if the run has finished."""
    run = _find_run(request.auth, run_id)
    require_write_access(request.auth, run.job.connection.seller)
    if not cancel_run(run=run, by=request.auth.user):
        raise ApiError(409, "This run has already finished.")
    return run
