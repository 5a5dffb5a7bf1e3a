"""Orders as sales orders, each created once: with an external ID of ours, and lines that are never added twice.

NetSuite appends lines without a line number to the existing ones, so a repeated call must not contain such lines.
Before anything is sent, one query returns the orders that exist, with their lines. A new order is upserted with its
lines replaced; an existing one is changed line by line.
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545295601.html
"""

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any

from connectors.platforms.netsuite import external_ids
from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.suiteql import in_conditions, required_int
from connectors.platforms.netsuite.targets.changes import list_changes
from connectors.platforms.netsuite.targets.existing import find_ids, read_orders
from connectors.platforms.netsuite.targets.order_payloads import FORMAT, LinePayload, OrderPayload, order_payload
from connectors.platforms.netsuite.targets.refunds import send_refunds
from connectors.platforms.netsuite.targets.sales_orders import (
    SalesOrder,
    SalesOrderLine,
    find_sales_orders,
    match_lines,
    read_lines,
)
from connectors.platforms.netsuite.targets.taxes import tax_fields
from connectors.platforms.netsuite.targets.totals import read_totals
from connectors.sdk import issues
from connectors.sdk.erp_orders import CustomerPayload, changes_rejected
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.orders import total_problems
from connectors.sdk.paging import ExistingPage
from connectors.sdk.streams import ComparisonDepth, Target
from hub.kinds import DataType, Kind
from orders.items import OrderItem

# The price level "Custom", which allows setting a rate.
CUSTOM_PRICE_LEVEL = "-1"


