"""Prepares full exports: compares all items by revision and enqueues those that may differ."""

import logging
from collections.abc import Sequence
from hashlib import blake2b
from time import monotonic
from typing import Any

from django.db.models import BigIntegerField, BooleanField, Case, F, Q, QuerySet, Value, When

from accounts.models import Seller
from catalog.models import Brand, Category, Product, Variant
from connectors.engine import dropship, filters
from connectors.engine.feeds import FeedLane
from connectors.engine.platforms import is_feed, target_class
from connectors.engine.settling.full_runs import finish_full_run
from connectors.engine.turn import Turn
from connectors.sdk.serialization import canonical_json
from hub import clock, lanes, links, queue, runlog, runs
from hub.kinds import Kind
from hub.models import Change, Connection, Job, JobState, Link, Run, RunCounter
from orders.models import Customer, Order
from synclog import services as synclog
from synclog.models import Issue

logger = logging.getLogger(__name__)

# The compared columns of an item: ID, revision (None for kinds without one), whether it is on offer.
CoveredItem = tuple[int, int | None, bool]

_CHUNK = 5000
# How long events wait at most while a comparison runs in their lane, in seconds.
SLICE_SECONDS = 0.5


def prepare(turn: Turn, job: Job, run: Run) -> bool:
    """Find items that may differ from the target and enqueue them, for a slice of time. True when all are compared.

    Comparing by revision reads two narrow columns per item; items that differ are compared by payload before sending.
    """
    now = clock.now()
    if run.state == Run.State.QUEUED:
        if is_feed(job) and FeedLane(turn, [job]).is_full_import_due(now):
            run.resend = True
        with lanes.fenced(turn.claim):
            runs.start(run=run, now=now)
            run.cursor = {"after": 0, "seen": 0, "config": config_hash(job)}
            run.save(update_fields=["cursor", "resend"])
            runlog.write(run_id=run.pk, now=now, text=f"Comparing {job.data_type} with {job.connection}.")
            if job.connection.seller_id:
                synclog.record_full_sync_started(
                    log=synclog.log_for(job=job, seller_id=job.connection.seller_id), now=now
                )
    same_config = JobState.objects.get(job=job).config_hash == run.cursor["config"]
    deadline = monotonic() + SLICE_SECONDS
    while True:
        turn.renew()
        with lanes.fenced(turn.claim):
            runs.lock_preparing(run=run)
            if not _compare_chunk(job, run, recheck=run.resend or not same_config):
                _plan(turn, job, run)
                return True
        turn.progressed = True
        if monotonic() >= deadline or turn.should_stop():
            return False


def _compare_chunk(job: Job, run: Run, *, recheck: bool) -> bool:
    rows = list(covered_items(job).filter(pk__gt=run.cursor["after"]).order_by("pk")[:_CHUNK])
    if not rows:
        return False
    if run.resend:
        links.forget_sent(_links_of(job, rows))
    planned = may_differ(job, rows, recheck=recheck, resend=run.resend)
    queue.enqueue_for_run(run=run, kind=Kind(job.item_kind), item_ids=planned)
    unchanged, now = len(rows) - len(planned), clock.now()
    outcomes = {RunCounter.Outcome.READ: unchanged, RunCounter.Outcome.UNCHANGED: unchanged}
    runs.count(run_id=run.pk, kind=job.item_kind, now=now, outcomes=outcomes)
    seen = run.cursor["seen"] + len(rows)
    if run.cursor["seen"] and runlog.passed_power_of_two(run.cursor["seen"], seen):
        runlog.write(run_id=run.pk, now=now, text=f"{seen:,} compared so far.")
    run.cursor |= {"after": rows[-1][0], "seen": seen}
    run.total = run.cursor["seen"]
    run.save(update_fields=["cursor", "total"])
    return True


