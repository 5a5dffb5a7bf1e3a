"""Decides what to do with each change of a batch: create, update, remove, skip, or nothing.

Items are read in their current state, whatever caused the change. An item is sent only if the hash of its payload
differs from the one last sent (D5). An item that no longer matches the job's filters or the target's rules is removed.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from accounts.models import Seller
from connectors.engine import dropship, filters, loading
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation
from connectors.sdk.serialization import canonical_json
from connectors.sdk.streams import Target
from hub import links
from hub.kinds import Kind
from hub.models import Change, Job, Link
from hub.queue import ChangeSnapshot
from hub.records import Problem

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Step:
    """One change with its operation; `digest` is the hash of the payload, None for a removal."""

    change: ChangeSnapshot
    operation: Operation[Any]
    digest: bytes | None
    item: Any
    link: Link | None
    revision: int | None = None


@dataclass(slots=True)
class Decision:
    """The changes of a batch, grouped by what has to be done with them."""

    steps: list[Step] = field(default_factory=list)
    unchanged: list[tuple[ChangeSnapshot, Any, Link | None]] = field(default_factory=list)
    skipped: list[tuple[ChangeSnapshot, Any, Problem]] = field(default_factory=list)
    failed: list[tuple[ChangeSnapshot, Any, Exception]] = field(default_factory=list)


def digest(payload: Any) -> bytes:
    return blake2b(canonical_json(payload), digest_size=16).digest()


def decide(target: Target[Any, Any, Any], job: Job, changes: Sequence[ChangeSnapshot]) -> Decision:
    """Load the items of the changes and decide the operation for each, in a fixed number of queries."""
    ids = [change.item_id for change in changes]
    items = loading.load(job.item_kind, ids)
    not_served = dropship.restrict_to_vendor(job.connection, items) if job.item_kind == Kind.ORDER else set()
    links_by_item = links.by_item(job, ids)
    refs = loading.references(job.connection, items.values())
    deleted_sellers = _deleted_sellers(items.values())
    decision = Decision()
    for change in changes:
        item, link = items.get(change.item_id), links_by_item.get(change.item_id)
        if getattr(item, "seller_id", None) in deleted_sellers or change.item_id in not_served:
            # Enqueued before its seller was deleted (L13), or for a vendor that no longer serves that seller (S9): it
            # is ignored, and not removed either.
            decision.unchanged.append((change, item, None))
            continue
        try:
            payload = None
            if item is not None and filters.matches(job.filters, item):
                filters.restrict_stock(job.filters, item)
                payload = target.payload(item, refs)
        except SkipRecord as error:
            decision.skipped.append((change, item, error.problem))
            continue
        except Exception as error:
            logger.exception(
                "%s cannot build a payload for %s %s", type(target).__name__, job.item_kind, change.item_id
            )
            decision.failed.append((change, item, error))
            continue
        revision = getattr(item, "revision", None)
        # An item that is missing at the target is created again, under its old ID if it had one.
        current_link = link if link is not None and not link.missing else None
        # While the target's state is in doubt, there is nothing reliable to compare with.
        previous = (
            current_link.payload.sent
            if current_link and current_link.sent_hash and hasattr(current_link, "payload")
            else None
        )
        if payload is None:
            if current_link is not None and change.run_id and _only_imported(current_link):
                decision.unchanged.append((change, item, link))  # it is the platform's own
            elif current_link is not None:
                operation = Operation(Action.REMOVE, change.item_id, current_link.external_id, None, previous)
                operation.queued_at, operation.receipt_id = _queued_at(change), change.receipt_id
                decision.steps.append(Step(change, operation, None, item, link, revision))
            elif change.sent_at is not None:
                # Its creation was not answered, so it may exist at the target.
                operation = Operation(Action.REMOVE, change.item_id, "", None)
                decision.steps.append(Step(change, operation, None, item, None, revision))
            else:
                decision.unchanged.append((change, item, link))
            continue
        new = digest(payload)
        if current_link is not None and current_link.sent_hash is not None and bytes(current_link.sent_hash) == new:
            decision.unchanged.append((change, item, link))
            continue
        operation = Operation(
            Action.UPDATE if current_link else Action.CREATE,
            change.item_id,
            link.external_id if link else "",
            payload,
            previous,
            attempts=change.attempts,
            queued_at=_queued_at(change),
            receipt_id=change.receipt_id,
        )
        decision.steps.append(Step(change, operation, new, item, link, revision))
    return decision


def _only_imported(link: Link) -> bool:
    """Whether the item was imported from the target, and never sent to it."""
    return link.received_hash is not None and link.sent_at is None


def _queued_at(change: ChangeSnapshot) -> datetime | None:
    """When the target took the change into its queue, as long as its outcome is unknown."""
    return change.sent_at if change.receipt_id or change.failure_kind == Change.FailureKind.QUEUED else None


def _deleted_sellers(items: Iterable[Any]) -> set[int]:
    owners = {seller_id for item in items if (seller_id := getattr(item, "seller_id", None))}
    return set(Seller.objects.filter(pk__in=owners, status=Seller.Status.DELETED).values_list("pk", flat=True))
