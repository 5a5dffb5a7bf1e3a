"""What a target that keeps a sync log of its own has to hear of ours (D16–D21).

Rows say what is untold, so nothing is forgotten if whoever tells it dies. They are marked in the transaction that wrote
the outcome, and told later, thousands at a time (connectors.engine.telling).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection as database
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from accounts.models import Seller
from hub.models import Connection, PlatformSwitch
from synclog.models import Issue, RemoteLog, SyncLog, Untold

# As many errors and resolved ids as SparkLayer takes at once.
MOST = 5000


@dataclass(slots=True)
class Report:
    """What is to be told next. With `started` the target's log begins anew, and nothing else is told; `ended` is then
    the end of the last full sync before it."""

    started: datetime | None = None
    ended: datetime | None = None
    errors: list[Issue] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)
    rows: list[tuple[int, int]] = field(default_factory=list)


def mark(*, log: SyncLog, external_ids: Collection[str]) -> None:
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


def mark_issues(*, issue_ids: Sequence[int]) -> None:
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


def take(*, kept: Mapping[str, Collection[str]], now: datetime, until: datetime) -> RemoteLog | None:
    """The log that waits longest to be told, which is then left alone `until` that time. None if none waits.

    `kept`: platform → the data types of which its targets keep a log.
    """
    told = Q()
    for platform, data_types in kept.items():
        told |= Q(connection__platform=platform, data_type__in=data_types)
    if not told:
        return None
    new = SyncLog.objects.filter(told, remote=None).values_list("pk", flat=True)
    RemoteLog.objects.bulk_create([RemoteLog(sync_log_id=pk, look_at=now) for pk in new], ignore_conflicts=True)
    begun = Q(sync_log__started_full_sync__isnull=False)
    start = Q(started_told=None) | ~Q(started_told=F("sync_log__started_full_sync"))
    end = Q(sync_log__last_full_sync__isnull=False) & (
        Q(ended_told=None) | ~Q(ended_told=F("sync_log__last_full_sync"))
    )
    with transaction.atomic():
        remote = (
            RemoteLog.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("sync_log__connection__seller")
            .filter(begun, look_at__lte=now, sync_log__connection__paused_at=None)
            .filter(sync_log__connection__read_only=False)
            .filter(start | end | Exists(Untold.objects.filter(sync_log=OuterRef("pk"))))
            .exclude(sync_log__connection__state=Connection.State.UNINSTALLED)
            .exclude(sync_log__connection__seller__status=Seller.Status.DELETED)
            .exclude(sync_log__connection__platform__in=PlatformSwitch.objects.values("platform"))
            .order_by("look_at")
            .first()
        )
        if remote is not None:
            remote.epoch += 1
            remote.look_at = until
            remote.save(update_fields=["epoch", "look_at"])
        return remote


def report(remote: RemoteLog) -> Report:
    """What is to be told next: the start of a full sync, else what is untold, and its end with the last of that (D19).

    The timestamps are read before the rows: whatever belongs to an ended sync was committed with its end or before.
    """
    log = SyncLog.objects.get(pk=remote.pk)
    started, ended = log.started_full_sync, log.last_full_sync
    if started != remote.started_told:
        before = started is not None and ended is not None and ended < started
        return Report(started=started, ended=ended if before else remote.ended_told)
    rows = list(Untold.objects.filter(sync_log=log).order_by("id").values_list("id", "version", "external_id")[:MOST])
    refs = [ref for _, _, ref in rows]
    errors = list(Issue.objects.filter(sync_log=log, external_id__in=refs, resolved_at=None).order_by("external_id"))
    wrong = {issue.external_id for issue in errors}
    return Report(
        ended=ended if ended != remote.ended_told and len(rows) < MOST else None,
        errors=errors,
        resolved=[ref for ref in refs if ref not in wrong],
        rows=[(pk, version) for pk, version, _ in rows],
    )


@transaction.atomic
def told(remote: RemoteLog, report: Report, *, now: datetime) -> None:
    """The target has heard it. If another took over meanwhile, nobody knows which of both it heard last: all anew."""
    held = RemoteLog.objects.select_for_update().filter(pk=remote.pk, epoch=remote.epoch).first()
    if held is None:
        tell_anew(remote, now=now)
        return
    if report.started is not None:
        held.started_told, held.ended_told = report.started, report.ended
    elif report.ended is not None:
        held.ended_told = report.ended
    held.failures, held.reason, held.look_at = 0, "", now
    held.save(update_fields=["started_told", "ended_told", "failures", "reason", "look_at"])
    if report.rows:
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
                [list(column) for column in zip(*report.rows, strict=True)],
            )


@transaction.atomic
def tell_anew(remote: RemoteLog, *, now: datetime) -> None:
    """The target has another log than we think, or none: it begins anew, with what is open."""
    RemoteLog.objects.filter(pk=remote.pk).update(started_told=None, ended_told=None, look_at=now)
    mark_issues(issue_ids=list(Issue.objects.filter(sync_log=remote.pk, resolved_at=None).values_list("pk", flat=True)))


def put_off(remote: RemoteLog, *, reason: str, again_at: datetime) -> None:
    """It could not be told; what is untold stays."""
    RemoteLog.objects.filter(pk=remote.pk, epoch=remote.epoch).update(
        look_at=again_at, reason=reason, failures=F("failures") + 1
    )
