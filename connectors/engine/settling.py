"""Settles batches: writes links, queue, sync status, issues and counters, and closes runs, in one transaction.

The transaction starts with a check of the lane's epoch, so a worker with an expired lease writes nothing (N6). It ends
by decrementing the runs' counts of remaining items, so that exactly one worker closes each run (D20).
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from catalog.models import Product
from connectors.engine.deciding import Step
from connectors.engine.platforms import keeps_remote_log, platform_names
from connectors.engine.turn import Turn
from connectors.sdk import issues
from connectors.sdk.errors import Queued
from connectors.sdk.operations import Action, Outcome
from hub import lanes, links, queue, runlog, runs
from hub.kinds import Direction, Kind
from hub.links import Claim
from hub.models import Change, Job, JobState, Link, Run
from hub.queue import ChangeSnapshot, Failure
from hub.records import Problem
from synclog import remote
from synclog import services as synclog
from synclog.models import Issue, ItemStatus
from synclog.services import IssueDraft, ItemOutcome

# The error class of a change that the target had accepted and rejected later.
REJECTED = "Refused"
# The slowest vendor answers within eight hours; after a day a person has to check.
MAX_QUEUED_AGE = timedelta(hours=24)
COUNTER_FOR_ACTION = {Action.CREATE: "created", Action.UPDATE: "updated", Action.REMOVE: "removed"}


@dataclass(slots=True)
class ChangeResult:
    """The result of one change. `counter` is a counter's name (hub.models.RunCounter)."""

    change: ChangeSnapshot
    item: Any
    counter: str
    step: Step | None = None
    answer: Outcome | None = None
    issue: IssueDraft | None = None
    failure: Failure | None = None
    link: Link | None = None
    message: str = ""


@dataclass(slots=True)
class Batch:
    """Everything that a settling transaction writes for one job. The steps in `possibly_sent` may or may not have
    arrived."""

    job: Job
    results: list[ChangeResult] = field(default_factory=list)
    possibly_sent: list[Step] = field(default_factory=list)


def settle(turn: Turn, batch: Batch, *, now: datetime) -> None:
    """Write the batch in one transaction and empty it. Raises LeaseLost if another worker has claimed the lane."""
    if not batch.results and not batch.possibly_sent:
        return
    job = batch.job
    calls = turn.pop_call_count()
    with lanes.fenced(turn.claim):
        run_ids = sorted({v.change.run_id for v in batch.results if v.change.run_id})
        partial = _get_or_create_partial_run(job, batch, now)
        runs.lock(run_ids=run_ids + ([partial.pk] if partial else []))
        _hold_id_conflicts(batch)
        linked = _write_links(job, batch, now)
        created_ids = [v.change.item_id for v in batch.results if v.counter == "created" and v.answer is not None]
        clear_sent_hashes(job, [step.change.item_id for step in batch.possibly_sent])
        first_outcomes = queue.settle(
            done=[v.change for v in batch.results if v.failure is None],
            failed=[v.failure for v in batch.results if v.failure is not None],
            possibly_sent=[step.change for step in batch.possibly_sent],
        )
        _enqueue_variant_jobs(job, [pk for kind, pk in linked if kind == Kind.VARIANT])
        _enqueue_referring_products(job, created_ids)
        _update_sync_log(job, batch, now)
        _update_counters(batch, partial, calls, now)
        for run in runs.decrement_remaining(first_outcomes=first_outcomes, now=now):
            finish_full_run(run, now)
    batch.results, batch.possibly_sent = [], []


def mark_in_doubt(job: Job, item_ids: list[int], now: datetime) -> None:
    """Enqueue items again whose state at the target is unknown.

    Used by a worker that lost its lane while sending, and by the successor of a crashed worker.
    """
    with transaction.atomic():
        queue.enqueue_for_job(job=job, kind=Kind(job.item_kind), item_ids=item_ids)
        clear_sent_hashes(job, item_ids)
        Change.objects.filter(job=job, item_id__in=item_ids, sent_at=None).update(sent_at=now)


def clear_sent_hashes(job: Job, item_ids: list[int]) -> None:
    """Forget what was sent, so that the items are sent again even if they have not changed."""
    if item_ids:
        links.forget_sent(links.of_job(job).filter(item_id__in=item_ids))


