"""All writes of customers and orders. Each compares before it writes, and tells the queue what really changed.

Differences are made for timelines, so personal values (those that the masking policy masks) stand there only as "…".
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, astuple, dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from django.db import DataError, transaction
from django.db.models import BigIntegerField, Func, Value

from hub.kinds import Kind
from hub.models import Master
from hub.queue import enqueue
from orders.items import OrderItem, OrderLineItem, ShipmentItem, load_customers, load_orders
from orders.models import Address, Customer, CustomerGroup, Order, OrderLine, Shipment, ShipmentLine
from orders.policy import POLICY
from orders.records import AddressRecord, CustomerRecord, OrderLineRecord, OrderRecord, ShipmentRecord

Changes = dict[str, list[Any]]
_Item = TypeVar("_Item")

HIDDEN = ["…", "…"]
_PERSONAL = {
    name
    for table in ("orders_customer", "orders_order")
    for name, rule in POLICY[table].items()
    if rule.startswith("mask:")
}
# As many decimals as the columns keep: a finer value would differ from itself at every read.
_MONEY = Decimal("0.0001")
_THOUSANDTHS = Decimal("0.001")

_CUSTOMER = (
    "email", "first_name", "last_name", "company_name", "phone", "tax_id", "group", "accounting_id",
    "sales_agent_groups", "price_lists", "payment_on_account", "note",
)  # fmt: skip
_ORDER = (
    "number", "placed_at", "currency", "placed_through_b2b", "cart_id", "customer_note", "internal_note",
    "ip_address", "status", "source_status",
)  # fmt: skip
_ORDER_AMOUNTS = ("total", "tax", "shipping_cost")
_LINE = ("position", "sku", "title", "vendor", "status")
_LINE_AMOUNTS = ("quantity", "unit_price")
# What becomes of an order is the business of the master of orders (L17). What was said when it was placed is not: that
# comes from the connection that brought the order, and no other writes it.
_COURSE = {"status", "source_status", *_ORDER_AMOUNTS, *_LINE_AMOUNTS}


@dataclass(slots=True)
class CustomerDraft:
    """A record with its parent resolved to our id, unless the parent stands in the same page.

    `customer_id` None makes a new customer.
    """

    record: CustomerRecord
    customer_id: int | None = None
    parent_id: int | None = None


@dataclass(slots=True)
class OrderDraft:
    """A record with everything it refers to resolved to our ids. `order_id` None makes a new order.

    `line_ids` are all lines that this source has brought for the order before, by external id: those that the record
    lacks are cancelled. `variant_ids` are the variants of the record's lines, by the line's external id.
    """

    record: OrderRecord
    order_id: int | None = None
    customer_id: int | None = None
    line_ids: dict[str, int] = field(default_factory=dict)
    variant_ids: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Saved:
    """What became of a draft. `changes` is empty where nothing changed: field → [before, after].

    `lost` names fields in which the source differs from the master, whose values stay (L17). `complete` is False where
    the record refers to something that is not here yet. `line_ids` are an order's lines by external id.
    """

    item_id: int
    created: bool
    changes: Changes = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    complete: bool = True
    line_ids: dict[str, int] = field(default_factory=dict)


@transaction.atomic
def save_customers(
    *, seller_id: int, drafts: Sequence[CustomerDraft], groups: Collection[str], origin: int, now: datetime
) -> list[Saved]:
    """Write drafts of one seller, in their order; whole pages in a fixed number of statements.

    `groups` are the field groups (hub.models.Master.Group) that the source is master of. Raises DataError or
    IntegrityError for values that PostgreSQL refuses: nothing of the page is written then, and the caller tries the
    drafts singly.
    """
    master = Master.Group.CUSTOMERS in groups
    known = _load_locked(Customer, load_customers, [draft.customer_id for draft in drafts])
    group_ids = _groups(seller_id, {draft.record.group for draft in drafts if draft.record.group})
    values = [_customer_values(draft.record) for draft in drafts]
    created = iter(
        Customer.objects.bulk_create(
            Customer(seller_id=seller_id, created_at=now, updated_at=now, **_columns(each, group_ids))
            for draft, each in zip(drafts, values, strict=True)
            if draft.customer_id is None
        )
    )
    saved = [Saved(d.customer_id or next(created).pk, created=d.customer_id is None) for d in drafts]
    in_page = {draft.record.external_id: result.item_id for draft, result in zip(drafts, saved, strict=True)}
    updated, adopted, addresses = [], [], []
    for draft, result, after in zip(drafts, saved, values, strict=True):
        parent_id = draft.parent_id or in_page.get(draft.record.parent_id)
        result.complete = not draft.record.parent_id or parent_id is not None
        brought = draft.record.addresses
        if result.created:
            if parent_id is not None:
                adopted.append(Customer(pk=result.item_id, parent_id=parent_id))
            addresses.append((result, brought or []))
            continue
        item = known[result.item_id]
        after["parent_id"] = parent_id if result.complete else item.parent_id
        # It was deleted there, and is there again.
        after["status"] = str(Customer.Status.ACTIVE) if item.status == Customer.Status.DELETED else item.status
        if _admit(result, item, after, lambda name: master):
            updated.append(Customer(pk=item.id, **_columns(after, group_ids)))
        differ = brought is not None and _addresses_differ(item.addresses, brought)
        if differ and _note(result, "addresses", HIDDEN, master):
            addresses.append((result, brought or []))
    if updated:
        fields = [*_CUSTOMER, "discount_percentage", "b2b_enabled", "parent", "status"]
        Customer.objects.bulk_update(updated, fields)
    if adopted:
        Customer.objects.bulk_update(adopted, ["parent"])
    _replace_addresses(seller_id, "customer_id", addresses)
    _announce(Customer, Kind.CUSTOMER, seller_id, saved, origin, now)
    return saved


@transaction.atomic
def delete_customers(
    *, seller_id: int, customer_ids: Collection[int], origin: int | None, now: datetime
) -> dict[int, Changes]:
    """Customers that their source says it has no more; their orders stay. Returns what changed, by customer."""
    rows = Customer.objects.filter(pk__in=customer_ids, seller_id=seller_id).exclude(status=Customer.Status.DELETED)
    before = dict(rows.order_by("pk").select_for_update().values_list("pk", "status"))
    Customer.objects.filter(pk__in=before.keys()).update(status=Customer.Status.DELETED)
    _raise_revisions(Customer, before.keys(), now)
    enqueue(seller_id=seller_id, kind=Kind.CUSTOMER, item_ids=before.keys(), origin=origin)
    return {pk: {"status": [status, str(Customer.Status.DELETED)]} for pk, status in before.items()}


def _customer_values(record: CustomerRecord) -> dict[str, Any]:
    discount = record.discount_percentage
    return {name: getattr(record, name) for name in _CUSTOMER} | {
        "discount_percentage": None if discount is None else _rounded(discount, _THOUSANDTHS),
        "b2b_enabled": bool(record.b2b_enabled),
    }


def _columns(values: dict[str, Any], group_ids: dict[str, int]) -> dict[str, Any]:
    columns = {name: value for name, value in values.items() if name != "group"}
    return columns | {"group_id": group_ids.get(values["group"])}


def _groups(seller_id: int, names: set[str]) -> dict[str, int]:
    """Customer groups by name, made as needed."""
    rows = CustomerGroup.objects.filter(seller_id=seller_id, name__in=names)
    found = dict(rows.values_list("name", "pk"))
    if missing := names - found.keys():
        CustomerGroup.objects.bulk_create(
            [CustomerGroup(seller_id=seller_id, name=name) for name in sorted(missing)], ignore_conflicts=True
        )
        found = dict(rows.values_list("name", "pk"))
    return found


@dataclass(slots=True)
class _Entry:
    """A draft of an order, what it was before (None: it is new), and what its source may write of it."""

    draft: OrderDraft
    result: Saved
    item: OrderItem | None
    source: bool
    master: bool

    def may_write(self, name: str) -> bool | None:
        """None: this was never the source's to say, so that a difference is no conflict."""
        return self.master if name in _COURSE else (self.source or None)


