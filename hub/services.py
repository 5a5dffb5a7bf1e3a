"""Commands for users and schedules: jobs, runs, pauses, retries. All are safe to repeat."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Seller, User
from accounts.services import counted, record_audit_event
from hub import budgets, clock, lanes, runlog, runs
from hub.kinds import ITEM_KIND, DataType, Direction
from hub.models import Change, Connection, Job, JobState, Lane, PlatformSwitch, RateBudget, Run, Share
from hub.schedules import InvalidSchedule, next_time


@transaction.atomic
def add_job(
    *,
    connection: Connection,
    direction: Direction,
    data_type: DataType,
    lane: str,
    shards: int = 1,
    full_schedule: str = "",
    partial_schedule: str = "",
    by_size: bool = False,
    comparison_schedule: str = "",
    now: datetime | None = None,
) -> Job:
    """Create a job with its lanes and its state, or return the existing job unchanged."""
    now = now or clock.now()
    job, created = Job.objects.get_or_create(
        connection=connection,
        direction=direction,
        data_type=data_type,
        defaults={
            "item_kind": ITEM_KIND[data_type],
            "full_schedule": full_schedule,
            "partial_schedule": partial_schedule,
            "by_size": by_size,
            "comparison_schedule": comparison_schedule,
        },
    )
    if not created:
        return job
    share, _ = Share.objects.get_or_create(seller=connection.seller)
    job.lane_ids = [
        Lane.objects.get_or_create(connection=connection, name=lane, shard=shard, defaults={"share": share})[0].pk
        for shard in range(shards)
    ]
    job.save(update_fields=["lane_ids"])
    JobState.objects.create(
        job=job,
        next_full_at=next_time(full_schedule, after=now, time_zone=job.time_zone),
        next_partial_at=next_time(partial_schedule, after=now, time_zone=job.time_zone),
        next_comparison_at=next_time(comparison_schedule, after=now, time_zone=job.time_zone),
    )
    # Its platform may be paused.
    _apply_pauses(Connection.objects.filter(pk=connection.pk))
    return job


@transaction.atomic
def start_run(
    *,
    job: Job,
    scope: str = Run.Scope.FULL,
    trigger: str,
    by: User | None = None,
    resend: bool = False,
    after: Run | None = None,
    audited: bool = True,
) -> tuple[Run, bool]:
    """Start a run, or join the open one with the same scope (N7). Returns (run, whether it is new).

    `audited`: whether the audit log gets an entry; not for runs that come along with another.

    ValueError if the connection is uninstalled or its seller is deleted.
    """
    if job.connection.state == Connection.State.UNINSTALLED:
        raise ValueError(_("%(connection)s is uninstalled. Reconnect it first.") % {"connection": job.connection})
    if _seller_is_deleted(job.connection):
        raise ValueError(_("Can't sync %(connection)s: its seller is deleted.") % {"connection": job.connection})
    created = True
    try:
        with transaction.atomic():
            run = Run.objects.create(job=job, scope=scope, trigger=trigger, started_by=by, resend=resend, after=after)
    except IntegrityError:  # hub_run_one_open
        created = False
        found = Run.objects.filter(job=job, scope=scope, state__in=Run.OPEN).first()
        if found is None:  # it was closed between the two statements
            return start_run(job=job, scope=scope, trigger=trigger, by=by, resend=resend, after=after, audited=audited)
        run = found
        if resend:
            # Too late for a run that has started to compare. The caller sees that it was joined.
            Run.objects.filter(pk=run.pk, state=Run.State.QUEUED).update(resend=True)
    if by is not None and audited:
        record_audit_event(
            user=by,
            action="sync.start" if created else "sync.join",
            target=job,
            seller=job.connection.seller,
            run=run.pk,
            resend=resend,
        )
    # Also when joining, in case an earlier wake-up was lost. After commit, so that a caller who starts several runs
    # doesn't keep several shares locked.
    transaction.on_commit(lambda: lanes.wake(lane_ids=job.lane_ids[:1]))
    return run, created


@transaction.atomic
def cancel_run(*, run: Run, by: User | None, now: datetime | None = None) -> bool:
    """Cancel a run. Items already sent are not reverted and changes from events stay queued. False if it was closed."""
    now = now or clock.now()
    reason = _("Canceled by %(user)s.") % {"user": by} if by else _("Canceled.")
    runs.lock(run_ids=[run.pk])
    canceled = Run.objects.filter(pk=run.pk, state__in=Run.OPEN).update(
        state=Run.State.CANCELLED, finished_at=now, reason=reason
    )
    if not canceled:
        return False
    own = Change.objects.filter(run=run).order_by("job_id", "item_id")
    list(own.select_for_update().values_list("pk"))
    # Changes with an attempt stay: the target may have received them, or they wait for a retry.
    own.filter(priority__gt=0, attempts=0, sent_at=None).delete()
    own.update(run=None)
    run.refresh_from_db()
    runlog.write_summary(run=run, now=now)
    runlog.write(run_id=run.pk, text=reason, now=now, level=runlog.Level.WARNING)
    record_audit_event(user=by, action="sync.cancel", target=run, seller=run.job.connection.seller)
    return True


@transaction.atomic
def answer_run(*, run: Run, yes: bool, by: User, now: datetime | None = None) -> None:
    """Approve (`yes`) or decline a run that needs approval. ValueError if it doesn't (any more)."""
    now = now or clock.now()
    runs.lock(run_ids=[run.pk])
    run.refresh_from_db()
    if run.state != Run.State.NEEDS_APPROVAL:
        raise ValueError(_("This run no longer needs approval."))
    run.state = Run.State.PREPARING
    run.cursor = run.cursor | {"answer": yes}
    run.reason = ""
    run.save(update_fields=["state", "cursor", "reason"])
    runlog.write(run_id=run.pk, text=f"{'Approved' if yes else 'Declined'} by {by}.", now=now)
    record_audit_event(user=by, action="sync.answer", target=run, seller=run.job.connection.seller, yes=yes)
    lanes.wake(lane_ids=run.job.lane_ids[:1])