def _get_or_create_partial_run(job: Job, batch: Batch, now: datetime) -> Run | None:
    """The partial run that counts changes caused by events; it stays open while there are more of them."""
    if all(v.change.run_id or v.counter == "unchanged" for v in batch.results):
        return None
    run = Run.objects.filter(job=job, scope=Run.Scope.PARTIAL, state__in=Run.OPEN).first()
    if run is None:
        run = Run(
            job=job,
            scope=Run.Scope.PARTIAL,
            trigger=Run.Trigger.EVENT,
            state=Run.State.SENDING,
            started_at=now,
        )
        Run.objects.bulk_create([run], ignore_conflicts=True)
        run = Run.objects.get(job=job, scope=Run.Scope.PARTIAL, state__in=Run.OPEN)
        runlog.write(run_id=run.pk, now=now, text=f"Sending changed items to {job.connection}.")
    return run


def finish_full_run(run: Run, now: datetime) -> None:
    """Record in the sync log that a full sync is complete; called after the run's last first outcome (D2, D20)."""
    job = run.job
    seller_id = job.connection.seller_id
    if seller_id is None or not runs.counts_as_full_sync(run):
        return
    log = synclog.log_for(job=job, seller_id=seller_id)
    started = run.started_at or run.created_at
    synclog.resolve_unseen(log=log, job=job, since=started, severities=[Issue.Severity.ERROR], now=now)
    synclog.record_full_sync_finished(log=log, succeeded=True, now=now)


def _hold_id_conflicts(batch: Batch) -> None:
    """Hold results whose ID from the target is linked to another item; links are never overwritten (L16). If several
    results of the batch have the same ID, the first one keeps it."""
    job = batch.job
    claims: list[tuple[Claim, ChangeResult]] = []
    for v in batch.results:
        if v.step and v.answer and v.step.operation.action is not Action.REMOVE:
            own = {(job.link_kind, v.change.item_id): v.answer.external_id}
            for (kind, item_id), external_id in (own | v.answer.links).items():
                if external_id:
                    claims.append((Claim(kind, external_id, item_id), v))
    conflicts = links.find_conflicts(job.connection_id, [claim for claim, _ in claims])
    for claim, result in claims:
        if claim in conflicts:
            conflict = id_conflict_result(result.change, result.item, job, claim, holder_id=conflicts[claim])
            result.counter, result.answer = conflict.counter, None
            result.failure, result.issue = conflict.failure, conflict.issue


def _write_links(job: Job, batch: Batch, now: datetime) -> list[tuple[str, int]]:
    """Save the links of the batch. Returns (kind, our ID) of newly linked related objects, such as variants."""
    sent, removed, confirmed = [], [], {}
    further: dict[tuple[str, int], str] = {}
    for v in batch.results:
        if v.counter == "unchanged" and v.link is not None and v.item is not None:
            revision = getattr(v.item, "revision", None)
            if revision is not None and revision != v.link.sent_revision:
                confirmed[v.link.pk] = revision
        if v.step is None or v.answer is None or v.failure is not None or v.issue is not None:
            continue
        if v.step.operation.action is Action.REMOVE:
            if v.step.link is not None:
                removed.append(v.step.link.pk)
            continue
        sent.append(
            links.SentItem(
                item_id=v.change.item_id,
                external_id=v.answer.external_id or v.step.operation.external_id or str(v.change.item_id),
                digest=v.step.digest,
                revision=v.step.revision,
                payload=v.step.operation.payload,
            )
        )
        further |= v.answer.links
    links.confirm_revisions(confirmed)
    links.save_sent(connection_id=job.connection_id, kind=job.link_kind, sent=sent, now=now)
    if removed:
        links.end_removed(links.of_job(job).filter(pk__in=removed))
    return links.save_reported(connection_id=job.connection_id, ids=further)


def _enqueue_variant_jobs(job: Job, variant_ids: list[int]) -> None:
    """Enqueue variants for the stock and price jobs, which could not send them before the target had the variants.

    Changes of those jobs are locked after this job's own, in the same order as when a product is saved.
    """
    if not variant_ids:
        return
    waiting = Job.objects.filter(
        connection=job.connection, direction=Direction.EXPORT, enabled=True, item_kind=Kind.VARIANT
    )
    for other in waiting.order_by("pk"):
        queue.enqueue_for_job(job=other, kind=Kind.VARIANT, item_ids=variant_ids)


def _enqueue_referring_products(job: Job, item_ids: list[int]) -> None:
    """Enqueue products that were sent before their brand or category existed at the target (B5)."""
    if not item_ids or job.item_kind not in (Kind.BRAND, Kind.CATEGORY):
        return
    of_these = {"brand_id__in": item_ids} if job.item_kind == Kind.BRAND else {"categories__in": item_ids}
    linked = links.of_kind(job.connection_id, Kind.PRODUCT).filter(missing=False)
    waiting = Product.objects.filter(**of_these, pk__in=linked.values("item_id")).values_list("pk", flat=True)
    for other in Job.objects.filter(
        connection=job.connection, direction=Direction.EXPORT, enabled=True, item_kind=Kind.PRODUCT
    ):
        queue.enqueue_for_job(job=other, kind=Kind.PRODUCT, item_ids=set(waiting))


