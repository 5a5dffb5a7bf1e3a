"""Replicates sync logs to targets that keep their own log, such as SparkLayer (D16–D21).

Entries to push are stored as rows in the transaction that wrote the outcome, so none is lost if a worker crashes. They
are pushed later in large batches (connectors.engine.sync_log_push).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection as database
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from accounts.models import Seller
from hub.models import Connection, PlatformSwitch
from synclog.models import Issue, PendingLogEntry, RemoteLog, SyncLog

# SparkLayer's limit for errors and resolved IDs per request.
MAX_ENTRIES = 5000


@dataclass(slots=True)
class LogUpdate:
    """The next update to push to a target's log.

    If `started` is set, the update only resets the log, and `finished_at` is the end of the previous full sync. `rows`
    holds the (ID, version) pairs of the pending entries.
    """

    started: datetime | None = None
    finished_at: datetime | None = None
    errors: list[Issue] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)
    rows: list[tuple[int, int]] = field(default_factory=list)


def mark_pending(*, log: SyncLog, external_ids: Collection[str]) -> None:
    """Mark items whose current state must be pushed. Inserted in sorted order, to avoid deadlocks."""
    if not external_ids:
        return
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO synclog_untold AS untold (sync_log_id, external_id, version)
            SELECT %s, ref, 0 FROM unnest(%s::text[]) AS ref
            ON CONFLICT (sync_log_id, external_id) DO UPDATE SET version = untold.version + 1
            """,
            [log.pk, sorted({each[:200] for each in external_ids})],
        )


def mark_issues_pending(*, issue_ids: Sequence[int]) -> None:
    """Mark the items of these issues as pending, if their log is replicated."""
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO synclog_untold AS untold (sync_log_id, external_id, version)
            SELECT DISTINCT sync_log_id, external_id, 0 FROM synclog_issue
            JOIN synclog_remotelog USING (sync_log_id) WHERE synclog_issue.id = ANY(%s) ORDER BY 1, 2
            ON CONFLICT (sync_log_id, external_id) DO UPDATE SET version = untold.version + 1
            """,
            [list(issue_ids)],
        )


def claim_next_log(*, supported: Mapping[str, Collection[str]], now: datetime, until: datetime) -> RemoteLog | None:
    """Claim the log that has waited longest for a push. Nobody else claims it before `until`. None if none is waiting.

    `supported`: platform → data types for which its targets keep a log.
    """
    has_remote_log = Q()
    for platform, data_types in supported.items():
        has_remote_log |= Q(connection__platform=platform, data_type__in=data_types)
    if not has_remote_log:
        return None
    new = SyncLog.objects.filter(has_remote_log, remote=None).values_list("pk", flat=True)
    RemoteLog.objects.bulk_create([RemoteLog(sync_log_id=pk, next_attempt_at=now) for pk in new], ignore_conflicts=True)
    has_started = Q(sync_log__started_full_sync__isnull=False)
    start = Q(delivered_start=None) | ~Q(delivered_start=F("sync_log__started_full_sync"))
    end = Q(sync_log__last_full_sync__isnull=False) & (
        Q(delivered_end=None) | ~Q(delivered_end=F("sync_log__last_full_sync"))
    )
    with transaction.atomic():
        remote = (
            RemoteLog.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("sync_log__connection__seller")
            .filter(has_started, next_attempt_at__lte=now, sync_log__connection__paused_at=None)
            .filter(sync_log__connection__read_only=False)
            .filter(start | end | Exists(PendingLogEntry.objects.filter(sync_log=OuterRef("pk"))))
            .exclude(sync_log__connection__state=Connection.State.UNINSTALLED)
            .exclude(sync_log__connection__seller__status=Seller.Status.DELETED)
            .exclude(sync_log__connection__platform__in=PlatformSwitch.objects.values("platform"))
            .order_by("next_attempt_at")
            .first()
        )
        if remote is not None:
            remote.epoch += 1
            remote.next_attempt_at = until
            remote.save(update_fields=["epoch", "next_attempt_at"])
        return remote


def build_update(remote: RemoteLog) -> LogUpdate:
    """The next update: the start of a full sync, else pending entries; the last of them include its end (D19).

    Timestamps are read before the rows, because entries of a finished sync were committed with its end or earlier.
    """
    log = SyncLog.objects.get(pk=remote.pk)
    started, finished_at = log.started_full_sync, log.last_full_sync
    if started != remote.delivered_start:
        before = started is not None and finished_at is not None and finished_at < started
        return LogUpdate(started=started, finished_at=finished_at if before else remote.delivered_end)
    rows = list(
        PendingLogEntry.objects.filter(sync_log=log)
        .order_by("id")
        .values_list("id", "version", "external_id")[:MAX_ENTRIES]
    )
    refs = [ref for _, _, ref in rows]
    errors = list(Issue.objects.filter(sync_log=log, external_id__in=refs, resolved_at=None).order_by("external_id"))
    with_errors = {issue.external_id for issue in errors}
    return LogUpdate(
        finished_at=finished_at if finished_at != remote.delivered_end and len(rows) < MAX_ENTRIES else None,
        errors=errors,
        resolved=[ref for ref in refs if ref not in with_errors],
        rows=[(pk, version) for pk, version, _ in rows],
    )


@transaction.atomic
def mark_delivered(remote: RemoteLog, update: LogUpdate, *, now: datetime) -> None:
    """Record a successful push. If another worker took over meanwhile, the order is unknown, so start over."""
    locked = RemoteLog.objects.select_for_update().filter(pk=remote.pk, epoch=remote.epoch).first()
    if locked is None:
        reset(remote, now=now)
        return
    if update.started is not None:
        locked.delivered_start, locked.delivered_end = update.started, update.finished_at
    elif update.finished_at is not None:
        locked.delivered_end = update.finished_at
    locked.failures, locked.reason, locked.next_attempt_at = 0, "", now
    locked.save(update_fields=["delivered_start", "delivered_end", "failures", "reason", "next_attempt_at"])
    if update.rows:
        with database.cursor() as cursor:
            # Skip locked rows: they are being marked again.
            cursor.execute(
                """
                DELETE FROM synclog_untold WHERE id IN (
                    SELECT untold.id FROM synclog_untold AS untold
                    JOIN unnest(%s::bigint[], %s::bigint[]) AS seen (id, version) USING (id, version)
                    FOR UPDATE OF untold SKIP LOCKED
                )
                """,
                [list(column) for column in zip(*update.rows, strict=True)],
            )


@transaction.atomic
def reset(remote: RemoteLog, *, now: datetime) -> None:
    """Replicate the log from scratch, with all open issues, because the target's log is missing or different."""
    RemoteLog.objects.filter(pk=remote.pk).update(delivered_start=None, delivered_end=None, next_attempt_at=now)
    mark_issues_pending(
        issue_ids=list(Issue.objects.filter(sync_log=remote.pk, resolved_at=None).values_list("pk", flat=True))
    )


def reschedule(remote: RemoteLog, *, reason: str, retry_at: datetime) -> None:
    """Record a failed push. Pending entries are kept and pushed after `retry_at`."""
    RemoteLog.objects.filter(pk=remote.pk, epoch=remote.epoch).update(
        next_attempt_at=retry_at, reason=reason, failures=F("failures") + 1
    )