def pause_job(*, job: Job, by: User | None, reason: str = "") -> None:
    """Pause the job. Changes stay queued and are synced when the job is resumed."""
    _set_job_paused(job, True, by, reason)


def resume_job(*, job: Job, by: User | None, reason: str = "") -> None:
    """Resume the job and clear the reason why it needed action."""
    with transaction.atomic():
        JobState.objects.filter(job=job).update(attention="")
        _set_job_paused(job, False, by, reason)


@transaction.atomic
def _set_job_paused(job: Job, paused: bool, by: User | None, reason: str) -> None:
    Job.objects.filter(pk=job.pk).update(paused=paused)
    job.paused = paused
    record_audit_event(
        user=by,
        action="job.pause" if paused else "job.resume",
        target=job,
        seller=job.connection.seller,
        reason=reason,
    )
    if not paused:
        Lane.objects.filter(pk__in=job.lane_ids).update(rest_until=None, failures=0)
        lanes.wake(lane_ids=job.lane_ids)


@transaction.atomic
def pause_connection(*, connection: Connection, by: User | None, reason: str = "", now: datetime | None = None) -> None:
    """Pause all calls to the connection. Changes stay queued and are synced when it is resumed."""
    Connection.objects.filter(pk=connection.pk, paused_at=None).update(
        paused_at=now or clock.now(), pause_reason=reason
    )
    connection.refresh_from_db(fields=["paused_at", "pause_reason"])
    record_audit_event(user=by, action="connection.pause", target=connection, seller=connection.seller, reason=reason)
    _apply_pauses(Connection.objects.filter(pk=connection.pk))