def _update_sync_log(job: Job, batch: Batch, now: datetime) -> None:
    by_seller: dict[int, list[ChangeResult]] = defaultdict(list)
    for v in batch.results:
        seller_id = getattr(v.item, "seller_id", None) or job.connection.seller_id
        if seller_id is not None:
            by_seller[seller_id].append(v)
    for seller_id, results in by_seller.items():
        log = synclog.log_for(job=job, seller_id=seller_id)
        drafts = [draft for v in results if (draft := v.issue or _warning_draft(job, v))]
        synclog.upsert_issues(log=log, job=job, drafts=drafts, now=now)
        failed_refs = {draft.external_id for draft in drafts}
        succeeded = {f"{job.item_kind}:{v.change.item_id}" for v in results if v.answer or v.counter == "unchanged"}
        resolved = synclog.resolve_by_external_ids(log=log, external_ids=succeeded - failed_refs, now=now)
        if keeps_remote_log(job):
            remote.mark_pending(
                log=log, external_ids=failed_refs | _remote_log_updates(job, results, resolved=bool(resolved))
            )
        synclog.record_outcomes(
            job=job,
            seller_id=seller_id,
            run_id=results[0].change.run_id,
            now=now,
            outcomes=[_item_outcome(job, v) for v in results if v.counter != "unchanged"],
        )
        if any(v.answer for v in results):
            synclog.record_update(log=log, now=now)
    if any(v.answer for v in batch.results):
        JobState.objects.filter(job=job).update(last_update_at=now)


def _warning_draft(job: Job, v: ChangeResult) -> IssueDraft | None:
    """The issue for the warnings that the adapter returned for an item that was sent."""
    if v.answer is None or not v.answer.warnings:
        return None
    return synclog.issue_draft(
        ref=f"{job.item_kind}:{v.change.item_id}",
        problems=v.answer.warnings,
        kind=job.item_kind,
        item_id=v.change.item_id,
        title=_title(v.item),
        **platform_names(job),
    )


def _remote_log_updates(job: Job, results: list[ChangeResult], *, resolved: bool) -> set[str]:
    """References of the sent items that the target's own sync log has to be updated for. Unchanged items are included
    only if that may have resolved an issue."""
    return {
        f"{job.item_kind}:{v.change.item_id}"
        for v in results
        if v.answer is not None or (resolved and v.counter == "unchanged")
    }


def _item_outcome(job: Job, v: ChangeResult) -> ItemOutcome:
    state = ItemStatus.State.SYNCED
    action, changes = "", {}
    if v.failure is not None and v.failure.error_class == Queued.__name__:
        state, action = ItemStatus.State.PENDING, "queued"
    elif v.issue is not None and v.issue.code == issues.ID_IN_USE.code:
        state, action = ItemStatus.State.PENDING, "failed"
    elif v.failure is not None:
        state = ItemStatus.State.HELD if v.failure.not_before is None else ItemStatus.State.FAILED
        action = "failed"
    elif v.issue is not None:
        state, action = ItemStatus.State.SKIPPED, "skipped"
    elif v.step is not None and v.answer is None:
        state, action = ItemStatus.State.PENDING, "preview"
        changes = differences(v.step.operation.previous, v.step.operation.payload)
    elif v.step is not None:
        action = COUNTER_FOR_ACTION[v.step.operation.action]
        changes = differences(v.step.operation.previous, v.step.operation.payload)
        if v.step.operation.action is Action.REMOVE:
            state = ItemStatus.State.REMOVED
    return ItemOutcome(
        kind=job.item_kind,
        item_id=v.change.item_id,
        state=state,
        action=action,
        message=v.message or (v.failure.error if v.failure else "") or (v.issue.message if v.issue else ""),
        changes=changes,
    )


def differences(before: Any, after: Any, *, path: str = "", limit: int = 50) -> dict[str, list[Any]]:
    """Dotted path → [before, after] for each field that differs between two payloads (N8). Empty if one is None."""
    if before is None or after is None or before == after:
        return {}
    found: dict[str, list[Any]] = {}
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys(), key=str):
            where = f"{path}.{key}" if path else str(key)
            one, other = before.get(key), after.get(key)
            if isinstance(one, dict) and isinstance(other, dict):
                found |= differences(one, other, path=where, limit=limit)
            elif one != other:
                found[where] = [one, other]
            if len(found) >= limit:
                break
    else:
        found[path or "value"] = [before, after]
    return found


