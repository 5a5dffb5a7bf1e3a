"""Saves imported customers, orders and shipments. Fields with another source of truth are kept (L17)."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from django.db.models import Q

from catalog.models import Variant
from connectors.engine import filters
from connectors.engine.applying import unknown_variants
from connectors.engine.applying.collisions import (
    build_order_index,
    lines_by_order,
    reject_duplicate_claims,
    repeated_line,
)
from connectors.engine.applying.context import (
    ImportContext,
    Links,
    WriteResult,
    known_id,
    not_master_problem,
)
from connectors.engine.loading import runs_on
from connectors.models import StorefrontCheckout
from connectors.sdk import issues
from hub import links
from hub.kinds import Kind
from hub.models import Master
from hub.records import Problem, Record
from hub.references import Reference
from orders import queries
from orders import services as orders
from orders.records import CustomerRecord, FulfilmentRecord, OrderRecord
from orders.services import CustomerDraft, FulfilmentDraft, OrderDraft, SaveResult
from synclog.models import ItemStatus


def set_b2b_enabled(context: ImportContext, records: Sequence[Record]) -> None:
    """Apply the job's rule for enabling B2B to customers for whom the source does not specify it (D13)."""
    for record in records:
        if isinstance(record, CustomerRecord) and record.b2b_enabled is None:
            record.b2b_enabled = filters.enables_b2b(context.job.filters, record.group)


def write_customers(context: ImportContext, records: Sequence[Record], known: Links) -> list[WriteResult]:
    customers = [record for record in records if isinstance(record, CustomerRecord)]
    parents = links.item_ids(context.connection_id, Kind.CUSTOMER, [r.parent_id for r in customers if r.parent_id])
    ids = {record.external_id: known_id(known, Kind.CUSTOMER, record) for record in customers}
    ids |= _match_storefront_customers(context, [record for record in customers if ids[record.external_id] is None])
    saved = orders.save_customers(
        seller_id=context.seller_id,
        drafts=[CustomerDraft(record, ids[record.external_id], parents.get(record.parent_id)) for record in customers],
        groups=context.groups,
        origin=context.connection_id,
        now=context.now,
    )
    written = _written(context, Kind.CUSTOMER, Master.Group.CUSTOMERS, customers, saved)
    orders.assign_customers(
        seller_id=context.seller_id,
        source_id=context.connection_id,
        customers={record.external_id: result.item_id for record, result in zip(customers, saved, strict=True)},
        origin=context.connection_id,
        now=context.now,
    )
    for record, result, outcome in zip(customers, saved, written, strict=True):
        outcome.unresolved[Kind.CUSTOMER, result.item_id] = set()
        if not result.complete:
            outcome.unresolved[Kind.CUSTOMER, result.item_id] = {Reference(Kind.CUSTOMER, record.parent_id)}
            outcome.problems.append(issues.PARENT_CUSTOMER_MISSING(customer=record.parent_id))
    return written


def _match_storefront_customers(context: ImportContext, new: Sequence[CustomerRecord]) -> dict[str, int]:
    """External ID → our ID of customers who were created in a B2B storefront and have since been added to the shop.

    Only those that the shop has enabled for B2B: a retail customer with the same email address is another account.
    """
    enabled = {record.email.upper(): record.external_id for record in new if record.b2b_enabled and record.email}
    found = queries.customers_without_source(seller_id=context.seller_id, emails=enabled) if enabled else {}
    return {enabled[email]: pk for email, pk in found.items()}


def _name_storefront_carts(context: ImportContext, records: Sequence[OrderRecord]) -> None:
    """Orders that were made of a storefront's cart carry the storefront's ID of it instead of the shop's (D14)."""
    carts = {cart for record in records if (cart := record.cart_id or record.shop_cart)}
    if not carts:
        return
    rows = StorefrontCheckout.objects.filter(storefront__seller=context.seller_id, shop_cart__in=carts)
    # If several became the same cart of the shop, it is that of the one which became an order.
    found = list(rows.select_related("storefront__seller").order_by("order_id", "pk"))
    # The carts of two shops may have the same ID.
    own = {
        storefront for storefront in {each.storefront for each in found} if runs_on(storefront, context.connection_id)
    }
    known = {each.shop_cart: str(each.cart_id) for each in found if each.storefront in own}
    for record in records:
        if (cart := record.cart_id or record.shop_cart) in known:
            record.cart_id, record.placed_through_b2b = known[cart], True