@transaction.atomic
def resume_connection(*, connection: Connection, by: User | None, reason: str = "") -> None:
    """Resume the connection and reset its circuit breakers."""
    Connection.objects.filter(pk=connection.pk).update(paused_at=None, pause_reason="")
    connection.refresh_from_db(fields=["paused_at", "pause_reason"])
    record_audit_event(user=by, action="connection.resume", target=connection, seller=connection.seller, reason=reason)
    Lane.objects.filter(connection=connection).update(rest_until=None, failures=0)
    _apply_pauses(Connection.objects.filter(pk=connection.pk))


@transaction.atomic
def reset_waits(*, rested: QuerySet[Lane], by: User) -> int:
    """Let lanes make calls at once although their circuit breaker is open or the vendor asked to wait.

    Returns how many were waiting. A budget that is blocked at the vendor's request stops them again (`reset_budgets`).
    """
    waiting = list(rested.filter(rest_until__isnull=False).select_related("connection__seller"))
    for lane in waiting:
        record_audit_event(
            user=by,
            action="lane.reset_wait",
            target=lane.connection,
            seller=lane.connection.seller,
            lane=lane.name,
            rest_until=str(lane.rest_until),
        )
    ids = [lane.pk for lane in waiting]
    Lane.objects.filter(pk__in=ids).update(rest_until=None, failures=0)
    lanes.wake(lane_ids=ids)
    return len(ids)


@transaction.atomic
def reset_budgets(*, blocked: QuerySet[RateBudget], by: User) -> int:
    """Let requests through again although the vendor asked to wait. Returns how many budgets were blocked."""
    waiting = list(blocked.filter(blocked_until__isnull=False))
    for budget in waiting:
        record_audit_event(user=by, action="budget.reset_wait", target=budget, blocked_until=str(budget.blocked_until))
    return budgets.unblock(keys=[budget.key for budget in waiting])


@transaction.atomic
def set_read_only(*, connection: Connection, read_only: bool, by: User | None) -> None:
    """Turn dry run on or off. In dry run, changes are computed, but nothing is sent.

    Computed changes leave the queue, so turning dry run off starts full runs of all exports.
    """
    Connection.objects.filter(pk=connection.pk).update(read_only=read_only)
    connection.read_only = read_only
    record_audit_event(
        user=by, action="connection.read_only", target=connection, seller=connection.seller, read_only=read_only
    )
    if not read_only and not _seller_is_deleted(connection):
        for job in (
            connection.jobs.filter(direction=Direction.EXPORT, enabled=True).select_related("connection").order_by("pk")
        ):
            start_run(job=job, trigger=Run.Trigger.BUTTON, by=by)


@transaction.atomic
def pause_platform(*, platform: str, reason: str, by: User | None) -> None:
    """Pause all connections of a platform until it is resumed."""
    PlatformSwitch.objects.get_or_create(platform=platform, defaults={"reason": reason, "paused_by": by})
    record_audit_event(user=by, action="platform.pause", target=platform, reason=reason)
    _apply_pauses(Connection.objects.filter(platform=platform))


@transaction.atomic
def resume_platform(*, platform: str, by: User | None, reason: str = "") -> None:
    """Resume the platform. Connections that were paused individually stay paused."""
    PlatformSwitch.objects.filter(platform=platform).delete()
    record_audit_event(user=by, action="platform.resume", target=platform, reason=reason)
    _apply_pauses(Connection.objects.filter(platform=platform))


def _apply_pauses(connections: QuerySet[Connection]) -> None:
    """Set each lane's `paused` from its connection and platform, so that claims check only one flag."""
    off = set(PlatformSwitch.objects.values_list("platform", flat=True))
    resumed: list[int] = []
    for connection in connections.order_by("pk"):
        paused = connection.paused_at is not None or connection.platform in off
        changed = Lane.objects.filter(connection=connection).exclude(paused=paused)
        ids = list(changed.order_by("pk").select_for_update().values_list("pk", flat=True))
        # Clear `due`, because wake() skips lanes that are due already.
        Lane.objects.filter(pk__in=ids).update(paused=paused, due=False)
        if not paused:
            resumed += ids
    lanes.wake(lane_ids=resumed)


