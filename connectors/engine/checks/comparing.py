"""Comparisons: a target's data is read page by page and compared with what would be sent now (N9).

There are two passes. The first goes through what the target lists: each ID is either unknown, or linked to an item that
matches or differs. The second goes through the hub's items that the target did not list. A list may be incomplete (an
item moved while paging, or a bug of the platform), so these items are looked up by ID, and only those not found are
missing. Items with a waiting change, or sent in the meantime, are not compared.

Nothing is sent and nothing is enqueued; connectors.services.checks.repair does that when a person asks for it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings

from connectors.engine import exporting
from connectors.engine.checks.common import belongs_to_other_seller, changes_for_items
from connectors.engine.checks.comparison_result import close
from connectors.engine.deciding import decide
from connectors.engine.differences import differences, drift
from connectors.engine.platforms import target_class
from connectors.engine.turn import Turn
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.operations import Action
from connectors.sdk.streams import ComparisonDepth
from hub import clock, lanes, links, runlog, runs
from hub.models import Change, Job, Lane, Link, Run, RunCounter, RunItem, SeenExternalId

Verdict = RunItem.Verdict
Counted = RunCounter.Outcome
# Field → [value at the target, expected value].
Changes = dict[str, list[Any]]


class Phase(StrEnum):
    """The pass that a comparison is in, stored in the run's cursor."""

    READ = "read"
    REST = "rest"


# Items per transaction of the second pass, and IDs per lookup.
_CHUNK = 200


# The run's counter for each verdict: what a repair would do.
_COUNTER_FOR_VERDICT = {
    Verdict.MISSING: Counted.CREATED,
    Verdict.DIFFERENT: Counted.UPDATED,
    Verdict.GONE: Counted.REMOVED,
}


@dataclass(slots=True)
class _Comparison:
    """The results for a page or a chunk."""

    run: Run
    items: list[RunItem] = field(default_factory=list)
    counts: Counter[RunCounter.Outcome] = field(default_factory=Counter)

    def add(self, verdict: RunItem.Verdict, item_id: int, external_id: str, changes: Changes | None = None) -> None:
        self.counts[_COUNTER_FOR_VERDICT[verdict]] += 1
        self._add(verdict, external_id, item_id=item_id, changes=changes or {})

    def add_unknown(self, external_id: str) -> None:
        self._add(Verdict.UNKNOWN, external_id)

    def _add(self, verdict: RunItem.Verdict, external_id: str, **fields: Any) -> None:
        kind = self.run.job.item_kind
        self.items.append(RunItem(run=self.run, verdict=verdict, kind=kind, external_id=external_id, **fields))


def start(job: Job, run: Run) -> None:
    """Initialize the run, in the transaction that starts it. NeedsAttention for a target that cannot be read."""
    depth = target_class(job).comparable
    if depth is None:
        raise NeedsAttention(f"Not supported: the {job.data_type} of {job.connection} cannot be read back.")
    run.cursor = {"phase": Phase.READ, "page": None, "after": 0, "unlisted": 0}
    # What was sent before. Items that never arrived come on top, and are known only when they are reached.
    run.total = links.of_job(job).filter(missing=False).count()
    run.save(update_fields=["cursor", "total"])
    how = "field by field" if depth is ComparisonDepth.CONTENT else "by ID only"
    text = f"Comparing {job.data_type} with the data of {job.connection}, {how}. Nothing is sent."
    runlog.write(run_id=run.pk, now=clock.now(), text=text)


def advance(turn: Turn, job: Job, run: Run) -> bool:
    """Compare the next page or chunk. False when everything was compared and the run is closed."""
    turn.renew()
    if run.cursor["phase"] == Phase.READ:
        _read(turn, job, run)
        return True
    return _check_unlisted(turn, job, run)


def _read(turn: Turn, job: Job, run: Run) -> None:
    """Fetch a page of the target's data, then compare it in one transaction."""
    in_flight_since = _in_flight_since(turn, job)
    page = turn.target(job).read_existing(cursor=run.cursor["page"])
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        fresh = _record_seen_ids(run, page.items)
        if page.cursor is not None and (page.cursor == run.cursor["page"] or page.items and not fresh):
            raise TryAgainLater(f"The list of {job.data_type} repeats a page.")
        _save(turn, run, _compare_page(turn, job, run, fresh, in_flight_since))
        run.cursor |= {"page": page.cursor, "phase": Phase.READ if page.cursor is not None else Phase.REST}
        _save_progress(run)


