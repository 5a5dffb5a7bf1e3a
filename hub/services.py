"""What people and schedules may ask of the hub. Every function is safe to call twice."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Seller, User
from accounts.services import record_audit_event
from hub import lanes, runlog, runs
from hub.kinds import ITEM_KIND, DataType, Direction
from hub.models import Change, Connection, Job, JobState, Lane, PlatformSwitch, Run, Share
from hub.schedules import next_time


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
    """A job with its lanes and its state; an existing one is returned as it is."""
    now = now or timezone.now()
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
) -> tuple[Run, bool]:
    """Start a run of the job, or join the one that is under way (N7): (run, whether it was started now)."""
    if job.connection.state == Connection.State.UNINSTALLED:
        raise ValueError(f"{job.connection} is uninstalled: connect it again first.")
    if _seller_is_deleted(job.connection):
        raise ValueError(f"The seller of {job.connection} is deleted here, so nothing of it is synced.")
    created = True
    try:
        with transaction.atomic():
            run = Run.objects.create(job=job, scope=scope, trigger=trigger, started_by=by, resend=resend, after=after)
    except IntegrityError:  # hub_run_one_open
        created = False
        found = Run.objects.filter(job=job, scope=scope, state__in=Run.OPEN).first()
        if found is None:  # it ended between the two statements, so nothing stands in the way any more
            return start_run(job=job, scope=scope, trigger=trigger, by=by, resend=resend, after=after)
        run = found
        if resend:
            # One that has begun to compare is past the point of choosing; its starter is told that it was joined.
            Run.objects.filter(pk=run.pk, state=Run.State.QUEUED).update(resend=True)
    if by is not None:
        record_audit_event(
            user=by,
            action="sync.start" if created else "sync.join",
            target=job,
            seller=job.connection.seller,
            run=run.pk,
            resend=resend,
        )
    # Wake even when joining: the one under way may have been forgotten. After commit, because whoever starts several
    # would hold the places of several sellers in the round.
    transaction.on_commit(lambda: lanes.wake(lane_ids=job.lane_ids[:1]))
    return run, created


@transaction.atomic
def cancel_run(*, run: Run, by: User | None, now: datetime | None = None) -> bool:
    """Stop a run. What was sent stays sent; what events asked for stays in the queue. False if it had ended."""
    now = now or timezone.now()
    reason = f"Cancelled by {by or 'the system'}."
    runs.lock(run_ids=[run.pk])
    cancelled = Run.objects.filter(pk=run.pk, state__in=Run.OPEN).update(
        state=Run.State.CANCELLED, finished_at=now, reason=reason
    )
    if not cancelled:
        return False
    own = Change.objects.filter(run=run).order_by("job_id", "item_id")
    list(own.select_for_update().values_list("pk"))
    # What was tried stays: the target may have it, or waits for its next try.
    own.filter(priority__gt=0, attempts=0, sent_at=None).delete()
    own.update(run=None)
    run.refresh_from_db()
    runlog.write_summary(run=run, now=now)
    runlog.write(run_id=run.pk, text=reason, now=now, level=runlog.Level.WARNING)
    record_audit_event(user=by, action="sync.cancel", target=run, seller=run.job.connection.seller)
    return True


@transaction.atomic
def answer_run(*, run: Run, yes: bool, by: User, now: datetime | None = None) -> None:
    """A person's answer to a run that asks before it does harm. ValueError if it does not ask (any more)."""
    now = now or timezone.now()
    runs.lock(run_ids=[run.pk])
    run.refresh_from_db()
    if run.state != Run.State.NEEDS_APPROVAL:
        raise ValueError("This run does not wait for an answer any more.")
    run.state = Run.State.PREPARING
    run.cursor = run.cursor | {"answer": yes}
    run.reason = ""
    run.save(update_fields=["state", "cursor", "reason"])
    runlog.write(run_id=run.pk, text=f"{by} answered {'yes' if yes else 'no'}.", now=now)
    record_audit_event(user=by, action="sync.answer", target=run, seller=run.job.connection.seller, yes=yes)
    lanes.wake(lane_ids=run.job.lane_ids[:1])


def pause_job(*, job: Job, by: User | None, reason: str = "") -> None:
    """Nothing is done for the job until it is resumed; what changes meanwhile is kept."""
    _set_job_paused(job, True, by, reason)


def resume_job(*, job: Job, by: User | None, reason: str = "") -> None:
    """Go on; also clears what the job waited for a person for."""
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
    """Nothing is called there until it is resumed; what changes meanwhile is kept."""
    Connection.objects.filter(pk=connection.pk, paused_at=None).update(
        paused_at=now or timezone.now(), pause_reason=reason
    )
    connection.refresh_from_db(fields=["paused_at", "pause_reason"])
    record_audit_event(user=by, action="connection.pause", target=connection, seller=connection.seller, reason=reason)
    _apply_pauses(Connection.objects.filter(pk=connection.pk))


@transaction.atomic
def resume_connection(*, connection: Connection, by: User | None, reason: str = "") -> None:
    Connection.objects.filter(pk=connection.pk).update(paused_at=None, pause_reason="")
    connection.refresh_from_db(fields=["paused_at", "pause_reason"])
    record_audit_event(user=by, action="connection.resume", target=connection, seller=connection.seller, reason=reason)
    Lane.objects.filter(connection=connection).update(rest_until=None, failures=0)
    _apply_pauses(Connection.objects.filter(pk=connection.pk))


