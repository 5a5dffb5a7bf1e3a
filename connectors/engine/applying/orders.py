"""Customers and orders: matched by what they refer to; what another is master of stays as it is (L17)."""

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Q

from catalog.models import Variant
from connectors.engine import filters
from connectors.engine.applying.collisions import lines_by_order, refuse_shared_claims, registry, repeated_line
from connectors.engine.applying.target import Links, Target, Written, known_id, links_by_external, lost_to_master
from hub.kinds import Kind
from hub.models import Master
from hub.records import Problem, Record
from orders import queries
from orders import services as orders
from orders.records import CustomerRecord, FulfilmentRecord, OrderRecord
from orders.services import CustomerDraft, FulfilmentDraft, OrderDraft, Saved
from synclog.models import ItemStatus


def judge_customers(target: Target, records: Sequence[Record]) -> None:
    """Who is enabled for B2B, where the source does not say it: by the rule of the job (D13)."""
    for record in records:
        if isinstance(record, CustomerRecord) and record.b2b_enabled is None:
            record.b2b_enabled = filters.enables_b2b(target.job.filters, record.group)


def write_customers(target: Target, records: Sequence[Record], links: Links) -> list[Written]:
    customers = [record for record in records if isinstance(record, CustomerRecord)]
    parents = links_by_external(target, Kind.CUSTOMER, [r.parent_id for r in customers if r.parent_id])
    known = {record.external_id: known_id(links, Kind.CUSTOMER, record) for record in customers}
    known |= _made_at_a_front(target, [record for record in customers if known[record.external_id] is None])
    saved = orders.save_customers(
        seller_id=target.seller_id,
        drafts=[
            CustomerDraft(record, known[record.external_id], parents.get(record.parent_id)) for record in customers
        ],
        groups=target.groups,
        origin=target.connection_id,
        now=target.now,
    )
    written = _written(target, Kind.CUSTOMER, Master.Group.CUSTOMERS, customers, saved)
    for record, result, outcome in zip(customers, saved, written, strict=True):
        if not result.complete:
            outcome.problems.append(
                Problem(
                    code="parent_missing",
                    message=f"Its parent, customer {record.parent_id}, is not here yet.",
                    mend="The next full sync looks for it again. If it stays away, see why it is not synced itself.",
                )
            )
    return written


def _made_at_a_front(target: Target, new: Sequence[CustomerRecord]) -> dict[str, int]:
    """External id → the customer here, of those who were made at a B2B front and are in the shop by now. Only who is
    enabled for B2B there: a shop's own customer of the same address is another account."""
    enabled = {record.email.upper(): record.external_id for record in new if record.b2b_enabled and record.email}
    found = queries.customers_of_nobody(seller_id=target.seller_id, emails=enabled) if enabled else {}
    return {enabled[email]: pk for email, pk in found.items()}


def write_orders(target: Target, records: Sequence[Record], links: Links) -> list[Written]:
    """An order whose ids or number are another's stays pending, and nothing is overwritten (L16)."""
    brought = [record for record in records if isinstance(record, OrderRecord)]
    refuse_shared_claims(brought)
    ids = {r.external_id: pk for r in brought if (pk := known_id(links, Kind.ORDER, r)) is not None}
    register = registry(target, brought, ids)
    customers = links_by_external(target, Kind.CUSTOMER, [r.customer_id for r in brought if r.customer_id])
    variants = _variants(target, brought)
    kept, drafts, pending = [], [], []
    for record in brought:
        order_id = ids.get(record.external_id)
        if problem := repeated_line(record):
            record.problems.append(problem)
        elif collision := register.collision(record, order_id):
            holder_id, problem = collision
            waits = Written(record, order_id or holder_id, Kind.ORDER, {}, state=ItemStatus.State.PENDING)
            waits.problems.append(problem)
            pending.append(waits)
        else:
            kept.append(record)
            drafts.append(
                OrderDraft(
                    record=record,
                    order_id=order_id,
                    customer_id=customers.get(record.customer_id),
                    line_ids=register.own_lines.get(order_id or 0, {}),
                    variant_ids=variants[record.external_id],
                )
            )
    saved = orders.save_orders(
        seller_id=target.seller_id,
        drafts=drafts,
        groups=target.groups,
        origin=target.connection_id,
        now=target.now,
    )
    written = _written(target, Kind.ORDER, Master.Group.ORDERS, kept, saved)
    for record, outcome in zip(kept, written, strict=True):
        outcome.problems += _strange_shipments(record)
    return written + pending