def _in_flight_since(turn: Turn, job: Job) -> datetime:
    """Items sent at this time or later may arrive after the following read, so they must not be compared.

    `sent_at` is the time at which a batch was built. This lane has no batch in flight; if another lane of the job is
    active, its batch may be as old as the longest call.
    """
    now = clock.now()
    others = Lane.objects.filter(pk__in=job.lane_ids).exclude(pk=turn.claim.lane_id).exclude(leased_by="")
    return now - timedelta(seconds=2 * settings.REMOTE_DEADLINE_SECONDS) if others.exists() else now


def _record_seen_ids(run: Run, items: Mapping[str, Any]) -> dict[str, Any]:
    """Store the listed IDs. Returns the items not seen before, since pages may overlap."""
    known = set(SeenExternalId.objects.filter(run=run, external_id__in=items).values_list("external_id", flat=True))
    fresh = {external_id: content for external_id, content in items.items() if external_id not in known}
    SeenExternalId.objects.bulk_create([SeenExternalId(run=run, external_id=external_id) for external_id in fresh])
    return fresh


def _compare_page(
    turn: Turn, job: Job, run: Run, remote_items: Mapping[str, Any], in_flight_since: datetime
) -> _Comparison:
    comparison = _Comparison(run)
    linked = {link.item_id: link for link in links.of_job(job).filter(external_id__in=remote_items)}
    for external_id in sorted(remote_items.keys() - {link.external_id for link in linked.values()}):
        comparison.add_unknown(external_id)
    stable = _not_in_flight(job, linked, in_flight_since)
    comparison.counts[Counted.SKIPPED] += len(linked) - len(stable)
    contents = {pk: remote_items[link.external_id] for pk, link in linked.items()}
    _compare_items(turn, job, comparison, {pk: linked[pk] for pk in stable}, contents)
    return comparison


def _compare_items(
    turn: Turn, job: Job, comparison: _Comparison, existing: Mapping[int, Link], contents: Mapping[int, Any]
) -> None:
    """Compare items that exist at the target: unchanged, different, or no longer on offer here."""
    sent = [pk for pk, link in existing.items() if not _came_from_target(link)]
    comparison.counts[Counted.UNCHANGED] += len(existing) - len(sent)
    decision = decide(turn.target(job), job, changes_for_items(job, sent))
    for step in decision.steps:
        operation, content = step.operation, contents.get(step.change.item_id)
        if operation.action is Action.REMOVE:
            comparison.add(Verdict.GONE, step.change.item_id, operation.external_id)
        else:
            expected = operation.payload
            changes = differences(operation.previous, expected) if content is None else drift(content, expected)
            visible_changes = {} if belongs_to_other_seller(step.item) else changes
            comparison.add(Verdict.DIFFERENT, step.change.item_id, operation.external_id, visible_changes)
    for change, item, link in decision.unchanged:
        content = contents.get(change.item_id)
        expected = link.payload.sent if link is not None and link.sent_hash and hasattr(link, "payload") else None
        if link is None or content is None or expected is None or not (changes := drift(content, expected)):
            comparison.counts[Counted.UNCHANGED] += 1
        else:
            comparison.add(
                Verdict.DIFFERENT, change.item_id, link.external_id, {} if belongs_to_other_seller(item) else changes
            )
    comparison.counts[Counted.SKIPPED] += len(decision.skipped) + len(decision.failed)


def _check_unlisted(turn: Turn, job: Job, run: Run) -> bool:
    """Check a chunk of the items that the target did not list. False when there are none left."""
    item_ids = _next_ids(job, run.cursor["after"])
    if not item_ids:
        close(turn, job, run)
        return False
    comparison, unconfirmed = _unlisted_items(turn, job, run, item_ids)
    found = _fetch_existing(turn, job, [link.external_id for link in unconfirmed.values()])
    existing = {pk: link for pk, link in unconfirmed.items() if link.external_id in found}
    with lanes.fenced(turn.claim):
        runs.lock_preparing(run=run)
        for pk in unconfirmed.keys() - existing.keys():
            comparison.add(Verdict.MISSING, pk, unconfirmed[pk].external_id)
        _compare_items(turn, job, comparison, existing, {})
        _save(turn, run, comparison)
        run.cursor |= {"unlisted": run.cursor["unlisted"] + len(existing), "after": item_ids[-1]}
        _save_progress(run)
    return True


