"""The sync log: sync status, timeline and issues of the items of a batch, and what a target's own log has to show."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from connectors.engine.differences import differences
from connectors.engine.platforms import keeps_remote_log
from connectors.engine.settling.batch import Batch
from connectors.engine.settling.results import (
    Accepted,
    Awaiting,
    ChangeResult,
    Computed,
    Delayed,
    Held,
    Skipped,
    Unchanged,
    issue_draft,
    issue_of,
)
from connectors.sdk.operations import Action, Operation
from hub.models import Change, Job, JobState
from synclog import remote
from synclog import services as synclog
from synclog.models import ItemEvent, ItemStatus
from synclog.services import IssueDraft, ItemOutcome

State = ItemStatus.State
EVENT_FOR_ACTION = {
    Action.CREATE: ItemEvent.Action.CREATED,
    Action.UPDATE: ItemEvent.Action.UPDATED,
    Action.REMOVE: ItemEvent.Action.REMOVED,
}


def record(batch: Batch, now: datetime) -> None:
    """Record the results in the sync logs of the items' sellers."""
    job = batch.job
    by_seller: dict[int, list[ChangeResult]] = defaultdict(list)
    for result in batch.results:
        seller_id = getattr(result.item, "seller_id", None) or job.connection.seller_id
        if seller_id is not None:
            by_seller[seller_id].append(result)
    for seller_id, results in by_seller.items():
        _record_for_seller(job, seller_id, results, now)
    if any(isinstance(result, Accepted) for result in batch.results):
        JobState.objects.filter(job=job).update(last_update_at=now)


def _record_for_seller(job: Job, seller_id: int, results: Sequence[ChangeResult], now: datetime) -> None:
    log = synclog.log_for(job=job, seller_id=seller_id)
    drafts = [draft for result in results if (draft := issue_of(result) or _warnings(job, result)) is not None]
    synclog.upsert_issues(log=log, job=job, drafts=drafts, now=now)
    accepted = {_ref(job, result) for result in results if isinstance(result, Accepted)}
    unchanged = {_ref(job, result) for result in results if isinstance(result, Unchanged)}
    with_issue = {draft.external_id for draft in drafts}
    resolved = synclog.resolve_by_external_ids(log=log, external_ids=(accepted | unchanged) - with_issue, now=now)
    if keeps_remote_log(job):
        # Unchanged items only if that may have resolved an issue.
        remote.mark_pending(log=log, external_ids=with_issue | accepted | (unchanged if resolved else set()))
    synclog.record_outcomes(
        job=job,
        seller_id=seller_id,
        run_id=results[0].change.run_id,
        now=now,
        outcomes=[outcome for result in results if (outcome := _item_outcome(job, result)) is not None],
    )
    if accepted:
        synclog.record_update(log=log, now=now)


def _ref(job: Job, result: ChangeResult) -> str:
    return f"{job.item_kind}:{result.change.item_id}"


def _warnings(job: Job, result: ChangeResult) -> IssueDraft | None:
    """The issue for the warnings that the adapter returned for an item that was sent."""
    if not isinstance(result, Accepted) or not result.outcome.warnings:
        return None
    return issue_draft(job, result.change, result.item, result.outcome.warnings)


def _item_outcome(job: Job, result: ChangeResult) -> ItemOutcome | None:
    """What the sync status and the timeline say. None: nothing has changed."""
    outcome = ItemOutcome(kind=job.item_kind, item_id=result.change.item_id, state=State.SYNCED)
    match result:
        case Unchanged():
            return None
        case Accepted(step=step):
            outcome.action, outcome.changes = EVENT_FOR_ACTION[step.operation.action], _changes(step.operation)
            if step.operation.action is Action.REMOVE:
                outcome.state = State.REMOVED
        case Computed(step=step):
            outcome.state, outcome.action = State.PENDING, ItemEvent.Action.PREVIEW
            outcome.changes, outcome.message = _changes(step.operation), "Dry run: nothing was sent."
        case Awaiting(failure=failure):
            outcome.state, outcome.action, outcome.message = State.PENDING, ItemEvent.Action.QUEUED, failure.error
        case Skipped(issue=issue):
            outcome.state, outcome.action, outcome.message = State.SKIPPED, ItemEvent.Action.SKIPPED, issue.message
        case Delayed(failure=failure):
            outcome.state, outcome.action, outcome.message = State.FAILED, ItemEvent.Action.FAILED, failure.error
        case Held(failure=failure):
            # Not a failure of the item: the conflict has to be decided first.
            pending = failure.kind is Change.FailureKind.ID_IN_USE
            outcome.state = State.PENDING if pending else State.HELD
            outcome.action, outcome.message = ItemEvent.Action.FAILED, failure.error
    return outcome


def _changes(operation: Operation[object]) -> dict[str, list[object]]:
    return differences(operation.previous, operation.payload)
