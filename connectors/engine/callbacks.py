"""Results that targets report later for requests that they had queued (connectors.sdk.webhooks.Receipt).

They are processed in the lane that makes the requests, so no request is in flight then. Only expected results are
applied: the IDs of items that are being created, and the rejection of what was sent last. Duplicate and late callbacks
are ignored.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from operator import attrgetter

from django.db.models import Case, When

from catalog.models import Variant
from connectors.engine import loading
from connectors.engine.settling import Batch
from connectors.engine.settling.in_doubt import forget_sent
from connectors.engine.settling.results import id_conflict, rejected
from connectors.sdk.webhooks import Receipt
from hub import links, queue
from hub.kinds import Kind
from hub.links import NewLink
from hub.models import Change, Job

# The most that the clocks of PostgreSQL and of a worker may differ.
_CLOCK_SKEW = timedelta(seconds=2)


@dataclass(slots=True)
class _ReceiptSummary:
    """The receipts for one variant; `item_id` is the ID of the item of the job's kind.

    `created` is the latest receipt saying that it was created, `rejections` are the later ones with an error. The order
    is that of the requests, since callbacks may arrive in any order.
    """

    sku: str
    item_id: int
    variant_id: int
    product_id: int
    created: Receipt | None = None
    rejections: list[Receipt] = field(default_factory=list)

    def add(self, receipt: Receipt) -> None:
        if receipt.error:
            self.rejections.append(receipt)
        else:
            self.created, self.rejections = receipt, []


def process_receipts(job: Job, receipts: Sequence[Receipt]) -> Batch:
    """Link the created items and make their waiting changes ready; return the rejected ones, to be settled as failed.

    Runs inside a settling transaction of the job's lane.
    """
    summaries = _summarise(job, receipts)
    changes = {
        row.item_id: row for row in Change.objects.filter(job=job, item_id__in={each.item_id for each in summaries})
    }
    created = [
        (each, each.created)
        for each in summaries
        if each.created and _is_awaited(each.created, changes.get(each.item_id))
    ]
    in_use = _link_created(job, created)
    reasons = _rejection_reasons(job, summaries, changes)
    accepted = [each for each, _ in created if each.item_id not in in_use and each.item_id not in reasons]
    for kind, ids in (
        (Kind.PRODUCT, {each.product_id for each in accepted}),
        (Kind.VARIANT, {each.variant_id for each in accepted}),
    ):
        queue.make_ready(connection=job.connection, kind=kind, item_ids=ids, held_for=Change.FailureKind.REJECTED)
    forget_sent(job, list(reasons))
    queue.enqueue_for_job(job=job, kind=Kind(job.item_kind), item_ids=reasons.keys() - changes.keys())
    return _results_batch(job, in_use, reasons)


def _summarise(job: Job, receipts: Sequence[Receipt]) -> list[_ReceiptSummary]:
    """The receipts by variant of the connection's seller. Of several variants with one SKU, one on offer is chosen."""
    if job.connection.seller_id is None:
        return []
    offered = Case(When(status__in=("live", "suspended"), then=1), default=0)
    rows = Variant.objects.filter(seller_id=job.connection.seller_id, sku__in={receipt.sku for receipt in receipts})
    owners = {sku: ids for sku, *ids in rows.order_by(offered, "pk").values_list("sku", "pk", "product_id")}
    by_product = job.item_kind == Kind.PRODUCT
    summaries = {
        sku: _ReceiptSummary(sku, product if by_product else pk, pk, product) for sku, (pk, product) in owners.items()
    }
    for receipt in sorted(receipts, key=attrgetter("requested_at")):
        if receipt.sku in summaries:
            summaries[receipt.sku].add(receipt)
    return list(summaries.values())


def _is_awaited(receipt: Receipt, change: Change | None) -> bool:
    """Whether the item was sent, its result is still unknown, and the receipt is for that request, not an older one."""
    if change is None or change.sent_at is None:
        return False
    return receipt.requested_at + _CLOCK_SKEW >= change.created_at


def _rejection_reasons(
    job: Job, summaries: Sequence[_ReceiptSummary], changes: dict[int, Change]
) -> dict[int, list[str]]:
    """Item ID → why the target rejected what it had queued or accepted. Items that will be sent again anyway are left
    out."""
    accepted = links.of_job(job).filter(
        item_id__in={each.item_id for each in summaries} - changes.keys(), missing=False, sent_hash__isnull=False
    )
    sent = dict(accepted.values_list("item_id", "sent_at"))
    found: dict[int, list[str]] = defaultdict(list)
    for each in summaries:
        change, sent_at = changes.get(each.item_id), sent.get(each.item_id)
        for receipt in each.rejections:
            queued = (
                change is not None and change.failure_kind == Change.FailureKind.QUEUED and _is_awaited(receipt, change)
            )
            if queued or (sent_at and receipt.requested_at >= sent_at):
                found[each.item_id].append(f"{each.sku}: {receipt.error}")
    return found


def _link_created(job: Job, created: Sequence[tuple[_ReceiptSummary, Receipt]]) -> dict[int, tuple[NewLink, int]]:
    """Link variants and their products to the IDs that the target gave them; a linked product keeps its ID.

    An ID that is linked to another item is not reassigned (L16). Returns item ID → (the link that the
    target reported, the item that has the ID).
    """
    product_ids = {each.product_id for each, _ in created}
    linked = links.of_kind(job.connection_id, Kind.PRODUCT).filter(missing=False, item_id__in=product_ids)
    known = set(linked.values_list("item_id", flat=True))
    new_links: dict[NewLink, int] = {}
    for each, receipt in created:
        new_links[NewLink(Kind.VARIANT, receipt.external_id, each.variant_id)] = each.item_id
        if each.product_id not in known:
            new_links[NewLink(Kind.PRODUCT, receipt.product_id, each.product_id)] = each.item_id
    conflicts = links.find_conflicts(job.connection_id, list(new_links))
    in_use = {new_links[new]: (new, holder_id) for new, holder_id in conflicts.items()}
    links.save_reported(
        connection_id=job.connection_id,
        ids={(new.kind, new.item_id): new.external_id for new, item_id in new_links.items() if item_id not in in_use},
    )
    return in_use


def _results_batch(job: Job, in_use: dict[int, tuple[NewLink, int]], reasons: dict[int, list[str]]) -> Batch:
    ids: Collection[int] = in_use.keys() | reasons.keys()
    items = loading.load(job.item_kind, list(ids))
    batch = Batch(job)
    for change in queue.reload_changes(Change.objects.filter(job=job, item_id__in=ids).values_list("pk", flat=True)):
        item = items.get(change.item_id)
        if found := in_use.get(change.item_id):
            new, holder_id = found
            batch.results.append(id_conflict(change, item, job, new, holder_id=holder_id))
        else:
            batch.results.append(rejected(change, item, job, "\n".join(reasons[change.item_id])))
    return batch