def _update_counters(batch: Batch, partial: Run | None, calls: int, now: datetime) -> None:
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    issue_lines: dict[int, list[str]] = defaultdict(list)
    for v in batch.results:
        run_id = v.change.run_id or (partial.pk if partial else None)
        if run_id is not None:
            counts[run_id][counter_for(v.counter, v.item)] += 1
            counts[run_id]["read"] += 1
            if v.issue is not None:
                issue_lines[run_id].append(v.issue.as_line)
    # A call that contained items of several runs counts for the run with the most items.
    caller = max(counts, key=lambda run_id: counts[run_id]["read"], default=None)
    for run_id, outcomes in sorted(counts.items()):
        runlog.log_repeated(run_id=run_id, event=runlog.RepeatedEvent.ITEM_ISSUES, texts=issue_lines[run_id], now=now)
        spent = calls if run_id == caller else 0
        runs.count(run_id=run_id, kind=batch.job.item_kind, now=now, calls=spent, **outcomes)


def counter_for(counter: str, item: Any) -> str:
    """The counter to use: a category that is sent as hidden counts as disabled, not as updated (B10)."""
    hidden = counter == "updated" and not getattr(item, "visible", True)
    return "disabled" if hidden else counter


def _title(item: Any) -> str:
    return getattr(item, "title", "") or getattr(item, "name", "") or getattr(item, "sku", "")


def skipped_result(change: ChangeSnapshot, item: Any, job: Job, problem: Problem) -> ChangeResult:
    """The item cannot be sent as it is: it gets an issue and is not retried until it changes."""
    issue = issue_for(job, problem if problem.fatal else replace(problem, fatal=True), change.item_id, item)
    return ChangeResult(change, item, "skipped", issue=issue)


def issue_for(job: Job, problem: Problem, item_id: int, item: Any) -> IssueDraft:
    """The issue of an exported item."""
    return synclog.issue_draft(
        ref=f"{job.item_kind}:{item_id}",
        problems=[problem],
        kind=job.item_kind,
        item_id=item_id,
        title=_title(item),
        **platform_names(job),
    )


def id_conflict_result(change: ChangeSnapshot, item: Any, job: Job, claim: Claim, *, holder_id: int) -> ChangeResult:
    """The target returned an ID that is linked to another item (L16): the change is held for a person."""
    problem = issues.ID_IN_USE(
        external_id=claim.external_id,
        kind=claim.kind.partition("/")[0],
        wanted=claim.item_id,
        holder=holder_id,
    )
    result = skipped_result(change, item, job, problem)
    result.counter = "failed"
    result.failure = Failure(change, "IdInUse", f"ID {claim.external_id} is already in use", None)
    return result


def rejected_result(change: ChangeSnapshot, item: Any, job: Job, reason: str) -> ChangeResult:
    """The target rejected the item after it had queued it: the change is held until the item or a person changes it."""
    result = skipped_result(change, item, job, issues.REJECTED(reason=reason))
    result.counter, result.failure = "failed", Failure(change, REJECTED, reason[:500], None)
    return result


def queued_result(step: Step, error: Queued, *, now: datetime) -> ChangeResult:
    """The target has queued the item and will report the result later; until then its status is pending.

    Counted as sent. Checked again at `not_before`; held for a person if there is no result after a day.
    """
    timed_out = step.change.sent_at is not None and now - step.change.sent_at > MAX_QUEUED_AGE
    not_before = None if timed_out else (error.not_before or now + timedelta(minutes=1))
    failure = Failure(
        step.change,
        Queued.__name__,
        str(error),
        not_before,
        receipt_id=error.receipt_id,
        queued_hash=step.digest or b"",
    )
    return ChangeResult(step.change, step.item, COUNTER_FOR_ACTION[step.operation.action], step=step, failure=failure)


def failed_result(
    change: ChangeSnapshot,
    item: Any,
    job: Job,
    error: Exception,
    *,
    not_before: datetime | None,
    isolated: bool = False,
) -> ChangeResult:
    """A failed change: retried at `not_before` (alone if `isolated`), or held for a person, with an issue, if that is
    None."""
    name = type(error).__name__
    failure = Failure(change, name, str(error)[:500] or name, not_before, isolated)
    if not_before is not None:
        return ChangeResult(change, item, "failed", failure=failure)
    result = skipped_result(change, item, job, issues.NOT_SENT(reason=failure.error))
    result.counter, result.failure = "failed", failure
    return result
