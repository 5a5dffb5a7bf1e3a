"""The results of changes: one class for each thing that can happen to a change, with what belongs to it.

`counter_of` and `failure_of` answer what all results have in common.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connectors.engine.deciding import Step
from connectors.engine.error_texts import error_text
from connectors.engine.platforms import platform_names
from connectors.sdk import issues
from connectors.sdk.errors import NeedsAttention, Queued, TryAgainLater
from connectors.sdk.operations import Action, Outcome
from connectors.sdk.retry import RetryPolicy
from hub.links import NewLink
from hub.models import Change, Job, Link, RunCounter
from hub.queue import ChangeSnapshot, Failure
from hub.records import Problem
from synclog import services as synclog
from synclog.services import IssueDraft

Counter = RunCounter.Outcome
FailureKind = Change.FailureKind
COUNTER_FOR_ACTION = {
    Action.CREATE: Counter.CREATED,
    Action.UPDATE: Counter.UPDATED,
    Action.REMOVE: Counter.REMOVED,
}


@dataclass(slots=True)
class _Result:
    change: ChangeSnapshot
    item: Any


@dataclass(slots=True)
class Unchanged(_Result):
    """The target has the item as it is now, or does not need it."""

    link: Link | None


@dataclass(slots=True)
class Accepted(_Result):
    """The target has accepted the operation."""

    step: Step
    outcome: Outcome


@dataclass(slots=True)
class Computed(_Result):
    """The connection is in dry run: the operation was computed and not sent."""

    step: Step


@dataclass(slots=True)
class Skipped(_Result):
    """The item cannot be sent as it is: it gets an issue and is not retried until it changes."""

    issue: IssueDraft


@dataclass(slots=True)
class Awaiting(_Result):
    """The target has queued the operation and reports the result later. Counted as if it was accepted."""

    step: Step
    failure: Failure


@dataclass(slots=True)
class Delayed(_Result):
    """The operation failed and is retried at `failure.not_before`."""

    failure: Failure


@dataclass(slots=True)
class Held(_Result):
    """The operation failed and waits for a person, or for a newer change of the item. It has an issue."""

    failure: Failure
    issue: IssueDraft


ChangeResult = Unchanged | Accepted | Computed | Skipped | Awaiting | Delayed | Held


def counter_of(result: ChangeResult) -> RunCounter.Outcome:
    """The counter of the run that the result adds to."""
    match result:
        case Unchanged():
            return Counter.UNCHANGED
        case Skipped():
            return Counter.SKIPPED
        case Delayed() | Held():
            return Counter.FAILED
        case Accepted(step=step) | Computed(step=step) | Awaiting(step=step):
            return action_counter(step.operation.action, result.item)


def action_counter(action: Action, item: Any) -> RunCounter.Outcome:
    """The counter of an operation. A category that is sent as hidden counts as disabled, not as updated (B10)."""
    counter = COUNTER_FOR_ACTION[action]
    return Counter.DISABLED if counter is Counter.UPDATED and not getattr(item, "visible", True) else counter


def failure_of(result: ChangeResult) -> Failure | None:
    """Why the change stays in the queue; None if it leaves it."""
    return result.failure if isinstance(result, (Awaiting, Delayed, Held)) else None


def issue_of(result: ChangeResult) -> IssueDraft | None:
    """The issue that the result opens."""
    return result.issue if isinstance(result, (Skipped, Held)) else None


def skipped(change: ChangeSnapshot, item: Any, job: Job, problem: Problem) -> Skipped:
    """The item has a problem, found by us or by the target."""
    return Skipped(change, item, _issue(job, change, item, problem))


def id_conflict(change: ChangeSnapshot, item: Any, job: Job, new: NewLink, *, holder_id: int) -> Held:
    """The target returned an ID that is linked to another item (L16)."""
    problem = issues.ID_IN_USE(
        external_id=new.external_id, kind=new.kind.partition("/")[0], wanted=new.item_id, holder=holder_id
    )
    failure = Failure(change, FailureKind.ID_IN_USE, f"The ID {new.external_id} is in use.", None)
    return Held(change, item, failure, _issue(job, change, item, problem))


def rejected(change: ChangeSnapshot, item: Any, job: Job, reason: str) -> Held:
    """The target rejected the item after it had queued it."""
    failure = Failure(change, FailureKind.REJECTED, reason, None)
    return Held(change, item, failure, _issue(job, change, item, issues.REJECTED(reason=reason)))


def worker_lost(change: ChangeSnapshot, item: Any, job: Job) -> Held:
    """The worker was lost each time it sent the item alone."""
    reason = "The worker stopped each time it tried to send this item."
    failure = Failure(change, FailureKind.WORKER_LOST, reason, None)
    return Held(change, item, failure, _issue(job, change, item, issues.NOT_SENT(reason=reason)))


def failed(
    change: ChangeSnapshot,
    item: Any,
    job: Job,
    error: Exception,
    *,
    not_before: datetime | None,
    isolated: bool = False,
) -> Delayed | Held:
    """The operation failed: retried at `not_before` (alone if `isolated`), or held for a person if that is None."""
    failure = Failure(change, _failure_kind(error), error_text(error), not_before, isolated)
    if not_before is not None:
        return Delayed(change, item, failure)
    return Held(change, item, failure, _issue(job, change, item, issues.NOT_SENT(reason=failure.error)))


def awaiting(step: Step, error: Queued, job: Job, *, policy: RetryPolicy, now: datetime) -> Awaiting | Held:
    """The target has queued the item. Checked again at `error.not_before`; held if there is no result for too long."""
    not_before = policy.next_check(queued_at=step.change.sent_at, now=now, not_before=error.not_before)
    failure = Failure(
        step.change,
        FailureKind.QUEUED,
        str(error),
        not_before,
        receipt_id=error.receipt_id,
        queued_hash=step.digest or b"",
    )
    if not_before is not None:
        return Awaiting(step.change, step.item, step, failure)
    problem = issues.NOT_SENT(reason=f"{error} There is no result after {policy.max_queued_age}.")
    return Held(step.change, step.item, failure, _issue(job, step.change, step.item, problem))


def _failure_kind(error: Exception) -> Change.FailureKind:
    match error:
        case TryAgainLater():
            return FailureKind.UNAVAILABLE
        case NeedsAttention():
            return FailureKind.ATTENTION
        case _:
            return FailureKind.INTERNAL


def _issue(job: Job, change: ChangeSnapshot, item: Any, problem: Problem) -> IssueDraft:
    return issue_draft(job, change, item, [problem if problem.fatal else replace(problem, fatal=True)])


def issue_draft(job: Job, change: ChangeSnapshot, item: Any, problems: list[Problem]) -> IssueDraft:
    """The issue of an exported item."""
    return synclog.issue_draft(
        ref=f"{job.item_kind}:{change.item_id}",
        problems=problems,
        kind=job.item_kind,
        item_id=change.item_id,
        title=_title(item),
        **platform_names(job),
    )


def _title(item: Any) -> str:
    """What people call the item. A vendor's part of an order has none: its number belongs to another seller (S9)."""
    fields = ("title", "name", "sku") if getattr(item, "principal", None) else ("title", "name", "sku", "number")
    return next((name for field in fields if (name := getattr(item, field, ""))), "")
