"""Orders as sales orders, each made once: under an external id of ours, with lines that are never added twice.

NetSuite adds lines that come without a line number to those that are there, so a repeated call must not carry such:
before anything is sent, one query tells which of the orders exist, with their lines. A new order goes by upsert with
its lines replaced; an existing one is changed line by line.
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545295601.html
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contract import Action, Operation, Outcome, References
from connectors.errors import SkipRecord
from connectors.platforms.netsuite.client import NetSuiteClient, in_conditions, quote_literal, required_int
from connectors.platforms.netsuite.settings import FieldMap, Settings
from connectors.records import AddressRecord
from hub.kinds import Kind
from orders.items import OrderItem, OrderLineItem

# Of an order that nobody has begun on: what is further is not sent for the first time.
_OPEN_STATUSES = {"pending", "confirmed", "partly_shipped"}
_CLOSED_STATUSES = {"cancelled", "returned", "refunded"}


def payload(item: OrderItem, refs: References, settings: Settings, fields: FieldMap) -> dict[str, Any] | None:
    """`{"entity", "body", "lines"}`; None where there is nothing to ship: unpaid, over, or shipped before we came."""
    known = any(refs.get(Kind.ORDER_LINE, line.id) for line in item.lines)
    unpaid = item.status == "pending" and not settings.send_pending
    if unpaid or not any(line.status not in _CLOSED_STATUSES for line in item.lines) or item.status in _CLOSED_STATUSES:
        return None
    if not known and item.status not in _OPEN_STATUSES:
        return None
    return {
        "entity": _entity(item, refs, settings),
        "body": _body(item, settings, fields),
        "lines": [_line(line, item, settings) for line in item.lines],
    }


def _entity(item: OrderItem, refs: References, settings: Settings) -> dict[str, str]:
    """Who buys: for a vendor it is the seller on whose behalf it ships."""
    if item.principal is not None:
        slug = item.principal.slug
        internal_id = settings.seller_customers.get(slug, "")
        return {"id": internal_id} if internal_id else {"seller": slug, "name": item.principal.name}
    if internal_id := refs.get(Kind.CUSTOMER, item.customer_id) or settings.guest_customer:
        return {"id": internal_id}
    raise SkipRecord(
        "NetSuite does not have the customer of the order.",
        code="customer_missing",
        fix="Let customers be sent to NetSuite as well, or set the customer of guests in the connection; then retry.",
    )


def _body(item: OrderItem, settings: Settings, fields: FieldMap) -> dict[str, Any]:
    day = item.placed_at.astimezone(ZoneInfo(settings.time_zone)).date()
    body: dict[str, Any] = {"tranDate": day.isoformat()}
    if name := fields.orders.number:
        body[name] = item.number
    if (name := fields.orders.seller) and item.principal:
        body[name] = item.principal.name
    if settings.currencies:
        body["currency"] = {"id": _currency(item, settings)}
    for name, internal_id in (("subsidiary", settings.subsidiary), ("location", settings.location)):
        if internal_id:
            body[name] = {"id": internal_id}
    if item.customer_note:
        body["memo"] = item.customer_note[:999]
    where = next((address for address in item.addresses if address.use == "shipping"), None)
    if where is not None:
        body["shippingAddress"] = address(where)
    elif item.principal is not None:
        raise SkipRecord(
            "The order has no delivery address.",
            code="no_delivery_address",
            fix="Add one to the order in the shop; it is sent as soon as the order changes.",
        )
    return body


def _currency(item: OrderItem, settings: Settings) -> str:
    if item.currency not in settings.currencies:
        raise SkipRecord(
            f"The order is in {item.currency}, whose internal id in NetSuite is not known.",
            code="currency_unknown",
            fix="Add it to the currencies of the connection, then retry.",
        )
    return settings.currencies[item.currency]


def address(item: AddressRecord) -> dict[str, Any]:
    """An address as a subrecord."""
    name = f"{item.first_name} {item.last_name}".strip()
    values = {
        "addressee": item.company or name,
        "attention": name if item.company else "",
        "addr1": item.street,
        "addr2": item.street2,
        "city": item.city,
        "state": item.region,
        "zip": item.postcode,
        "addrPhone": item.phone,
    }
    found: dict[str, Any] = {key: value for key, value in values.items() if value}
    return found | ({"country": {"id": item.country}} if item.country else {})


def _line(line: OrderLineItem, item: OrderItem, settings: Settings) -> dict[str, Any]:
    if not line.sku:
        raise SkipRecord(
            f"The order has a line without an SKU: {line.title}.",
            code="no_sku",
            fix="Give the product an SKU, and the order's line with it; then retry.",
        )
    found = {"key": str(line.id), "sku": line.sku, "quantity": _number(line.quantity)}
    if line.status in _CLOSED_STATUSES:
        found["closed"] = True
    if item.principal is None or settings.dropship_prices:
        found["rate"] = _number(line.unit_price)
    return found


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


@dataclass(slots=True)
class _Line:
    """A line of a sales order there. `key` is our id of it, if the account has a field for that."""

    number: int
    item: str
    key: str


@dataclass(slots=True)
class _ExistingOrder:
    """A sales order as NetSuite has it."""

    internal_id: str
    lines: list[_Line] = field(default_factory=list)


class Orders:
    """The sales orders of one account."""

    def __init__(self, client: NetSuiteClient, settings: Settings, fields: FieldMap) -> None:
        self._client = client
        self._settings = settings
        self._fields = fields
        self._items: dict[str, str] = {}
        self._sellers: dict[str, str] = {}

    def send(self, operations: Sequence[Operation]) -> list[Outcome]:
        """One write an order, and a few queries for all of them. NetSuite has no call that takes several."""
        existing = self._find({self.external_id(operation.item_id) for operation in operations})
        payloads = [each for operation in operations for each in (operation.payload, operation.previous) if each]
        self._load_item_ids(line["sku"] for each in payloads for line in each["lines"])
        outcomes = [self._write(operation, existing) for operation in operations]
        sent = [
            (operation, outcome)
            for operation, outcome in zip(operations, outcomes, strict=True)
            if operation.payload and outcome.error is None
        ]
        lines = self._lines_of([outcome.external_id for _, outcome in sent])
        for operation, outcome in sent:
            outcome.links = {
                (str(Kind.ORDER_LINE), int(key)): f"{outcome.external_id}/{line.number}"
                for key, line in self._match_lines(operation, lines.get(outcome.external_id, [])).items()
            }
        return outcomes

    def external_id(self, order_id: int) -> str:
        return f"{self._settings.external_ids}-order-{order_id}"

    def _write(self, operation: Operation, existing: dict[str, _ExistingOrder]) -> Outcome:
        """A refusal is that order's alone."""
        found = existing.get(self.external_id(operation.item_id))
        try:
            if operation.action is Action.REMOVE:
                return self._close(operation, found)
            if found is None:
                return Outcome(external_id=self._create(operation))
            return self._change(operation, found)
        except SkipRecord as problem:
            return Outcome(external_id=operation.external_id, error=problem)

    def _create(self, operation: Operation) -> str:
        wanted = operation.payload
        body = self._settings.order_defaults | wanted["body"]
        body["entity"] = {"id": self._customer_id(wanted["entity"])}
        body["item"] = {"items": [self._new_line(line) for line in wanted["lines"]]}
        # It was not there a moment ago; should it be by now, its lines are still those of this call, not twice as many.
        return self._client.upsert("salesOrder", self.external_id(operation.item_id), body, replace="item")

    def _change(self, operation: Operation, found: _ExistingOrder) -> Outcome:
        """Lines by number. What the order has no more is closed, not taken out: something may have come of it there."""
        wanted = operation.payload
        pairs = self._match_lines(operation, found.lines)
        # What was closed for us is opened again; what somebody closed there stays so.
        closed = {line["key"] for line in (operation.previous or {}).get("lines", []) if line.get("closed")}
        lines = []
        for line in wanted["lines"]:
            changed = self._changed_line(line, pairs.get(line["key"]))
            if "isClosed" not in changed and (line["key"] in closed or operation.action is Action.CREATE):
                changed["isClosed"] = False
            lines.append(changed)
        kept = {line["key"] for line in wanted["lines"]}
        removed_lines = {line.number for key, line in pairs.items() if key not in kept}
        removed_lines |= {line.number for line in found.lines if line.key and line.key not in kept}
        lines += [{"line": number, "isClosed": True} for number in sorted(removed_lines)]
        self._client.update("salesOrder", found.internal_id, wanted["body"] | {"item": {"items": lines}})
        return Outcome(external_id=found.internal_id)

    def _close(self, operation: Operation, found: _ExistingOrder | None) -> Outcome:
        """All lines are closed: a sales order that was once made is not deleted."""
        if found is not None:
            lines = [{"line": line.number, "isClosed": True} for line in found.lines]
            self._client.update("salesOrder", found.internal_id, {"item": {"items": lines}})
        return Outcome(external_id=operation.external_id)

    def _new_line(self, line: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"item": {"id": self._item(line["sku"])}, "quantity": line["quantity"]}
        if "rate" in line:
            # The price level "custom" is what lets a rate stand.
            found |= {"price": {"id": "-1"}, "rate": line["rate"]}
        if line.get("closed"):
            found["isClosed"] = True
        if self._settings.location:
            found["location"] = {"id": self._settings.location}
        if name := self._fields.orders.line_id:
            found[name] = line["key"]
        return found

    def _changed_line(self, line: dict[str, Any], existing: _Line | None) -> dict[str, Any]:
        if existing is None:
            return self._new_line(line)
        if line.get("closed"):
            return {"line": existing.number, "isClosed": True}
        if existing.item != self._item(line["sku"]):
            raise SkipRecord(
                f"A line has another SKU now ({line['sku']}), and NetSuite keeps the item of a line.",
                code="item_changed",
                fix="Cancel the line in the shop and add a new one.",
            )
        return {"line": existing.number, "quantity": line["quantity"]}

    def _match_lines(self, operation: Operation, existing: Sequence[_Line]) -> dict[str, _Line]:
        """Our line, also one that is gone since it was last sent → the line there.

        By our id where the account keeps it; else in the order in which they were made, item by item.
        """
        known = {line.key: line for line in existing if line.key}
        free: dict[str, list[_Line]] = defaultdict(list)
        for line in existing:
            if not line.key:
                free[line.item].append(line)
        found = {}
        # Those that were sent before stand first there, whatever place they have in the order by now.
        before = (operation.previous or {}).get("lines", [])
        for own in [*before, *operation.payload["lines"]]:
            same = free[self._items.get(own["sku"], "")]
            if own["key"] in known:
                found[own["key"]] = known[own["key"]]
            elif own["key"] not in found and same:
                found[own["key"]] = same.pop(0)
        return found

    # What NetSuite has

    def _find(self, external_ids: set[str]) -> dict[str, _ExistingOrder]:
        """External id → the sales order, for those that exist."""
        found: dict[str, _ExistingOrder] = {}
        query = "SELECT so.id, so.externalid FROM transaction so"
        for condition in in_conditions("so.externalid", sorted(external_ids)):
            for row in self._client.rows(query, key="so.id", where=f"so.type = 'SalesOrd' AND {condition}"):
                found[str(row.get("externalid"))] = _ExistingOrder(str(required_int(row, "id")))
        lines = self._lines_of([each.internal_id for each in found.values()]) if found else {}
        for each in found.values():
            each.lines = lines.get(each.internal_id, [])
        return found

    def _lines_of(self, order_ids: Iterable[str]) -> dict[str, list[_Line]]:
        """Sales order → its lines in their order, taxes and the like left out."""
        own = self._fields.orders.line_id
        column = f", line.{own} AS own" if own else ""
        query = f"SELECT line.uniquekey, line.transaction, line.id, line.item{column} FROM transactionline line"
        found: dict[str, list[_Line]] = defaultdict(list)
        for condition in in_conditions("line.transaction", (int(each) for each in order_ids)):
            where = f"line.mainline = 'F' AND line.taxline = 'F' AND {condition}"
            for row in self._client.rows(query, key="line.uniquekey", where=where):
                line = _Line(required_int(row, "id"), str(row.get("item", "")), str(row.get("own", "")))
                found[str(row.get("transaction"))].append(line)
        return {order_id: sorted(lines, key=lambda line: line.number) for order_id, lines in found.items()}

    def _load_item_ids(self, skus: Iterable[str]) -> None:
        """SKU → internal id, for those that are not known yet."""
        column = self._fields.products.sku
        for condition in in_conditions(f"item.{column}", sorted(set(skus) - self._items.keys())):
            query = f"SELECT item.id, item.{column} AS sku FROM item"
            for row in self._client.rows(query, key="item.id", where=f"item.isinactive = 'F' AND {condition}"):
                self._items.setdefault(str(row.get("sku")), str(required_int(row, "id")))

    def _item(self, sku: str) -> str:
        if sku not in self._items:
            raise SkipRecord(
                f"NetSuite has no active item with the SKU {sku}.",
                code="item_unknown",
                fix="Make the item in NetSuite, or correct the SKU where the order comes from; then retry.",
            )
        return self._items[sku]

    def _customer_id(self, entity: dict[str, str]) -> str:
        """The internal id of the customer; a seller whom we ship for is made one."""
        if internal_id := entity.get("id"):
            return internal_id
        slug = entity["seller"]
        if slug not in self._sellers:
            body: dict[str, Any] = {"isPerson": False, "companyName": entity["name"]}
            if self._settings.subsidiary:
                body["subsidiary"] = {"id": self._settings.subsidiary}
            self._sellers[slug] = self._client.upsert("customer", f"{self._settings.external_ids}-seller-{slug}", body)
        return self._sellers[slug]


def sales_order_condition(settings: Settings) -> str:
    """The condition that tells our sales orders (`so`) from the account's own."""
    return f"so.type = 'SalesOrd' AND so.externalid LIKE {quote_literal(settings.external_ids + '-order-%')}"