@transaction.atomic
def save_orders(
    *, seller_id: int, drafts: Sequence[OrderDraft], groups: Collection[str], origin: int, now: datetime
) -> list[Saved]:
    """Write drafts of one seller, in their order; whole pages in a fixed number of statements. Raises as above.

    `origin` is the connection they come from, and the source of those that are new. A line that this connection has
    not brought before is first looked for among the order's lines with the same SKU.
    """
    known = _load_locked(Order, load_orders, [draft.order_id for draft in drafts])
    created = iter(
        Order.objects.bulk_create(
            Order(seller_id=seller_id, source_id=origin, updated_at=now, **_order_values(draft))
            for draft in drafts
            if draft.order_id is None
        )
    )
    entries = []
    for draft in drafts:
        item = None if draft.order_id is None else known[draft.order_id]
        entries.append(
            _Entry(
                draft=draft,
                result=Saved(next(created).pk if item is None else item.id, created=item is None),
                item=item,
                source=item is None or item.source_id == origin,
                master=item is None or Master.Group.ORDERS in groups,
            )
        )
    _update_orders(entries)
    _save_lines(seller_id, entries)
    _save_shipments(seller_id, entries)
    _save_addresses_of_orders(seller_id, entries)
    saved = [entry.result for entry in entries]
    _announce(Order, Kind.ORDER, seller_id, saved, origin, now)
    return saved


