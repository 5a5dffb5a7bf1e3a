"""Writes sync results of items in bulk, and lets users resolve and retry issues."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from accounts.services import counted, record_audit_event
from hub import clock
from hub.kinds import Direction, Kind
from hub.models import Job
from hub.records import Problem
from synclog import issue_catalog, remote
from synclog.causes import cause_of
from synclog.models import Issue, ItemEvent, ItemStatus, SyncLog


@dataclass(slots=True)
class IssueDraft:
    """An issue to open, or to see again. `external_id` carries its kind: `variant:5` (D17)."""

    external_id: str
    message: str
    fix: str = ""
    code: str = ""
    kind: str = ""
    item_id: int | None = None
    title: str = ""
    link: str = ""
    severity: Issue.Severity = Issue.Severity.ERROR

    @property
    def as_line(self) -> str:
        """For a run's log."""
        name = f"{self.title} ({self.external_id})" if self.title else self.external_id
        return f"{name}: {' '.join(self.message.split())}"


@dataclass(slots=True)
class ItemOutcome:
    """The outcome of one item in one job. Without an `action` it adds no timeline entry."""

    kind: str
    item_id: int
    state: ItemStatus.State
    action: ItemEvent.Action | None = None
    message: str = ""
    changes: dict[str, list[Any]] = field(default_factory=dict)
    storefront: str = ""


def log_for(*, job: Job, seller_id: int) -> SyncLog:
    """Get or create the sync log for a job's connection and data type and a seller."""
    log, _ = SyncLog.objects.get_or_create(
        seller_id=seller_id,
        integration=job.connection.slug,
        data_type=job.data_type,
        defaults={"connection": job.connection},
    )
    return log


def issue_draft(
    *,
    ref: str,
    problems: Sequence[Problem],
    platform: str,
    source: str,
    kind: str = "",
    item_id: int | None = None,
    title: str = "",
    link: str = "",
) -> IssueDraft:
    """One issue out of all the problems of one item (D17): a line each.

    `platform` is the name of the platform at which the problems were found, `source` that of the one where the item is
    edited; empty: unknown.
    """
    texts = [issue_catalog.render(problem, platform=platform, source=source) for problem in problems]
    return IssueDraft(
        external_id=ref,
        code=problems[0].code,
        message="\n".join(dict.fromkeys(message for message, _ in texts)),
        fix="\n".join(dict.fromkeys(fix for _, fix in texts if fix)),
        severity=Issue.Severity.ERROR if any(problem.fatal for problem in problems) else Issue.Severity.WARNING,
        kind=kind,
        item_id=item_id,
        title=title,
        link=link,
    )


def issue_text(problems: Sequence[Problem], *, platform: str, source: str, with_fix: bool = False) -> str:
    """What is wrong with one item, a line each; with how to fix it if asked for."""
    texts = [issue_catalog.render(problem, platform=platform, source=source) for problem in problems]
    return "\n".join(dict.fromkeys(f"{message} {fix}".strip() if with_fix else message for message, fix in texts))


def record_outcomes(
    *, job: Job, seller_id: int, outcomes: Sequence[ItemOutcome], run_id: int | None, now: datetime
) -> None:
    """Set the sync status of each item and add a timeline entry for those with an `action`.

    A single statement, because it runs for every item that is sent or imported.
    """
    if not outcomes:
        return
    with database.cursor() as cursor:
        cursor.execute(
            """
            WITH outcome AS (
                SELECT * FROM unnest(
                    %(kinds)s::text[], %(items)s::bigint[], %(storefronts)s::text[], %(states)s::text[],
                    %(actions)s::text[], %(messages)s::text[], %(changes)s::jsonb[]
                ) AS outcome (kind, item_id, storefront, state, action, message, changes)
            ), status AS (
                INSERT INTO synclog_itemstatus
                    (seller_id, job_id, kind, item_id, storefront, state, message, at, run_id)
                SELECT %(seller)s, %(job)s, kind, item_id, storefront, state, message, %(now)s, %(run)s FROM outcome
                ORDER BY kind, item_id, storefront
                ON CONFLICT (job_id, kind, item_id, storefront) DO UPDATE SET
                    state = EXCLUDED.state, message = EXCLUDED.message, at = EXCLUDED.at, run_id = EXCLUDED.run_id
            )
            INSERT INTO synclog_itemevent
                (at, seller_id, job_id, run_id, kind, item_id, direction, action, message, changes)
            SELECT %(now)s, %(seller)s, %(job)s, %(run)s, kind, item_id, %(direction)s, action, message, changes
            FROM outcome WHERE action <> ''
            """,
            {
                "seller": seller_id,
                "job": job.pk,
                "run": run_id,
                "now": now,
                "direction": job.direction,
                "kinds": [outcome.kind for outcome in outcomes],
                "items": [outcome.item_id for outcome in outcomes],
                "storefronts": [outcome.storefront for outcome in outcomes],
                "states": [outcome.state for outcome in outcomes],
                "actions": [outcome.action or "" for outcome in outcomes],
                "messages": [outcome.message for outcome in outcomes],
                "changes": [json.dumps(outcome.changes) for outcome in outcomes],
            },
        )