@transaction.atomic
def retry_changes(*, changes: QuerySet[Change], by: User | None, seller: Seller | None = None) -> int:
    """Retry changes now, including held ones. Returns how many.

    If a person asks for it (`by`), the audit log gets an entry, that of `seller` if all changes are one seller's.
    """
    rows = list(
        changes.exclude(state=Change.State.READY)
        .order_by("job_id", "item_id")
        .select_for_update(of=("self",))
        .values_list("pk", "lane_id")
    )
    ids = [pk for pk, _ in rows]
    Change.objects.filter(pk__in=ids).update(state=Change.State.READY, attempts=0, not_before=None)
    if ids and by is not None:
        record_audit_event(user=by, action="changes.retry", target=counted(len(ids), "change"), seller=seller)
    lanes.wake(lane_ids=sorted({lane for _, lane in rows}))
    return len(ids)


@transaction.atomic
def require_attention(*, job: Job, reason: str) -> None:
    """Pause the job because a user has to fix something. `reason` is shown to users."""
    Job.objects.filter(pk=job.pk).update(paused=True)
    JobState.objects.filter(job=job).update(attention=reason)
    job.paused = True


def start_due_runs(*, now: datetime) -> int:
    """Start the runs that are due and schedule the next ones. Returns how many started. Safe to run concurrently."""
    started = 0
    for scope, field, schedule in (
        (Run.Scope.FULL, "next_full_at", "full_schedule"),
        (Run.Scope.PARTIAL, "next_partial_at", "partial_schedule"),
        (Run.Scope.COMPARISON, "next_comparison_at", "comparison_schedule"),
    ):
        due = JobState.objects.filter(**{f"{field}__lte": now}).select_related("job__connection__seller")
        for state in due.order_by(field)[:500]:
            job = state.job
            try:
                next_at = next_time(getattr(job, schedule), after=now, time_zone=job.time_zone)
            except InvalidSchedule:
                # Such a job must not keep the others from starting.
                JobState.objects.filter(pk=state.pk).update(**{field: None})
                fix = _("The schedule “%(schedule)s” in %(zone)s is not valid. Correct it, then resume the job.")
                require_attention(job=job, reason=fix % {"schedule": getattr(job, schedule), "zone": job.time_zone})
                continue
            # The conditional update lets only one of several concurrent callers start the run.
            with transaction.atomic():
                won = JobState.objects.filter(pk=state.pk, **{field: getattr(state, field)}).update(**{field: next_at})
                is_active = job.enabled and not job.paused and job.connection.paused_at is None
                if won and is_active and job.connection.state == Connection.State.ACTIVE and _seller_is_active(job):
                    start_run(job=job, scope=scope, trigger=Run.Trigger.SCHEDULE)
                    started += 1
    return started


def _seller_is_deleted(connection: Connection) -> bool:
    """Queries the database, because the post-run check may have deleted the seller in the meantime (L13)."""
    sellers = Seller.objects.filter(status=Seller.Status.DELETED, connections=connection)
    return sellers.exists()


def _seller_is_active(job: Job) -> bool:
    seller = job.connection.seller
    return seller is None or seller.status == Seller.Status.ACTIVE


def recompute_next_runs(*, job: Job, now: datetime | None = None) -> None:
    """Recompute the next scheduled times after the schedules were edited."""
    now = now or clock.now()
    JobState.objects.filter(job=job).update(
        next_full_at=next_time(job.full_schedule, after=now, time_zone=job.time_zone),
        next_partial_at=next_time(job.partial_schedule, after=now, time_zone=job.time_zone),
        next_comparison_at=next_time(job.comparison_schedule, after=now, time_zone=job.time_zone),
    )
