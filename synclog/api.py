"""REST API: sync logs, which platforms write and read, and open issues (D7, D16–D18, D22).

Docstrings of operations and schemas are published at /api/docs.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from django.db.models import QuerySet
from ninja import Field, Path, Query, Router, Schema, Status
from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    HttpUrl,
    StrictBool,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from accounts.auth import ApiKeyAuth, ApiRequest, require_write_access, seller_for, sellers_for
from accounts.models import Seller
from common.rest import ApiError, Page, Paging, page_of
from common.storable import Line, Text
from hub import clock
from hub.kinds import DataType
from synclog.models import Issue, SyncLog
from synclog.reporting import TIMESTAMPS, delete_logs, record_full_sync, record_partial_sync
from synclog.services import IssueDraft

router = Router()
MAX_ERRORS = 5000
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def _validate_plausible_time(value: datetime) -> datetime:
    if not EARLIEST <= value <= clock.now() + timedelta(days=1):
        raise ValueError("Enter a time between 2000 and now.")
    return value


def _validate_url(value: str) -> str:
    HttpUrl(value)
    return value


ExternalId = Annotated[Line, StringConstraints(min_length=1, max_length=200)]
Timestamp = Annotated[AwareDatetime, AfterValidator(_validate_plausible_time)]
"""A time with a UTC offset, for example 2026-05-04T03:02:01Z."""


class StrictSchema(Schema):
    """A schema that rejects unknown fields, so that a typo can't clear a timestamp."""

    model_config = ConfigDict(extra="forbid")


class ErrorIn(StrictSchema):
    """A problem with one item that a user can fix."""

    external_id: ExternalId = Field(
        description="ID of the item, unique in the log. SyncCenter adds the kind, for example `variant:5`."
    )
    message: Annotated[Text, StringConstraints(min_length=1, max_length=10_000)]
    how_to_fix: Annotated[Text, StringConstraints(max_length=2000)] = Field("", description="How to fix the problem.")
    mend: Annotated[Text, StringConstraints(max_length=2000)] = Field(
        "", description="Deprecated. Use `how_to_fix`.", json_schema_extra={"deprecated": True}
    )
    title: Annotated[Line, StringConstraints(max_length=300)] = Field("", description="The name of the item.")
    code: Annotated[Line, StringConstraints(max_length=60)] = ""
    severity: Issue.Severity = Issue.Severity.ERROR
    link: Annotated[Line, StringConstraints(max_length=1000), AfterValidator(_validate_url)] | None = Field(
        None,
        description="Where to fix it, for example the item's page in the shop.",
        json_schema_extra={"format": "uri"},
    )

    def draft(self) -> IssueDraft:
        """The issue to open for this error."""
        fields = self.model_dump(exclude={"link", "how_to_fix", "mend"})
        return IssueDraft(**fields, fix=self.how_to_fix or self.mend, link=self.link or "")

    @field_validator("mend")
    @classmethod
    def _reject_both_names(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("how_to_fix"):
            raise ValueError("Deprecated name of how_to_fix. Send only how_to_fix.")
        return value


class ErrorList(StrictSchema):
    """A list of errors, at most one per item."""

    errors: list[ErrorIn] = Field([], max_length=MAX_ERRORS)

    @field_validator("errors")
    @classmethod
    def _reject_duplicates(cls, errors: list[ErrorIn]) -> list[ErrorIn]:
        duplicates = [ref for ref, times in Counter(error.external_id for error in errors).items() if times > 1]
        if duplicates:
            raise ValueError(
                f"{', '.join(duplicates[:5])} listed more than once. Merge all problems of an item into one."
            )
        return errors


class FullSyncIn(ErrorList):
    """The complete log. It replaces the previous one."""

    started_full_sync: Timestamp | None = None
    last_full_sync: Timestamp | None = None
    last_full_sync_succeeded: StrictBool | None = None


class PartialSyncIn(ErrorList):
    """An update of the log."""

    started_full_sync: Timestamp | None = None
    last_full_sync: Timestamp | None = None
    last_full_sync_succeeded: StrictBool | None = None
    resolved: list[ExternalId] = Field(
        [], max_length=MAX_ERRORS, description="`external_id` of items that were synced. Their errors are resolved."
    )

    @field_validator("resolved")
    @classmethod
    def _reject_overlap(cls, resolved: list[str], info: ValidationInfo) -> list[str]:
        both = sorted({error.external_id for error in info.data.get("errors", [])} & set(resolved))
        if both:
            raise ValueError(f"{', '.join(both[:5])} also listed in errors. List each item only once.")
        return resolved


class LogOut(Schema):
    """A sync log without its errors."""

    integration: str
    data_type: DataType
    started_full_sync: datetime | None
    last_full_sync: datetime | None
    last_full_sync_succeeded: bool | None
    last_update: datetime | None
    error_count: int

    @staticmethod
    def resolve_error_count(log: SyncLog) -> int:
        return log.issues.filter(resolved_at=None).count()


class ErrorOut(Schema):
    """An open error of a sync log."""

    external_id: str
    message: str
    how_to_fix: str
    mend: str = Field(description="Deprecated. Use `how_to_fix`.", json_schema_extra={"deprecated": True})
    title: str
    code: str
    severity: Issue.Severity
    link: str
    occurrences: int
    opened_at: datetime
    seen_at: datetime

    @staticmethod
    def resolve_how_to_fix(issue: Issue) -> str:
        return issue.fix

    @staticmethod
    def resolve_mend(issue: Issue) -> str:
        return issue.fix


class IssueOut(ErrorOut):
    """An open issue."""

    id: int
    seller: str
    integration: str
    data_type: DataType

    @staticmethod
    def resolve_seller(issue: Issue) -> str:
        return issue.seller.slug

    @staticmethod
    def resolve_integration(issue: Issue) -> str:
        return issue.sync_log.integration

    @staticmethod
    def resolve_data_type(issue: Issue) -> str:
        return issue.sync_log.data_type


class IssueFilter(Schema):
    integration: Line | None = None
    data_type: DataType | None = None
    severity: Issue.Severity | None = None


class LogPath(Schema):
    """A sync log: the slug of a connection or the name that a platform reports under, and a data type."""

    integration: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,80}$")]
    data_type: DataType