def write_orders(context: ImportContext, records: Sequence[Record], known: Links) -> list[WriteResult]:
    """Save orders. One whose IDs or number belong to another order stays pending; nothing is overwritten (L16)."""
    incoming = [record for record in records if isinstance(record, OrderRecord)]
    _name_storefront_carts(context, incoming)
    reject_duplicate_claims(incoming)
    ids = {r.external_id: pk for r in incoming if (pk := known_id(known, Kind.ORDER, r)) is not None}
    order_index = build_order_index(context, incoming, ids)
    customers = links.item_ids(context.connection_id, Kind.CUSTOMER, [r.customer_id for r in incoming if r.customer_id])
    variants = _variants(context, incoming)
    kept, drafts, pending = [], [], []
    for record in incoming:
        order_id = ids.get(record.external_id)
        if problem := repeated_line(record):
            record.problems.append(problem)
        elif collision := order_index.collision(record, order_id):
            holder_id, problem = collision
            pending_result = WriteResult(record, order_id or holder_id, Kind.ORDER, {}, state=ItemStatus.State.PENDING)
            pending_result.problems.append(problem)
            pending.append(pending_result)
        else:
            kept.append(record)
            drafts.append(
                OrderDraft(
                    record=record,
                    order_id=order_id,
                    customer_id=customers.get(record.customer_id),
                    line_ids=order_index.own_lines.get(order_id or 0, {}),
                    variant_ids=variants[record.external_id],
                )
            )
    saved = orders.save_orders(
        seller_id=context.seller_id,
        drafts=drafts,
        groups=context.groups,
        origin=context.connection_id,
        now=context.now,
    )
    written = _written(context, Kind.ORDER, Master.Group.ORDERS, kept, saved)
    unknown = unknown_variants.find_problems(context, kept, variants)
    for record, outcome in zip(kept, written, strict=True):
        outcome.problems += _unknown_shipment_items(record)
        outcome.problems += unknown.get(record.external_id, [])
        outcome.unresolved = _unknown_variants(record, outcome, variants[record.external_id])
    return written + pending


def write_fulfilments(context: ImportContext, records: Sequence[Record], known: Links) -> list[WriteResult]:
    """Save shipments of orders that were exported to the system. A shipment of an order that is not linked, or not
    settled yet, is retried at the next full sync."""
    reported = [record for record in records if isinstance(record, FulfilmentRecord)]
    kept, drafts = [], []
    ids = {r.external_id: pk for r in reported if (pk := known_id(known, Kind.ORDER, r)) is not None}
    lines = lines_by_order(context, queries.lines_of_orders(order_ids=ids.values()))
    for record in reported:
        if (order_id := ids.get(record.external_id)) is None:
            record.problems.append(issues.ORDER_UNKNOWN(order=record.external_id))
            continue
        kept.append(record)
        drafts.append(FulfilmentDraft(record, order_id, lines.get(order_id, {})))
    saved = orders.save_fulfilments(
        seller_id=context.seller_id,
        drafts=drafts,
        groups=context.groups,
        by_vendor=context.seller_id != context.job.connection.seller_id,
        origin=context.connection_id,
        now=context.now,
    )
    written = _written(context, Kind.ORDER, Master.Group.ORDERS, kept, saved)
    for outcome in written:
        outcome.missing = known[Kind.ORDER, outcome.record.external_id].missing
    return written


def _variants(context: ImportContext, records: Sequence[OrderRecord]) -> dict[str, dict[str, int]]:
    """Order → its lines → our variant IDs, matched by the source's variant IDs, else by SKU."""
    lines = [(record.external_id, line) for record in records for line in record.lines]
    linked = links.item_ids(
        context.connection_id, Kind.VARIANT, [line.variant_id for _, line in lines if line.variant_id]
    )
    skus = {line.sku for _, line in lines if line.sku}
    live = Q(sku__in=skus, status__in=("live", "suspended"))
    rows = Variant.objects.filter(live | Q(pk__in=linked.values()), seller_id=context.seller_id)
    existing, by_sku = set(), {}
    for pk, sku, status in rows.values_list("pk", "sku", "status"):
        existing.add(pk)
        if status in ("live", "suspended"):
            by_sku[sku] = pk
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for order, line in lines:
        variant_id = linked.get(line.variant_id)
        if variant_id not in existing:
            variant_id = by_sku.get(line.sku) if line.sku else None
        if variant_id is not None:
            found[order][line.external_id] = variant_id
    return found


def _unknown_variants(
    record: OrderRecord, outcome: WriteResult, known: dict[str, int]
) -> dict[tuple[Kind, int], Collection[Reference]]:
    """The variants of lines that are not here yet. Old orders have variants that never come, so they are left out."""
    if record.status not in queries.OPEN_STATUSES:
        return {}
    unknown = {line.external_id: line.variant_id for line in record.lines if line.external_id not in known}
    return {
        (Kind.ORDER_LINE, line_id): {Reference(Kind.VARIANT, unknown[external_id])}
        if unknown.get(external_id)
        else set()
        for (_, external_id), line_id in outcome.links.items()
    }


def _written(
    context: ImportContext, kind: Kind, group: Master.Group, records: Sequence[Record], saved: Sequence[SaveResult]
) -> list[WriteResult]:
    return [
        WriteResult(
            record=record,
            item_id=result.item_id,
            kind=kind,
            changes=None if result.created else result.changes,
            links={(Kind.ORDER_LINE, ext): line_id for ext, line_id in result.line_ids.items()},
            complete=result.complete and not result.conflicts,
            problems=[not_master_problem(context, group, result.conflicts)] if result.conflicts else [],
            state=ItemStatus.State.SKIPPED if result.conflicts and not result.changes else ItemStatus.State.SYNCED,
        )
        for record, result in zip(records, saved, strict=True)
    ]


def _unknown_shipment_items(record: OrderRecord) -> list[Problem]:
    lines = {line.external_id for line in record.lines}
    return [
        issues.SHIPMENT_ITEM_UNKNOWN(shipment=shipment.external_id, lines=", ".join(unknown))
        for shipment in record.shipments or ()
        if (unknown := sorted(shipment.lines.keys() - lines))
    ]