def _unlisted_items(turn: Turn, job: Job, run: Run, item_ids: Sequence[int]) -> tuple[_Comparison, dict[int, Link]]:
    """The comparison of the items that are missing for certain, and the links of unlisted items that have to be looked
    up. An item that should be at the target and has no link has never arrived there."""
    in_flight_since = _in_flight_since(turn, job)
    linked = {link.item_id: link for link in links.of_job(job).filter(item_id__in=item_ids, missing=False)}
    seen = SeenExternalId.objects.filter(run=run, external_id__in=[link.external_id for link in linked.values()])
    listed = set(seen.values_list("external_id", flat=True))
    unlisted = [pk for pk in item_ids if pk not in linked or linked[pk].external_id not in listed]
    stable = _not_in_flight(job, unlisted, in_flight_since)
    unconfirmed = {pk: linked[pk] for pk in stable if _came_from_target(linked.get(pk))}
    decision = decide(turn.target(job), job, changes_for_items(job, [pk for pk in stable if pk not in unconfirmed]))
    not_compared = len(unlisted) - len(stable) + len(decision.skipped) + len(decision.failed)
    comparison = _Comparison(run, counts=Counter({Counted.SKIPPED: not_compared}))
    for step in decision.steps:
        if step.operation.action is Action.CREATE:
            comparison.add(Verdict.MISSING, step.change.item_id, "")
        elif step.operation.action is Action.UPDATE:
            unconfirmed[step.change.item_id] = linked[step.change.item_id]
    unconfirmed |= {
        change.item_id: link for change, _, link in decision.unchanged if link is not None and not link.missing
    }
    return comparison, unconfirmed


def _fetch_existing(turn: Turn, job: Job, external_ids: Sequence[str]) -> set[str]:
    found = turn.target(job).find_existing(external_ids) if external_ids else set()
    if not found <= set(external_ids):
        raise TryAgainLater(f"{job.connection} returned IDs that were not requested.")
    return found


def _next_ids(job: Job, after: int) -> list[int]:
    """The IDs of the next items that the job covers, and of linked items that no longer exist."""
    own = exporting.covered_items(job).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:_CHUNK]
    linked = links.of_job(job).filter(item_id__gt=after).order_by("item_id").values_list("item_id", flat=True)[:_CHUNK]
    return sorted({*own, *linked})[:_CHUNK]


def _came_from_target(link: Link | None) -> bool:
    """Whether the item was imported from this target and never sent to it, so that there is nothing to compare."""
    return link is not None and link.received_hash is not None and link.sent_hash is None and not link.missing


def _not_in_flight(job: Job, item_ids: Collection[int], in_flight_since: datetime) -> list[int]:
    """The items that have no waiting change and cannot have been sent while the target was read."""
    in_flight = set(
        Change.objects.filter(job=job, kind=job.item_kind, item_id__in=item_ids).values_list("item_id", flat=True)
    )
    in_flight |= set(
        links.of_job(job).filter(item_id__in=item_ids, sent_at__gte=in_flight_since).values_list("item_id", flat=True)
    )
    return sorted(set(item_ids) - in_flight)


def _save(turn: Turn, run: Run, comparison: _Comparison) -> None:
    RunItem.objects.bulk_create(comparison.items)
    counts, calls = comparison.counts, turn.pop_call_count()
    outcomes = counts | Counter({Counted.READ: counts.total()})
    runs.count(run_id=run.pk, kind=run.job.item_kind, now=clock.now(), calls=calls, outcomes=outcomes)


def _save_progress(run: Run) -> None:
    """Save the cursor and reset the retry state after a successful step."""
    run.attempts, run.not_before = 0, None
    run.save(update_fields=["cursor", "attempts", "not_before"])