def _order_values(draft: OrderDraft) -> dict[str, Any]:
    record = draft.record
    amounts = {name: _rounded(getattr(record, name), _MONEY) for name in _ORDER_AMOUNTS}
    return {name: getattr(record, name) for name in _ORDER} | amounts | {"customer_id": draft.customer_id}


def _update_orders(entries: Iterable[_Entry]) -> None:
    rows = []
    for entry in entries:
        draft, item = entry.draft, entry.item
        entry.result.complete = not draft.record.customer_id or draft.customer_id is not None
        if item is None:
            continue
        values = _order_values(draft)
        if not entry.result.complete:
            values["customer_id"] = item.customer_id
        if admitted := _admit(entry.result, item, values, entry.may_write):
            rows.append(Order(pk=item.id, **_merged(item, values, admitted)))
    if rows:
        Order.objects.bulk_update(rows, [*_ORDER, *_ORDER_AMOUNTS, "customer"])


def _save_lines(seller_id: int, entries: Iterable[_Entry]) -> None:
    new, updated = [], []
    for entry in entries:
        result, matches = entry.result, _match_lines(entry)
        for record in entry.draft.record.lines:
            item = matches.get(record.external_id)
            values = _line_values(record, entry.draft.variant_ids.get(record.external_id), item)
            if item is None:
                if result.created or _note(result, _label(record), [None, "new line"], entry.master):
                    row = OrderLine(seller_id=seller_id, order_id=result.item_id, **values)
                    new.append((row, record, result))
                continue
            result.line_ids[record.external_id] = item.id
            if admitted := _admit(result, item, values, entry.may_write, label=f"{_label(item)}: "):
                updated.append(OrderLine(pk=item.id, **_merged(item, values, admitted)))
        updated += _cancel_lines(entry, matches)
    if updated:
        OrderLine.objects.bulk_update(updated, [*_LINE, *_LINE_AMOUNTS, "variant"])
    OrderLine.objects.bulk_create([row for row, _, _ in new])
    for row, record, result in new:
        result.line_ids[record.external_id] = row.pk


def _match_lines(entry: _Entry) -> dict[str, OrderLineItem]:
    """External id → the line of the order that it names, by what this source brought before, else by SKU."""
    if entry.item is None:
        return {}
    lines = {line.id: line for line in entry.item.lines}
    matches = {ext: lines.pop(pk) for ext, pk in entry.draft.line_ids.items() if pk in lines}
    free: dict[str, list[OrderLineItem]] = defaultdict(list)
    for line in lines.values():
        free[line.sku].append(line)
    for record in entry.draft.record.lines:
        if record.sku and record.external_id not in matches and free[record.sku]:
            matches[record.external_id] = free[record.sku].pop(0)
    return matches


def _line_values(record: OrderLineRecord, variant_id: int | None, item: OrderLineItem | None) -> dict[str, Any]:
    # A variant that was found once stays, though its link or its SKU may be gone by now.
    if variant_id is None and item is not None and item.sku == record.sku:
        variant_id = item.variant_id
    return {name: getattr(record, name) for name in _LINE} | {
        "quantity": _rounded(record.quantity, _THOUSANDTHS),
        "unit_price": _rounded(record.unit_price, _MONEY),
        "variant_id": variant_id,
    }


def _cancel_lines(entry: _Entry, matches: dict[str, OrderLineItem]) -> list[OrderLine]:
    """Lines that this source has brought and has no more in the order."""
    left = {record.external_id for record in entry.draft.record.lines}
    rows = []
    for external_id, item in matches.items():
        if external_id not in left:
            values = {name: getattr(item, name) for name in (*_LINE, *_LINE_AMOUNTS, "variant_id")}
            status = {"status": str(Order.Status.CANCELLED)}
            if _admit(entry.result, item, status, entry.may_write, label=f"{_label(item)}: "):
                rows.append(OrderLine(pk=item.id, **(values | status)))
    return rows


def _save_shipments(seller_id: int, entries: Iterable[_Entry]) -> None:
    """Shipments are compared as a whole and replaced."""
    stale: list[int] = []
    wanted: list[tuple[Shipment, ShipmentItem]] = []
    for entry in entries:
        if entry.draft.record.shipments is None:
            continue
        before = entry.item.shipments if entry.item else []
        after = [_shipment(record, entry.result.line_ids) for record in entry.draft.record.shipments]
        if before == after:
            continue
        if not entry.result.created:
            pair = [len(before), len(after)] if len(before) != len(after) else HIDDEN
            if not _note(entry.result, "shipments", pair, entry.master):
                continue
            stale.append(entry.result.item_id)
        wanted += [
            (
                Shipment(
                    seller_id=seller_id,
                    order_id=entry.result.item_id,
                    external_id=item.external_id,
                    carrier=item.carrier,
                    tracking_number=item.tracking_number,
                    shipped_at=item.shipped_at,
                ),
                item,
            )
            for item in after
        ]
    if stale:
        Shipment.objects.filter(order_id__in=stale).delete()
    Shipment.objects.bulk_create([row for row, _ in wanted])
    ShipmentLine.objects.bulk_create(
        ShipmentLine(seller_id=seller_id, shipment=row, order_line_id=line_id, quantity=quantity)
        for row, item in wanted
        for line_id, quantity in item.lines.items()
    )


