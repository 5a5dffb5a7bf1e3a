"""What a target that keeps a sync log of its own has to hear of ours (D16–D21).

Rows say what is untold, so nothing is forgotten if whoever tells it dies. They are marked in the transaction that wrote
the outcome, and told later, thousands at a time (connectors.engine.sync_log_push).
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

# As many errors and resolved ids as SparkLayer takes at once.
MAX_ENTRIES = 5000


@dataclass(slots=True)
class LogUpdate:
    """What is to be told next. With `started` the target's log begins anew, and nothing else is told; `finished_at` is
    then the end of the last full sync before it."""

    started: datetime | None = None
    finished_at: datetime | None = None
    errors: list[Issue] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)
    rows: list[tuple[int, int]] = field(default_factory=list)


def mark_pending(*, log: SyncLog, external_ids: Collection[str]) -> None:
    """The target has to hear how these stand. In one order, so that two who mark do not wait for each other."""
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
    """The same for issues that a person settled, where their log is told to anybody."""
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
    """The log that waits longest to be told, which is then left alone `until` that time. None if none waits.

    `supported`: platform → the data types of which its targets keep a log.
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
    """What is to be told next: the start of a full sync, else what is untold, and its end with the last of that (D19).

    The timestamps are read before the rows: whatever belongs to an ended sync was committed with its end or before.
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
    wrong = {issue.external_id for issue in errors}
    return LogUpdate(
        finished_at=finished_at if finished_at != remote.delivered_end and len(rows) < MAX_ENTRIES else None,
        errors=errors,
        resolved=[ref for ref in refs if ref not in wrong],
        rows=[(pk, version) for pk, version, _ in rows],
    )


@transaction.atomic
def mark_delivered(remote: RemoteLog, update: LogUpdate, *, now: datetime) -> None:
    """The target has heard it. If another took over meanwhile, nobody knows which of both it heard last: all anew."""
    held = RemoteLog.objects.select_for_update().filter(pk=remote.pk, epoch=remote.epoch).first()
    if held is None:
        reset(remote, now=now)
        return
    if update.started is not None:
        held.delivered_start, held.delivered_end = update.started, update.finished_at
    elif update.finished_at is not None:
        held.delivered_end = update.finished_at
    held.failures, held.reason, held.next_attempt_at = 0, "", now
    held.save(update_fields=["delivered_start", "delivered_end", "failures", "reason", "next_attempt_at"])
    if update.rows:
        with database.cursor() as cursor:
            # A row that is locked is being marked again.
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
    """The target has another log than we think, or none: it begins anew, with what is open."""
    RemoteLog.objects.filter(pk=remote.pk).update(delivered_start=None, delivered_end=None, next_attempt_at=now)
    mark_issues_pending(
        issue_ids=list(Issue.objects.filter(sync_log=remote.pk, resolved_at=None).values_list("pk", flat=True))
    )


def reschedule(remote: RemoteLog, *, reason: str, retry_at: datetime) -> None:
    """It could not be told; what is untold stays."""
    RemoteLog.objects.filter(pk=remote.pk, epoch=remote.epoch).update(
        next_attempt_at=retry_at, reason=reason, failures=F("failures") + 1
    )
