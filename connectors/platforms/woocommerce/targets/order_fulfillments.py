"""Completes the fulfillments of one order, and the order itself once everything is shipped.

https://developer.woocommerce.com/docs/apis/rest-api/v3/order-fulfillments/: a fulfillment is meta data. Keys that begin
with an underscore are private; others are shown to the merchant and the customer. FulfillmentsDataStore.php (seen in
code): the shop refuses neither more pieces than are open nor a canceled order, and a fulfillment never changes the
status of the order. So all of this is decided here.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.platforms.woocommerce.client import ORDERS, Row, ShopClient, raise_malformed_response
from connectors.platforms.woocommerce.error_messages import error_body, rejection_reason
from connectors.platforms.woocommerce.sources.order_rows import MetaRow, RefundRow
from connectors.sdk.api_model import ApiModel, Text
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.reported_shipments import EnteredByHand
from connectors.sdk.responses import RequestRejected
from connectors.sdk.values import json_number
from orders.tracking_numbers import comparable_numbers

KEY = "_synccenter_shipment"
ITEMS, NUMBER, PROVIDER = "_items", "_tracking_number", "_shipment_provider"
MORE_NUMBERS, CARRIER = "More tracking numbers", "Carrier"
# Carriers that the reference names; the shop makes links of their numbers.
_PROVIDERS = ("dhl", "fedex", "ups", "usps")
_CLOSED = {"cancelled": "canceled", "refunded": "refunded", "failed": "not paid", "trash": "in the trash"}
# The only status in which an order is paid and waits to be shipped.
_PROCESSING = "processing"


class _Item(ApiModel):
    item_id: int
    qty: Decimal


class _Line(ApiModel):
    id: int
    sku: Text = ""
    quantity: Decimal = Decimal(0)


class _Order(ApiModel):
    status: Text
    line_items: list[_Line]
    refunds: list[Row] = []


class Fulfillment(ApiModel):
    """Others than fulfilled ones are drafts of the merchant, which take their pieces as well."""

    id: int
    is_fulfilled: bool = False
    meta_data: list[MetaRow]

    def value(self, key: str) -> Any:
        return next((each.value for each in self.meta_data if each.key == key), None)

    @property
    def items(self) -> list[_Item]:
        return [_Item.model_validate(each) for each in self.value(ITEMS) or ()]


class OrderFulfillments:
    """The constructor raises RequestRejected with status 404 if the shop does not have the order."""

    def __init__(self, client: ShopClient, order_id: int) -> None:
        self.client = client
        self.path = f"{ORDERS}/{order_id}"
        rows = client.get(f"{self.path}/fulfillments")
        try:
            self.existing = [Fulfillment.model_validate(row) for row in rows]
            self.order = _Order.model_validate(client.get(self.path))
            refunds = client.fetch_all(f"{self.path}/refunds") if self.order.refunds else []
            self._lines = {line.id: line for line in self.order.line_items}
            self._left = defaultdict(Decimal, {line.id: line.quantity for line in self.order.line_items})
            for refund in map(RefundRow.model_validate, refunds):
                for line in refund.line_items:
                    self._left[int(line.refunded_item or 0)] += line.quantity  # which is negative
            # Drafts take pieces, too, but do not send them.
            self._unsent = self._left.copy()
            self._by_hand = EnteredByHand()
            for each in self.existing:
                for item in each.items:
                    self._left[item.item_id] -= item.qty
                    self._unsent[item.item_id] -= item.qty if each.is_fulfilled else 0
                if each.is_fulfilled and not each.value(KEY):
                    items = ((item.item_id, item.qty) for item in each.items)
                    self._by_hand.add(str(each.value(NUMBER) or ""), items)
        except (ValueError, TypeError):
            raise_malformed_response(f"{self.path}/fulfillments")

    def complete(self, wanted: Row) -> str:
        """Create what is missing of a shipment, and add tracking numbers that were reported later. Returns why it is
        not accepted."""
        created = [each for each in self.existing if each.value(KEY) == wanted["key"]]
        try:
            for each in created:
                self._add_numbers(each, wanted)
            missing = {int(line): Decimal(str(quantity)) for line, quantity in wanted["lines"].items()}
            for item in (item for each in created for item in each.items):
                missing[item.item_id] = missing.get(item.item_id, Decimal(0)) - item.qty
            self._by_hand.take(wanted["numbers"], missing)
            missing = {line: quantity for line, quantity in missing.items() if quantity > 0}
            reason = self._create(wanted, missing) if missing else ""
        except RequestRejected as error:
            reason = _reason(error)
        return f"{wanted['name']}: {reason}" if reason else ""

    def complete_order(self, goods: Sequence[str]) -> str:
        """Complete the order if nothing that is shipped is left of it. Returns why it is not accepted."""
        if goods and not any(self._unsent[int(line)] > 0 for line in goods) and self.order.status == _PROCESSING:
            try:
                self.client.send("PUT", self.path, {"status": "completed"})
            except RequestRejected as error:
                return _reason(error)
        return ""

    def _create(self, wanted: Row, missing: Mapping[int, Decimal]) -> str:
        if self.order.status in _CLOSED:
            return f"the order is {_CLOSED[self.order.status]}"
        taken: dict[int, Decimal] = {}
        cut = []
        for line, quantity in missing.items():
            accepted = max(Decimal(0), min(quantity, self._left[line]))
            if accepted:
                taken[line] = accepted
            if accepted < quantity:
                name = self._lines[line].sku if line in self._lines else ""
                cut.append(f"{name or f'line {line}'}: {quantity.normalize():f} → {accepted.normalize():f}")
        if taken:
            items = [{"item_id": line, "qty": json_number(quantity)} for line, quantity in taken.items()]
            values = {KEY: wanted["key"], ITEMS: items, **_numbers(wanted["numbers"]), **_carrier(wanted["carrier"])}
            meta = [{"key": key, "value": value} for key, value in values.items()]
            self._write("POST", f"{self.path}/fulfillments", meta)
        for line, quantity in taken.items():
            self._left[line] -= quantity
            self._unsent[line] -= quantity
        return f"only a part of it is open ({', '.join(cut)})" if cut else ""

    def _add_numbers(self, existing: Fulfillment, wanted: Row) -> None:
        """The shop removes meta data that a change does not name."""
        known = [str(existing.value(NUMBER) or ""), *str(existing.value(MORE_NUMBERS) or "").split(", ")]
        known = [each for each in known if each]
        new = [each for each in wanted["numbers"] if not comparable_numbers([each]) <= comparable_numbers(known)]
        if new:
            numbers = _numbers([*known, *new])
            kept = [{"key": each.key, "value": each.value} for each in existing.meta_data if each.key not in numbers]
            added = [{"key": key, "value": value} for key, value in numbers.items()]
            self._write("PUT", f"{self.path}/fulfillments/{existing.id}", kept + added)

    def _write(self, method: str, path: str, meta: list[Row]) -> None:
        body = {"status": "fulfilled", "is_fulfilled": True, "meta_data": meta}
        notify = "true" if self.client.settings.notify else "false"
        answer = self.client.send(method, path, body, notify_customer=notify)
        if not isinstance(answer, dict) or "id" not in answer:
            raise TryAgainLater("WooCommerce did not say which fulfillment it saved.")


def _reason(error: RequestRejected) -> str:
    return rejection_reason(error_body(error.response)) or f"HTTP status {error.status}"


def _numbers(numbers: Sequence[str]) -> Row:
    """There is one field for a number; the others are shown beside it."""
    found = {NUMBER: numbers[0]} if numbers else {}
    return found | ({MORE_NUMBERS: ", ".join(numbers[1:])} if numbers[1:] else {})


def _carrier(name: str) -> Row:
    provider = next((each for each in _PROVIDERS if each == name.partition(" ")[0].lower()), "")
    return {PROVIDER: provider} if provider else {CARRIER: name} if name else {}