class OrderTarget(Target[NetSuiteClient, OrderItem, OrderPayload]):
    """Internal IDs of items by SKU, and of sellers' customers by slug, are cached for the lifetime of the target."""

    data_type = DataType.ORDERS
    lane = "write"
    batch_size = 10
    comparable = ComparisonDepth.CONTENT

    def __init__(self, client: NetSuiteClient) -> None:
        super().__init__(client)
        self._item_ids: dict[str, str] = {}
        self._seller_customers: dict[str, str] = {}

    def payload(self, item: OrderItem, refs: References) -> OrderPayload | None:
        return order_payload(item, refs, self.client.settings, self.client.field_map)

    def send(self, operations: Sequence[Operation[OrderPayload]]) -> list[Outcome]:
        """One write per order, and a few queries for all of them: NetSuite has no batch call."""
        existing = find_sales_orders(self.client, {self._external_id(operation) for operation in operations})
        self._load_item_ids(sku for operation in operations for sku in _all_skus(operation))
        outcomes = [self._write(operation, existing.get(self._external_id(operation))) for operation in operations]
        written = [
            (operation, outcome)
            for operation, outcome in zip(operations, outcomes, strict=True)
            if operation.payload and outcome.error is None
        ]
        lines = read_lines(self.client, [outcome.external_id for _, outcome in written])
        for operation, outcome in written:
            matched = self._match(operation, lines.get(outcome.external_id, []))
            outcome.links = {
                (Kind.ORDER_LINE, int(key)): f"{outcome.external_id}/{line.number}" for key, line in matched.items()
            }
            rates = {
                line["key"]: line.get("tax_rate", "0") for line in operation.content["lines"] if line.get("closed")
            }
            ended = {line.number: Decimal(rates[key]) for key, line in matched.items() if key in rates}
            outcome.totals = read_totals(self.client, outcome.external_id, operation.content, ended)
            outcome.warnings += total_problems(outcome.totals) if outcome.totals else []
            outcome.warnings += [
                issues.LINE_SKU_MISSING(title=title, fatal=False) for title in operation.content.get("left_out", ())
            ]
            try:
                outcome.warnings += send_refunds(self.client, operation, self._item_id, self._customer_id)
            except SkipRecord as error:
                outcome.error = error
        return outcomes

    def read_existing(self, *, cursor: Any) -> ExistingPage[Any]:
        return read_orders(self.client, cursor)

    def find_existing(self, external_ids: Collection[str]) -> set[str]:
        return find_ids(self.client, "transaction", "found.type = 'SalesOrd' AND ", external_ids)

    def _external_id(self, operation: Operation[OrderPayload]) -> str:
        return external_ids.order_id(self.client.settings, operation.item_id)

    def _write(self, operation: Operation[OrderPayload], found: SalesOrder | None) -> Outcome:
        """Write one order. If it is rejected, the others are not affected."""
        try:
            if operation.action is Action.REMOVE:
                outcome = self._close(operation, found)
            elif found is None:
                outcome = Outcome(external_id=self._create(operation))
            else:
                outcome = self._change(operation, found)
        except SkipRecord as error:
            outcome = Outcome(external_id=operation.external_id, error=error)
        outcome.warnings += self.client.take_warnings()
        return outcome

    def _create(self, operation: Operation[OrderPayload]) -> str:
        wanted = operation.content
        body = self.client.settings.order_defaults | wanted["body"]
        body["entity"] = {"id": self._customer_id(wanted["entity"])}
        body["item"] = {"items": [self._new_line(line) for line in wanted["lines"]]}
        body |= self._taxes(wanted)
        # If the order exists by now, its lines are replaced by those of this call instead of being duplicated.
        replaced = "item,taxDetails" if "taxDetails" in body else "item"
        return self.client.upsert("salesOrder", self._external_id(operation), body, replace=replaced)

    def _taxes(self, wanted: OrderPayload) -> dict[str, Any]:
        """The fields with the order's own tax, if the account takes them."""
        taxes = wanted.get("taxes")
        return tax_fields(taxes, self.client.settings) if taxes is not None and self.client.has_suitetax() else {}

    def _change(self, operation: Operation[OrderPayload], found: SalesOrder) -> Outcome:
        """Update lines by number. A line that was removed from the order is closed, not deleted: it may have been
        invoiced."""
        wanted, previous = operation.content, operation.previous
        matched = self._match(operation, found.lines)
        # Lines that were closed by us are reopened; lines closed by a NetSuite user stay closed.
        closed_by_us = {line["key"] for line in previous["lines"] if line.get("closed")} if previous else set()
        if previous:
            closed_by_us |= matched.keys() - {line["key"] for line in previous["lines"]}
        lines = []
        for line in wanted["lines"]:
            changed = self._changed_line(line, matched.get(line["key"]))
            if "isClosed" not in changed and (line["key"] in closed_by_us or operation.action is Action.CREATE):
                changed["isClosed"] = False
            lines.append(changed)
        if previous and previous.get("format", 0) < FORMAT and wanted.get("ended"):
            # An order that an earlier release sent, and that has ended by now: NetSuite's people have dealt with it.
            return Outcome(external_id=found.internal_id)
        kept = {line["key"] for line in wanted["lines"]}
        removed = {line.number for key, line in matched.items() if key not in kept}
        removed |= {line.number for line in found.lines if line.key and line.key not in kept}
        lines += [{"line": number, "isClosed": True} for number in sorted(removed)]
        body = _cleared(previous, wanted) | wanted["body"] | {"item": {"items": lines}}
        if previous is None or previous["entity"] != wanted["entity"]:
            body["entity"] = {"id": self._customer_id(wanted["entity"])}
        body |= self._taxes(wanted)
        try:
            self.client.update(
                "salesOrder", found.internal_id, body, replace="taxDetails" if "taxDetails" in body else ""
            )
        except SkipRecord as error:
            raise changes_rejected(error, list_changes(previous, wanted) if previous else []) from error
        return Outcome(external_id=found.internal_id)

    def _close(self, operation: Operation[OrderPayload], found: SalesOrder | None) -> Outcome:
        """Close all lines: a sales order is never deleted."""
        if found is not None:
            lines = [{"line": line.number, "isClosed": True} for line in found.lines]
            self.client.update("salesOrder", found.internal_id, {"item": {"items": lines}})
        return Outcome(external_id=operation.external_id)

    def _new_line(self, line: LinePayload) -> dict[str, Any]:
        found: dict[str, Any] = {"item": {"id": self._item_id(line["sku"])}, "quantity": line["quantity"]}
        found |= _prices(line) | self._tax_reference(line)
        if line.get("closed"):
            found["isClosed"] = True
        if description := line.get("description"):
            found["description"] = description
        if self.client.settings.location:
            found["location"] = {"id": self.client.settings.location}
        if name := self.client.field_map.orders.line_id:
            found[name] = line["key"]
        return found

    def _changed_line(self, line: LinePayload, existing: SalesOrderLine | None) -> dict[str, Any]:
        if existing is None:
            return self._new_line(line)
        if line.get("closed"):
            return {"line": existing.number, "isClosed": True}
        if existing.item != self._item_id(line["sku"]):
            raise SkipRecord(issues.LINE_ITEM_CHANGED(sku=line["sku"]))
        return {"line": existing.number, "quantity": line["quantity"]} | _prices(line) | self._tax_reference(line)

    def _tax_reference(self, line: LinePayload) -> dict[str, str]:
        """The name by which the tax details refer to the line."""
        named = self.client.settings.tax_codes and self.client.has_suitetax()
        return {"taxDetailsReference": line["key"]} if named else {}

    def _match(
        self, operation: Operation[OrderPayload], existing: Sequence[SalesOrderLine]
    ) -> dict[str, SalesOrderLine]:
        return match_lines(_all_lines(operation), existing, self._item_ids)

    def _load_item_ids(self, skus: Iterable[str]) -> None:
        """Load the internal IDs of active items, for SKUs that are not cached yet."""
        column = self.client.field_map.products.sku
        query = f"SELECT item.id, item.{column} AS sku FROM item"
        for condition in in_conditions(f"item.{column}", sorted(set(skus) - self._item_ids.keys())):
            for row in self.client.rows(query, key="item.id", where=f"item.isinactive = 'F' AND {condition}"):
                self._item_ids.setdefault(str(row.get("sku")), str(required_int(row, "id")))

    def _item_id(self, sku: str) -> str:
        if sku not in self._item_ids:
            raise SkipRecord(issues.ITEM_NOT_AT_TARGET(sku=sku))
        return self._item_ids[sku]

    def _customer_id(self, entity: CustomerPayload) -> str:
        """The internal ID of the customer; a seller on whose behalf we ship is created as a customer if necessary."""
        if internal_id := entity.get("id"):
            return internal_id
        slug, settings = entity["seller"], self.client.settings
        if slug not in self._seller_customers:
            body: dict[str, Any] = {"isPerson": False, "companyName": entity["name"]}
            if settings.subsidiary:
                body["subsidiary"] = {"id": settings.subsidiary}
            external_id = external_ids.seller_id(settings, slug)
            self._seller_customers[slug] = self.client.upsert("customer", external_id, body)
        return self._seller_customers[slug]


def _prices(line: LinePayload) -> dict[str, Any]:
    if "rate" not in line:
        return {}
    found: dict[str, Any] = {"price": {"id": CUSTOM_PRICE_LEVEL}, "rate": line["rate"]}
    return found | ({"amount": line["amount"]} if "amount" in line else {})


def _cleared(previous: OrderPayload | None, wanted: OrderPayload) -> dict[str, Any]:
    """Empty values for fields that were sent before and have no value any more, such as a note (M7)."""
    empty = {"memo": "", "shippingCost": 0, "handlingCost": 0, "discountItem": None, "discountRate": None}
    before = previous["body"] if previous else {}
    return {name: value for name, value in empty.items() if name in before and name not in wanted["body"]}


def _all_skus(operation: Operation[OrderPayload]) -> list[str]:
    skus = [line["sku"] for line in _all_lines(operation)]
    if operation.payload:
        skus += [line["sku"] for refund in operation.payload.get("refunds", ()) for line in refund["lines"]]
    return skus


def _all_lines(operation: Operation[OrderPayload]) -> list[LinePayload]:
    """The lines that were sent before, followed by the current ones."""
    payloads = (operation.previous, operation.payload)
    return [line for payload in payloads if payload for line in payload["lines"]]