@router.put(
    "/sync-log/{integration}/{data_type}",
    auth=ApiKeyAuth("synclog:write"),
    response=LogOut,
    tags=["sync log"],
    summary="Record a full sync",
)
def put_log(request: ApiRequest, path: Path[LogPath], report: FullSyncIn, seller: Line | None = None) -> SyncLog:
    """Record a full sync. Missing timestamps are cleared and all previous errors are replaced."""
    return record_full_sync(
        seller=_writable_seller(request, seller),
        **path.dict(),
        timestamps=report.model_dump(include=set(TIMESTAMPS)),
        errors=[error.draft() for error in report.errors],
        now=clock.now(),
    )


@router.patch(
    "/sync-log/{integration}/{data_type}",
    auth=ApiKeyAuth("synclog:write"),
    response=LogOut,
    tags=["sync log"],
    summary="Record an incremental sync",
)
def patch_log(request: ApiRequest, path: Path[LogPath], report: PartialSyncIn, seller: Line | None = None) -> SyncLog:
    """Record an incremental sync. Previous errors are kept unless they are replaced or resolved; new ones are added."""
    return record_partial_sync(
        seller=_writable_seller(request, seller),
        **path.dict(),
        timestamps=report.model_dump(include=set(TIMESTAMPS), exclude_unset=True),
        errors=[error.draft() for error in report.errors],
        resolved=report.resolved,
        now=clock.now(),
    )


@router.get(
    "/sync-log/{integration}/{data_type}",
    auth=ApiKeyAuth("sync:read"),
    response=LogOut,
    tags=["sync log"],
    summary="Get a log",
)
def get_log(request: ApiRequest, path: Path[LogPath], seller: Line | None = None) -> SyncLog:
    """Get the timestamps and the number of open errors. Responds 404 until a full sync has been recorded."""
    return _find_log(request, path, seller)


@router.get(
    "/sync-log/{integration}/{data_type}/errors",
    auth=ApiKeyAuth("sync:read"),
    response=Page[ErrorOut],
    tags=["sync log"],
    summary="List open errors",
)
def get_errors(
    request: ApiRequest, path: Path[LogPath], paging: Query[Paging], seller: Line | None = None
) -> dict[str, Any]:
    """List the open errors of a log. Responds 404 until a full sync has been recorded."""
    log = _find_log(request, path, seller)
    return _newest_first_page(log.issues.filter(resolved_at=None), paging)


@router.delete(
    "/sync-log/{integration}/{data_type}",
    auth=ApiKeyAuth("synclog:write"),
    response={204: None},
    tags=["sync log"],
    summary="Delete a log",
)
def delete_log(request: ApiRequest, path: Path[LogPath], seller: Line | None = None) -> Status[None]:
    """Delete a log and its errors."""
    delete_logs(seller=_writable_seller(request, seller), by=request.auth.user, **path.dict())
    return Status(204, None)


@router.delete(
    "/sync-log",
    auth=ApiKeyAuth("synclog:write"),
    response={204: None},
    tags=["sync log"],
    summary="Delete all logs of a seller",
)
def delete_all_logs(request: ApiRequest, seller: Line | None = None) -> Status[None]:
    """Delete all sync logs of the seller, for all integrations and data types."""
    delete_logs(seller=_writable_seller(request, seller), by=request.auth.user)
    return Status(204, None)


@router.get(
    "/issues", auth=ApiKeyAuth("sync:read"), response=Page[IssueOut], tags=["issues"], summary="List open issues"
)
def list_issues(request: ApiRequest, filters: Query[IssueFilter], paging: Query[Paging]) -> dict[str, Any]:
    """List the open issues of all sellers that the key can access, newest first."""
    issues = Issue.objects.filter(seller__in=sellers_for(request.auth), resolved_at=None)
    if filters.integration:
        issues = issues.filter(sync_log__integration=filters.integration)
    if filters.data_type:
        issues = issues.filter(sync_log__data_type=filters.data_type)
    if filters.severity:
        issues = issues.filter(severity=filters.severity)
    return _newest_first_page(issues.select_related("seller", "sync_log"), paging)


def _writable_seller(request: ApiRequest, slug: str | None) -> Seller:
    seller = seller_for(request.auth, slug)
    require_write_access(request.auth, seller)
    return seller


def _find_log(request: ApiRequest, path: LogPath, seller: str | None) -> SyncLog:
    log = (
        SyncLog.objects.filter(seller=seller_for(request.auth, seller), **path.dict())
        .exclude(started_full_sync=None, last_full_sync=None)
        .first()
    )
    if log is None:
        raise ApiError(404, "No full sync has been recorded for this log yet. Send one with PUT first.")
    return log


def _newest_first_page(issues: QuerySet[Issue], paging: Paging) -> dict[str, Any]:
    if paging.before:
        issues = issues.filter(id__lt=paging.before)
    return page_of(issues.order_by("-id")[: paging.limit + 1], limit=paging.limit)