def _shipment(record: ShipmentRecord, line_ids: dict[str, int]) -> ShipmentItem:
    """Lines that the order does not have, and those of which nothing was shipped, are left out."""
    return ShipmentItem(
        external_id=record.external_id,
        carrier=record.carrier,
        tracking_number=record.tracking_number,
        shipped_at=record.shipped_at,
        lines={
            line_ids[external_id]: _rounded(quantity, _THOUSANDTHS)
            for external_id, quantity in record.lines.items()
            if quantity and external_id in line_ids
        },
    )


def _save_addresses_of_orders(seller_id: int, entries: Iterable[_Entry]) -> None:
    wanted = []
    for entry in entries:
        brought = entry.draft.record.addresses
        if brought and entry.source and _addresses_differ(entry.item.addresses if entry.item else [], brought):
            if entry.item is not None:
                entry.result.changes["addresses"] = HIDDEN
            wanted.append((entry.result, brought))
    _replace_addresses(seller_id, "order_id", wanted)


# Common to both


def _addresses_differ(before: Sequence[AddressRecord], after: Sequence[AddressRecord]) -> bool:
    return sorted(map(astuple, before)) != sorted(map(astuple, after))


def _replace_addresses(seller_id: int, owner: str, wanted: Sequence[tuple[Saved, Sequence[AddressRecord]]]) -> None:
    """`owner` is the column that says whose they are."""
    stale = [result.item_id for result, _ in wanted if not result.created]
    if stale:
        Address.objects.filter(**{f"{owner}__in": stale}).delete()
    Address.objects.bulk_create(
        Address(seller_id=seller_id, **{owner: result.item_id}, **asdict(address))
        for result, addresses in wanted
        for address in addresses
    )


def _admit(
    result: Saved,
    before: Any,
    values: dict[str, Any],
    may_write: Callable[[str], bool | None],
    *,
    label: str = "",
) -> dict[str, Any]:
    """Those values that differ from what was and may be written. What may not is noted as lost, unless it is None."""
    admitted = {}
    for name, value in values.items():
        old, allowed = getattr(before, name), may_write(name)
        if old == value or allowed is None:
            continue
        pair = HIDDEN if name in _PERSONAL else [_plain(old), _plain(value)]
        if _note(result, label + name, pair, allowed):
            admitted[name] = value
    return admitted


def _note(result: Saved, name: str, pair: list[Any], allowed: bool) -> bool:
    """Note a difference: as a change where it may be written, else as lost to the master (L17)."""
    if allowed:
        result.changes[name] = pair
    else:
        result.lost.append(name)
    return allowed


def _merged(before: Any, values: dict[str, Any], admitted: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(before, name) for name in values} | admitted


def _label(line: OrderLineItem | OrderLineRecord) -> str:
    return line.sku or f"line {line.position}"


def _load_locked(
    model: type[Customer] | type[Order], load: Callable[[Sequence[int]], dict[int, _Item]], ids: Iterable[int | None]
) -> dict[int, _Item]:
    """Items as they are, and nobody else's until the transaction ends: two sources may bring the same."""
    wanted = sorted(pk for pk in ids if pk is not None)
    rows = model._default_manager.filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True)
    return load(list(rows.values_list("pk", flat=True)))


def _announce(
    model: type[Customer] | type[Order], kind: Kind, seller_id: int, saved: Sequence[Saved], origin: int, now: datetime
) -> None:
    changed = [result.item_id for result in saved if result.created or result.changes]
    _raise_revisions(model, changed, now)
    enqueue(seller_id=seller_id, kind=kind, item_ids=changed, origin=origin)


def _raise_revisions(model: type[Customer] | type[Order], ids: Collection[int], now: datetime) -> None:
    revision = Func(Value("orders_revision"), function="nextval", output_field=BigIntegerField())
    model._default_manager.filter(pk__in=ids).update(revision=revision, updated_at=now)


def _rounded(value: Decimal, places: Decimal) -> Decimal:
    """DataError for what no column could hold, as PostgreSQL raises for a number that is too large."""
    try:
        rounded = value.quantize(places)
    except InvalidOperation:
        rounded = Decimal("NaN")
    if not rounded.is_finite():
        raise DataError("A number is too large, or none at all.")
    return rounded


def _plain(value: Any) -> Any:
    """As JSON can hold it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