@transaction.atomic
def set_read_only(*, connection: Connection, read_only: bool, by: User | None) -> None:
    """While a connection is read-only, everything is decided for it and nothing is written there.

    What was decided meanwhile is gone from the queue, so everything is compared when writing is allowed again.
    """
    Connection.objects.filter(pk=connection.pk).update(read_only=read_only)
    connection.read_only = read_only
    record_audit_event(
        user=by, action="connection.read_only", target=connection, seller=connection.seller, read_only=read_only
    )
    if not read_only and not _seller_is_deleted(connection):
        for job in connection.jobs.filter(direction=Direction.EXPORT, enabled=True).select_related("connection"):
            start_run(job=job, trigger=Run.Trigger.BUTTON, by=by)


@transaction.atomic
def pause_platform(*, platform: str, reason: str, by: User | None) -> None:
    """The kill switch: no connection of this platform is called until it is resumed."""
    PlatformSwitch.objects.get_or_create(platform=platform, defaults={"reason": reason, "paused_by": by})
    record_audit_event(user=by, action="platform.pause", target=platform, reason=reason)
    _apply_pauses(Connection.objects.filter(platform=platform))


@transaction.atomic
def resume_platform(*, platform: str, by: User | None, reason: str = "") -> None:
    PlatformSwitch.objects.filter(platform=platform).delete()
    record_audit_event(user=by, action="platform.resume", target=platform, reason=reason)
    _apply_pauses(Connection.objects.filter(platform=platform))


def _apply_pauses(connections: QuerySet[Connection]) -> None:
    """Lanes carry the sum of all switches above them, so that a claim has one flag to look at."""
    off = set(PlatformSwitch.objects.values_list("platform", flat=True))
    resumed: list[int] = []
    for connection in connections.order_by("pk"):
        paused = connection.paused_at is not None or connection.platform in off
        changed = Lane.objects.filter(connection=connection).exclude(paused=paused)
        ids = list(changed.order_by("pk").select_for_update().values_list("pk", flat=True))
        # A lane that was due when it was paused must be found again: wake() only counts those that were not.
        Lane.objects.filter(pk__in=ids).update(paused=paused, due=False)
        if not paused:
            resumed += ids
    lanes.wake(lane_ids=resumed)


@transaction.atomic
def retry_changes(*, changes: QuerySet[Change], by: User | None) -> int:
    """Try these again now, those that are held as well; returns how many."""
    rows = list(
        changes.exclude(state=Change.State.READY)
        .order_by("job_id", "item_id")
        .select_for_update(of=("self",))
        .values_list("pk", "lane_id")
    )
    ids = [pk for pk, _ in rows]
    Change.objects.filter(pk__in=ids).update(state=Change.State.READY, attempts=0, not_before=None)
    if ids:
        record_audit_event(user=by, action="changes.retry", target=f"{len(ids)} changes")
    lanes.wake(lane_ids=sorted({lane for _, lane in rows}))
    return len(ids)


@transaction.atomic
def require_attention(*, job: Job, reason: str) -> None:
    """The engine met something that only a person can mend: the job pauses and says why."""
    Job.objects.filter(pk=job.pk).update(paused=True)
    JobState.objects.filter(job=job).update(attention=reason)
    job.paused = True


def start_due_runs(*, now: datetime) -> int:
    """Start what the schedules say, and move the schedules on. Two callers start nothing twice."""
    started = 0
    for scope, field, schedule in (
        (Run.Scope.FULL, "next_full_at", "full_schedule"),
        (Run.Scope.PARTIAL, "next_partial_at", "partial_schedule"),
        (Run.Scope.COMPARISON, "next_comparison_at", "comparison_schedule"),
    ):
        due = JobState.objects.filter(**{f"{field}__lte": now}).select_related("job__connection__seller")
        for state in due.order_by(field)[:500]:
            job = state.job
            next_at = next_time(getattr(job, schedule), after=now, time_zone=job.time_zone)
            # The conditional update decides between two sweepers (and two beats).
            with transaction.atomic():
                won = JobState.objects.filter(pk=state.pk, **{field: getattr(state, field)}).update(**{field: next_at})
                is_active = job.enabled and not job.paused and job.connection.paused_at is None
                if won and is_active and job.connection.state == Connection.State.ACTIVE and _seller_is_active(job):
                    start_run(job=job, scope=scope, trigger=Run.Trigger.SCHEDULE)
                    started += 1
    return started


def _seller_is_deleted(connection: Connection) -> bool:
    """Read anew: the post-run check may have deleted it since the connection was read (L13)."""
    sellers = Seller.objects.filter(status=Seller.Status.DELETED, connections=connection)
    return sellers.exists()


def _seller_is_active(job: Job) -> bool:
    seller = job.connection.seller
    return seller is None or seller.status == Seller.Status.ACTIVE


def recompute_next_runs(*, job: Job, now: datetime | None = None) -> None:
    """After a person has edited the schedules: compute the next times anew."""
    now = now or timezone.now()
    JobState.objects.filter(job=job).update(
        next_full_at=next_time(job.full_schedule, after=now, time_zone=job.time_zone),
        next_partial_at=next_time(job.partial_schedule, after=now, time_zone=job.time_zone),
        next_comparison_at=next_time(job.comparison_schedule, after=now, time_zone=job.time_zone),
    )
