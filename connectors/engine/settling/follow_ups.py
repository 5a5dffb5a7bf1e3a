"""Changes that a batch makes possible: items that could not be sent before the target had another item."""

from collections.abc import Collection, Sequence

from django.db.models import Exists, OuterRef, QuerySet

from catalog.models import Product
from connectors.engine.settling.batch import Batch
from connectors.engine.settling.results import Accepted
from connectors.sdk.operations import Action
from hub import links, queue
from hub.kinds import Direction, Kind
from hub.models import Job
from orders.models import Order

_NOT_ENDED = (Order.Status.PENDING, Order.Status.CONFIRMED, Order.Status.PARTLY_SHIPPED)


def enqueue(batch: Batch, linked: Sequence[tuple[str, int]]) -> None:
    """Enqueue what waited for the items of the batch. `linked`: (kind, our ID) of related objects with a new ID."""
    created = [
        result.change.item_id
        for result in batch.results
        if isinstance(result, Accepted) and result.step.operation.action is Action.CREATE
    ]
    _enqueue_variants(batch.job, [pk for kind, pk in linked if kind == Kind.VARIANT])
    _enqueue_referring_products(batch.job, created)
    _enqueue_waiting_orders(batch.job, created)


def _enqueue_variants(job: Job, variant_ids: Collection[int]) -> None:
    """Enqueue variants for the stock and price jobs, which could not send them before the target had the variants.

    Changes of those jobs are locked after this job's own, in the same order as when a product is saved.
    """
    if variant_ids:
        for other in _exports(job, Kind.VARIANT).order_by("pk"):
            queue.enqueue_for_job(job=other, kind=Kind.VARIANT, item_ids=variant_ids)


def _enqueue_referring_products(job: Job, item_ids: Collection[int]) -> None:
    """Enqueue products that were sent before their brand or category existed at the target (B5)."""
    if not item_ids or job.item_kind not in (Kind.BRAND, Kind.CATEGORY):
        return
    of_these = {"brand_id__in": item_ids} if job.item_kind == Kind.BRAND else {"categories__in": item_ids}
    linked = links.of_kind(job.connection_id, Kind.PRODUCT).filter(missing=False)
    waiting = Product.objects.filter(**of_these, pk__in=linked.values("item_id")).values_list("pk", flat=True)
    for other in _exports(job, Kind.PRODUCT).order_by("pk"):
        queue.enqueue_for_job(job=other, kind=Kind.PRODUCT, item_ids=set(waiting))


def _enqueue_waiting_orders(job: Job, customer_ids: Collection[int]) -> None:
    """Enqueue orders that waited until the target has their customers (M10)."""
    if not customer_ids or job.item_kind != Kind.CUSTOMER:
        return
    sent = links.of_kind(job.connection_id, Kind.ORDER).filter(item_id=OuterRef("pk"))
    orders = Order.objects.filter(~Exists(sent), customer_id__in=customer_ids, status__in=_NOT_ENDED)
    waiting = set(orders.values_list("pk", flat=True))
    for other in _exports(job, Kind.ORDER).order_by("pk"):
        queue.enqueue_for_job(job=other, kind=Kind.ORDER, item_ids=waiting)


def _exports(job: Job, kind: Kind) -> QuerySet[Job]:
    """The enabled export jobs of a kind at the job's connection."""
    return Job.objects.filter(connection=job.connection, direction=Direction.EXPORT, enabled=True, item_kind=kind)