def write_fulfilments(target: Target, records: Sequence[Record], links: Links) -> list[Written]:
    """What a system has shipped of orders that it was sent. One that it was not, or whose sending has not been settled
    yet, is looked for again at the next full sync."""
    reported = [record for record in records if isinstance(record, FulfilmentRecord)]
    known, drafts = [], []
    ids = {r.external_id: pk for r in reported if (pk := known_id(links, Kind.ORDER, r)) is not None}
    lines = lines_by_order(target, queries.lines_of_orders(order_ids=ids.values()))
    for record in reported:
        if (order_id := ids.get(record.external_id)) is None:
            record.problems.append(
                Problem(
                    code="order_unknown",
                    message=f"It shipped something of an order {record.external_id}, which it was not sent from here.",
                    mend="The next full sync looks for it again. If it stays unknown, see where the order came from.",
                )
            )
            continue
        known.append(record)
        drafts.append(FulfilmentDraft(record, order_id, lines.get(order_id, {})))
    saved = orders.save_fulfilments(
        seller_id=target.seller_id,
        drafts=drafts,
        groups=target.groups,
        by_vendor=target.seller_id != target.job.connection.seller_id,
        origin=target.connection_id,
        now=target.now,
    )
    written = _written(target, Kind.ORDER, Master.Group.ORDERS, known, saved)
    for outcome in written:
        outcome.missing = links[Kind.ORDER, outcome.record.external_id].missing
    return written


def _variants(target: Target, records: Sequence[OrderRecord]) -> dict[str, dict[str, int]]:
    """Order → its lines → our variants, by the source's variant ids, else by SKU."""
    lines = [(record.external_id, line) for record in records for line in record.lines]
    linked = links_by_external(target, Kind.VARIANT, [line.variant_id for _, line in lines if line.variant_id])
    skus = {line.sku for _, line in lines if line.sku}
    live = Q(sku__in=skus, status__in=("live", "suspended"))
    rows = Variant.objects.filter(live | Q(pk__in=linked.values()), seller_id=target.seller_id)
    here, by_sku = set(), {}
    for pk, sku, status in rows.values_list("pk", "sku", "status"):
        here.add(pk)
        if status in ("live", "suspended"):
            by_sku[sku] = pk
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for order, line in lines:
        variant_id = linked.get(line.variant_id)
        if variant_id not in here:
            variant_id = by_sku.get(line.sku) if line.sku else None
        if variant_id is not None:
            found[order][line.external_id] = variant_id
    return found


def _written(
    target: Target, kind: Kind, group: Master.Group, records: Sequence[Record], saved: Sequence[Saved]
) -> list[Written]:
    return [
        Written(
            record=record,
            item_id=result.item_id,
            kind=kind,
            changes=None if result.created else result.changes,
            links={(Kind.ORDER_LINE, ext): line_id for ext, line_id in result.line_ids.items()},
            complete=result.complete and not result.lost,
            problems=[lost_to_master(target, group, result.lost)] if result.lost else [],
            state=ItemStatus.State.SKIPPED if result.lost and not result.changes else ItemStatus.State.SYNCED,
        )
        for record, result in zip(records, saved, strict=True)
    ]


def _strange_shipments(record: OrderRecord) -> list[Problem]:
    lines = {line.external_id for line in record.lines}
    return [
        Problem(
            code="shipment_of_unknown_item",
            message=f"Shipment {shipment.external_id} holds items that the order does not have: {', '.join(unknown)}.",
            mend="Look at the order's shipments where they come from.",
        )
        for shipment in record.shipments or ()
        if (unknown := sorted(shipment.lines.keys() - lines))
    ]
