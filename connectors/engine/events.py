"""Processes events: fetches the items that platforms reported as changed, many at a time, and applies them.

An event only names items. Several events for the same item need one fetch, and their order does not matter, because
the current state is fetched. Events that answer a request of ours are passed to connectors.engine.callbacks. An event
is marked as processed in the transaction that applied it.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from common.storable import storable_text
from connectors.adapters.registry import adapter_for
from connectors.engine import callbacks
from connectors.engine.applying import ImportContext, Tally, import_context_for
from connectors.engine.error_texts import error_text
from connectors.engine.fetching import apply_fetched, fetch, links_of_source
from connectors.engine.settling import settle
from connectors.engine.turn import Turn
from connectors.models import WebhookEvent
from connectors.sdk.errors import ConnectorError, NeedsAttention, TryAgainLater
from connectors.sdk.isolation import Isolation
from connectors.sdk.webhooks import EventReference, Receipt
from connectors.webhooks.requested import requested_item
from hub import clock, lanes
from hub.kinds import Direction
from hub.lanes import LeaseLost
from hub.models import Job, JobState, Run
from synclog import rejected_items
from synclog import services as synclog

logger = logging.getLogger(__name__)

_BATCH = 500
_FETCH = 100
# How many workers may be lost while processing the same lone item before its events are held.
_MAX_CRASHES = 5
# Events within this time share one entry in the sync history.
_EVENT_RUN_WINDOW = timedelta(minutes=1)

State = WebhookEvent.State
# The parsed content that several events have in common → these events.
Subjects = dict[tuple[EventReference, ...] | tuple[Receipt, ...], list[WebhookEvent]]


def work(turn: Turn, job: Job, *, failed_before: bool) -> bool:
    """Process a batch of the job's pending events. False if there are none.

    Events that failed alone come last, or not at all without `failed_before`: they would be tried first after every
    pause. Raises TryAgainLater and NeedsAttention; events that were not applied by then stay pending.
    """
    pending = WebhookEvent.objects.filter(
        connection=turn.connection, direction=job.direction, data_type=job.data_type, state=State.PENDING
    )
    if not failed_before:
        pending = pending.filter(failures=0)
    needed = pending.only("day", "deliveries", "payload", "failures")
    events = list(needed.order_by("failures", "id")[:_BATCH])
    if not events:
        return False
    subjects = _group_by_subject(turn, job, events)
    fresh = [subject for subject, group in subjects.items() if not any(event.failures for event in group)]
    size = _fetch_size(turn)
    for start in range(0, len(fresh), size):
        _process_bisecting(turn, job, {subject: subjects.pop(subject) for subject in fresh[start : start + size]})
    for subject, group in subjects.items():  # each alone: what fails again is delayed, and fails no other
        _process_bisecting(turn, job, {subject: group})
    return True


def _group_by_subject(turn: Turn, job: Job, events: Sequence[WebhookEvent]) -> Subjects:
    subjects: Subjects = defaultdict(list)
    adapter = adapter_for(turn.connection.platform)
    read: Any = adapter.webhooks.read_receipts if job.direction == Direction.EXPORT else adapter.webhooks.read_event
    for event in events:
        try:
            requested = requested_item(event.payload, job.data_type)
            subjects[tuple(requested or read(event.payload))].append(event)
        except Exception:  # it was parsed on arrival, so the adapter has changed since then
            logger.exception("%s: event %s can no longer be parsed", job, event.pk)
            _hold_events(turn, [event], "The event was valid on arrival, but the adapter can no longer parse it.")
    return subjects


def _fetch_size(turn: Turn) -> int:
    """How many subjects to fetch at once: fewer after a failure or a lost worker, to isolate the one that causes it."""
    crashes = 0 if turn.progressed else turn.claim.crashes
    return max(1, min(_FETCH, turn.batch_limit or _FETCH) >> 2 * crashes)


def _process_bisecting(turn: Turn, job: Job, subjects: Subjects) -> None:
    """Fetch, apply and settle. A batch that fails is split into halves until the subject that causes it is alone."""
    events = [event for group in subjects.values() for event in group]
    alone = len(subjects) == 1
    crash_limit_reached = not turn.progressed and not turn.claim.orphans and turn.claim.crashes >= _MAX_CRASHES
    if alone and crash_limit_reached:
        _hold_events(turn, events, f"The worker stopped {turn.claim.crashes} times while processing this event.")
        turn.progressed = True
        return
    try:
        if job.direction == Direction.EXPORT:
            _apply_callbacks(turn, job, subjects, events)
        else:
            _fetch_and_apply(turn, job, subjects, events)
    except TryAgainLater as error:
        if alone and error.sent:
            _delay(turn, events, error)
        raise
    except (NeedsAttention, LeaseLost, OperationalError, InterfaceError):
        raise
    except Exception as error:
        if alone:
            if not isinstance(error, ConnectorError):
                logger.exception("%s: an event could not be applied", job)
            _hold_events(turn, events, error_text(error))
            return
        all_subjects = list(subjects)
        middle = len(all_subjects) // 2
        for half in (all_subjects[:middle], all_subjects[middle:]):
            _process_bisecting(turn, job, {each: subjects[each] for each in half})
    else:
        turn.record_success()


def _delay(turn: Turn, events: Sequence[WebhookEvent], error: TryAgainLater) -> None:
    """The call failed with these events alone: they may be the cause, so other events are processed before them.

    After the last attempt they are held. While nothing else succeeds either, many more attempts are allowed.
    """
    failures = 1 + max(event.failures for event in events)
    if turn.retry.is_exhausted(attempts=failures, outage=turn.failures + 1 >= failures, event=True):
        _hold_events(turn, events, f"Failed {failures} times in a row: {error}")
        return
    with lanes.fenced(turn.claim):
        WebhookEvent.objects.filter(
            pk__in=[event.pk for event in events], day__in={event.day for event in events}, state=State.PENDING
        ).update(failures=failures)


def _apply_callbacks(turn: Turn, job: Job, subjects: Subjects, events: Sequence[WebhookEvent]) -> None:
    """Process receipts in one transaction; everything needed is in the events."""
    now = clock.now()
    receipts = [part for subject in subjects for part in subject if isinstance(part, Receipt) and part.sku]
    with lanes.fenced(turn.claim):
        batch = callbacks.process_receipts(job, receipts)
        for subject, group in subjects.items():
            lost = [part.error for part in subject if isinstance(part, Receipt) and not part.sku]
            reason = f"{len(lost)} failures name no product: {lost[0]}" if lost else ""
            _mark_processed(group, State.HELD if lost else State.DONE, reason, now)
        settle(turn, batch, now=now)


def _fetch_and_apply(turn: Turn, job: Job, subjects: Subjects, events: Sequence[WebhookEvent]) -> None:
    """Fetch the items, then apply them in one transaction."""
    external_ids = list(dict.fromkeys(part.external_id for subject in subjects for part in subject))
    # An item that cannot be fetched is isolated here by its events, which are then delayed or held.
    found = fetch(turn, job, external_ids, Isolation.NEVER)
    now = clock.now()
    with lanes.fenced(turn.claim):
        run = _event_run(job, now)
        context = import_context_for(job, run_id=run.pk, now=now)
        requested = links_of_source(context).filter(external_id__in=external_ids, missing=False)
        tally = apply_fetched(
            context,
            run,
            found.records,
            requested=list(requested),
            excluded=found.excluded,
            calls=turn.pop_call_count,
        )
        gone = set(external_ids) - {record.external_id for record in found.records} - found.excluded
        rejected_items.forget(job=job, kinds=[job.item_kind], external_ids=gone)
        _resolve_unseen_issues(context, set(external_ids) - found.excluded, now)
        _finish_event_run(run, tally, now)
        _mark_processed(events, State.DONE, "", now)


def _resolve_unseen_issues(context: ImportContext, external_ids: Collection[str], now: datetime) -> None:
    """Of the items that were fetched just now: those without a problem, and those that the source no longer has.

    Otherwise the issue of an item that is unchanged, or that was never imported, would stay until the next full read.
    """
    refs = [storable_text(f"{context.job.item_kind}:{external_id}") for external_id in external_ids]
    synclog.resolve_by_external_ids(log=context.log, external_ids=refs, now=now, unseen_since=now)


def _event_run(job: Job, now: datetime) -> Run:
    """The run that counts items imported through events. It is never open, so a requested sync cannot join it.

    Its ID is higher than that of every other run of the job, which tells a full import what was seen since it started.
    """
    last = Run.objects.filter(job=job).order_by("-id").first()
    if last and last.trigger == Run.Trigger.EVENT and not last.is_open and now - last.created_at < _EVENT_RUN_WINDOW:
        return last
    return Run.objects.create(
        job=job,
        scope=Run.Scope.PARTIAL,
        trigger=Run.Trigger.EVENT,
        state=Run.State.DONE,
        created_at=now,
        started_at=now,
        finished_at=now,
    )


def _finish_event_run(run: Run, tally: Tally, now: datetime) -> None:
    state = Run.State.DONE_WITH_ERRORS if tally.skipped else run.state
    Run.objects.filter(pk=run.pk).update(finished_at=now, state=state)
    JobState.objects.filter(job=run.job_id).update(last_update_at=now, last_success_at=now)


def _hold_events(turn: Turn, events: Sequence[WebhookEvent], reason: str) -> None:
    """Hold the events for a person, with the reason."""
    with lanes.fenced(turn.claim):
        _mark_processed(events, State.HELD, reason, clock.now())


def _mark_processed(events: Sequence[WebhookEvent], state: str, reason: str, now: datetime) -> None:
    """Mark the events as processed, except those received again since they were read: they stay pending."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE connectors_webhookevent AS event
            SET state = %s, reason = %s, processed_at = %s, attempts = event.attempts + 1, failures = 0
            FROM unnest(%s::date[], %s::bigint[], %s::integer[]) AS seen (day, id, deliveries)
            WHERE event.day = seen.day AND event.id = seen.id AND event.deliveries = seen.deliveries
              AND event.state = 'pending'
            """,
            [
                state,
                storable_text(reason),
                now,
                [event.day for event in events],
                [event.pk for event in events],
                [event.deliveries for event in events],
            ],
        )


def wake_lanes_with_events() -> int:
    """Wake the lanes with pending events for which the message to a worker was lost. Returns the number of lanes.

    Skips from one (connection, direction, data type) with pending events to the next, so a long backlog is not scanned.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE waiting AS (
                (SELECT connection_id, direction, data_type FROM connectors_webhookevent WHERE state = 'pending'
                 ORDER BY connection_id, direction, data_type LIMIT 1)
                UNION ALL
                SELECT following.* FROM waiting CROSS JOIN LATERAL (
                    SELECT connection_id, direction, data_type FROM connectors_webhookevent AS event
                    WHERE state = 'pending' AND (event.connection_id, event.direction, event.data_type)
                        > (waiting.connection_id, waiting.direction, waiting.data_type)
                    ORDER BY connection_id, direction, data_type LIMIT 1) AS following
            )
            SELECT DISTINCT lane.id FROM waiting
            JOIN hub_job AS job ON job.connection_id = waiting.connection_id AND job.data_type = waiting.data_type
                AND job.direction = waiting.direction AND job.enabled AND NOT job.paused
            JOIN hub_lane AS lane ON lane.id = ANY(job.lane_ids)
            WHERE NOT lane.due AND NOT lane.paused AND lane.lease_until IS NULL
              AND (lane.rest_until IS NULL OR lane.rest_until <= now())
            """
        )
        lane_ids = [lane for (lane,) in cursor.fetchall()]
    lanes.wake(lane_ids=lane_ids)
    return len(lane_ids)