def may_differ(job: Job, rows: Sequence[CoveredItem], *, recheck: bool, resend: bool = False) -> list[int]:
    """IDs of the items that may differ from what was sent; with `recheck` also those with the same revision."""
    # Items that were imported from the target and never sent to it need not be sent back.
    from_target = Q(received_hash__isnull=False, sent_hash=None)
    sent, own = {}, set()
    compared = _links_of(job, rows).annotate(own=from_target)
    for item_id, revision, is_own in compared.values_list("item_id", "sent_revision", "own"):
        sent[item_id] = revision
        if is_own and not resend:
            own.add(item_id)
    if own:
        # What the target did not take is tried again: the end of the run resolves the issues that it has not seen.
        issues = Issue.objects.filter(job=job, resolved_at=None, kind=job.item_kind, item_id__in=own)
        own.difference_update(issues.values_list("item_id", flat=True))
    # An item that is not on offer and was never sent is left out; one without a revision is compared by payload.
    return [
        pk
        for pk, revision, offered in rows
        if (pk in sent or offered) and pk not in own and (recheck or revision is None or sent.get(pk) != revision)
    ]


def _links_of(job: Job, rows: Sequence[CoveredItem]) -> QuerySet[Link]:
    ids = [pk for pk, _, _ in rows]
    return links.of_job(job).filter(item_id__in=ids, missing=False)


def covered_items(job: Job) -> Any:
    """A query for the `CoveredItem` of every item that the job covers."""
    seller_id = job.connection.seller_id
    own = Q(seller_id=seller_id) if seller_id else ~Q(seller__status=Seller.Status.DELETED)
    if job.item_kind == Kind.PRODUCT:
        return _offered(Product.objects.filter(own), "revision", ("live", "suspended"))
    if job.item_kind == Kind.VARIANT:
        return _offered(Variant.objects.filter(own), None, ("live", "suspended"))
    if job.item_kind == Kind.CUSTOMER:
        enabled = {"b2b_enabled": True} if filters.requires_b2b(job.filters) else {}
        return _offered(Customer.objects.filter(own), "revision", ("active", "disabled"), **enabled)
    if job.item_kind == Kind.ORDER:
        placed = {"placed_through_b2b": True} if filters.requires_b2b(job.filters) else {}
        orders = Order.objects.filter(own | dropship.vendor_orders(job.connection))
        return _offered(orders, "revision", tuple(Order.Status.values), **placed)
    if job.item_kind == Kind.STORE:
        return _offered(Connection.objects.filter(own, role="shop"), None, ("active", "new"))
    named = Category.objects.filter(own) if job.item_kind == Kind.CATEGORY else Brand.objects.filter(own)
    return _offered(named, None, ("live",))


def _offered(queryset: Any, revision: str | None, statuses: tuple[str, ...], **wanted: bool) -> Any:
    field = "state" if queryset.model is Connection else "status"
    offered = Case(
        When(**{f"{field}__in": statuses}, **wanted, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    compared = F(revision) if revision else Value(None, output_field=BigIntegerField())
    return queryset.annotate(compared=compared, offered=offered).values_list("pk", "compared", "offered")


def config_hash(job: Job) -> str:
    """Hash of everything that affects payloads; when it changes, a full run compares every payload again."""
    shape = [job.filters, job.connection.settings, job.connection.field_map, job.connection.platform]
    return blake2b(canonical_json(shape), digest_size=16).hexdigest()


def _plan(turn: Turn, job: Job, run: Run) -> None:
    """End the preparation. The run is locked, so that no first outcome is settled between counting and planning."""
    now = clock.now()
    remaining = Change.objects.filter(run=run).count()
    JobState.objects.filter(job=job).update(config_hash=run.cursor["config"])
    runlog.write(
        run_id=run.pk,
        now=now,
        text=f"{run.cursor['seen']:,} compared, {remaining:,} may have changed since the last export.",
    )
    runs.mark_prepared(run=run, total=run.cursor["seen"], remaining=remaining)
    if remaining:
        size = target_class(job).batch_size
        queue.fill_batches(job=job, size=size, own_lane=turn.claim.lane_id)
        return
    run.refresh_from_db()
    if runs.close(run=run, now=now):
        finish_full_run(run, now)