def record_own_changes(
    *,
    seller_id: int,
    job: Job | None,
    kind: Kind,
    changes: Mapping[int, dict[str, list[Any]]],
    message: str,
    now: datetime,
) -> None:
    """Add timeline entries for what changed here without being read again. `changes`: item ID → as in `ItemOutcome`.
    `job` is the import that caused it."""
    ItemEvent.objects.bulk_create(
        ItemEvent(
            at=now,
            seller_id=seller_id,
            job=job,
            kind=kind,
            item_id=item_id,
            direction=Direction.IMPORT,
            action=ItemEvent.Action.UPDATED,
            message=message,
            changes=pairs,
        )
        for item_id, pairs in changes.items()
    )


def upsert_issues(*, log: SyncLog, job: Job | None, drafts: Sequence[IssueDraft], now: datetime) -> None:
    """Open issues or update the open ones. At most one issue per external ID is open."""
    if not drafts:
        return
    unique = {draft.external_id[:200]: draft for draft in drafts}
    rows = [
        (
            ref,
            draft.kind,
            draft.item_id,
            draft.severity,
            draft.code[:60],
            cause_of(code=draft.code[:60], message=draft.message, title=draft.title),
            draft.title[:300],
            draft.message,
            draft.fix,
            draft.link[:1000],
        )
        for ref, draft in sorted(unique.items())
    ]
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO synclog_issue AS issue
                (sync_log_id, seller_id, job_id, occurrences, opened_at, seen_at,
                 external_id, kind, item_id, severity, code, cause, title, message, mend, link)
            SELECT %s, %s, %s, 1, %s, %s, draft.* FROM unnest(
                %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                %s::text[], %s::text[]) AS draft
            ON CONFLICT (sync_log_id, external_id) WHERE resolved_at IS NULL DO UPDATE SET
                job_id = EXCLUDED.job_id, kind = EXCLUDED.kind,
                item_id = COALESCE(EXCLUDED.item_id, issue.item_id), severity = EXCLUDED.severity,
                code = EXCLUDED.code, cause = EXCLUDED.cause, title = EXCLUDED.title, message = EXCLUDED.message,
                mend = EXCLUDED.mend, link = EXCLUDED.link,
                occurrences = issue.occurrences + 1, seen_at = EXCLUDED.seen_at
            """,
            [
                log.pk,
                log.seller_id,
                job.pk if job else None,
                now,
                now,
                *(list(column) for column in zip(*rows, strict=True)),
            ],
        )


def resolve_by_external_ids(
    *, log: SyncLog, external_ids: Collection[str], now: datetime, unseen_since: datetime | None = None
) -> int:
    """Resolve the open issues of items that were synced (D18). Returns how many.

    `unseen_since` leaves out those that were seen at that time or later.
    """
    if not external_ids:
        return 0
    issues = Issue.objects.filter(sync_log=log, external_id__in=external_ids, resolved_at=None)
    if unseen_since is not None:
        issues = issues.filter(seen_at__lt=unseen_since)
    return issues.update(resolved_at=now)


def resolve_unseen(*, log: SyncLog, job: Job, since: datetime, severities: Sequence[str], now: datetime) -> int:
    """Resolve issues of the job that the full sync started at `since` has not seen again (D16). Returns how many."""
    return Issue.objects.filter(
        sync_log=log, job=job, resolved_at=None, seen_at__lt=since, severity__in=severities
    ).update(resolved_at=now)


def clear_stale_pending(*, log: SyncLog, job: Job, since: datetime, now: datetime) -> int:
    """Mark pending items as synced if the full import started at `since` found no conflict (L16). Returns how many."""
    waiting = ItemStatus.objects.filter(seller=log.seller_id, job=job, state=ItemStatus.State.PENDING, at__lt=since)
    return waiting.update(state=ItemStatus.State.SYNCED, message="", at=now)


def record_update(*, log: SyncLog, now: datetime) -> None:
    """Record that an item was synced (D6)."""
    SyncLog.objects.filter(pk=log.pk).update(last_update=now)


def record_full_sync_started(*, log: SyncLog, now: datetime) -> None:
    """Record the start of a full sync, before any of its items (D19)."""
    SyncLog.objects.filter(pk=log.pk).update(started_full_sync=now)


def record_full_sync_finished(*, log: SyncLog, succeeded: bool, now: datetime) -> None:
    """Record the end of a full sync, after all of its items and only by the caller that closed the run (D19, D20)."""
    if succeeded:
        SyncLog.objects.filter(pk=log.pk).update(last_full_sync=now, last_full_sync_succeeded=True)
    else:
        SyncLog.objects.filter(pk=log.pk).update(last_full_sync_succeeded=False)


@transaction.atomic
def resolve_issues(*, issues: QuerySet[Issue], by: User, now: datetime | None = None) -> int:
    """Resolve issues of one seller for a user. Returns how many were open."""
    first = issues.select_related("seller").first()
    if first is None:
        return 0
    ids = list(issues.filter(resolved_at=None).values_list("pk", flat=True))
    still_open = Issue.objects.filter(pk__in=ids, resolved_at=None)
    number = still_open.update(resolved_at=now or clock.now(), resolved_by=by)
    remote.mark_issues_pending(issue_ids=ids)
    record_audit_event(user=by, action="issue.resolve", target=counted(number, "issue"), seller=first.seller)
    return number
