"""Completes the shipments of one order.

https://docs.bigcommerce.com/developer/api-reference/rest/admin/management/orders/order-shipments: a shipment belongs to
one shipping address and has one tracking number. Not documented: what the store does with more pieces than are open,
or with a canceled order, whose status a shipment would change. So both are decided here.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

from pydantic import ValidationError

from connectors.platforms.bigcommerce.client import Row, SourceClient, raise_malformed_response
from connectors.platforms.bigcommerce.error_messages import rejection_reason
from connectors.platforms.bigcommerce.shipments import COMMENT_PREFIX, Shipment
from connectors.sdk.api_model import ApiModel, Text
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.reported_shipments import EnteredByHand
from connectors.sdk.responses import RequestRejected
from orders.tracking_numbers import comparable_numbers

ModelT = TypeVar("ModelT", bound=ApiModel)
MAX_NUMBER = 50
_NUMBER_LABEL = "Tracking number: "
# Statuses in which nothing is sent to the customer any more.
_CLOSED = {4: "refunded", 5: "canceled", 6: "declined"}
_NOT_SHIPPED = ("digital", "giftcertificate")
# Carriers that the store has links for, by their names without spaces, and the vendor's codes.
_PROVIDERS = {name: name for name in ("auspost", "canadapost", "endicia", "fedex", "royalmail", "ups", "usps")} | {
    "australiapost": "auspost"
}


class _Order(ApiModel):
    status_id: int
    is_deleted: bool = False


class _Product(ApiModel):
    id: int
    # 0 for what is picked up, or not shipped at all.
    order_address_id: int = 0
    type: Text = ""
    sku: Text = ""
    quantity: Decimal
    quantity_shipped: Decimal = Decimal(0)
    quantity_refunded: Decimal = Decimal(0)


class OrderShipments:
    """The shipments of one order. The constructor raises RequestRejected with status 404 if the store does not have the
    order."""

    def __init__(self, client: SourceClient, order_id: int) -> None:
        self.client = client
        self.path = f"/orders/{order_id}"
        self.existing = self._rows("shipments", Shipment)
        self._by_hand = EnteredByHand()
        for shipment in self.existing:
            if not shipment.key:
                items = ((item.order_product_id, Decimal(item.quantity)) for item in shipment.items)
                self._by_hand.add(shipment.tracking_number, items)

    def complete(self, wanted: Row) -> str:
        """Create what is missing of a shipment, and add tracking numbers that were reported later. Returns why the
        store does not accept it."""
        try:
            created = [each for each in self.existing if each.key == wanted["key"]]
            for each in created:
                self._add_numbers(each, wanted)
            missing = self._missing(wanted, created)
            reason = self._create(wanted, missing) if missing else ""
        except RequestRejected as error:
            reason = rejection_reason(error) or f"HTTP status {error.status}"
        return f"{wanted['name']}: {reason}" if reason else ""

    def _missing(self, wanted: Row, created: Sequence[Shipment]) -> dict[int, Decimal]:
        """Order product → the quantity that is in none of the shipments that were created or entered for it."""
        missing = {int(line): Decimal(str(quantity)) for line, quantity in wanted["lines"].items()}
        for item in (item for each in created for item in each.items):
            if item.order_product_id in missing:
                missing[item.order_product_id] -= item.quantity
        self._by_hand.take(wanted["numbers"], missing)
        return {line: quantity for line, quantity in missing.items() if quantity > 0}

    def _create(self, wanted: Row, missing: Mapping[int, Decimal]) -> str:
        """One shipment for each address."""
        if self._closed:
            return f"the order is {self._closed}"
        by_address: dict[int, list[Row]] = defaultdict(list)
        cut = []
        for line, quantity in missing.items():
            product, left = self._products.get(line), self._left.get(line, 0)
            if product is not None and product.type in _NOT_SHIPPED:
                continue
            address = product.order_address_id if product is not None else 0
            accepted = min(int(quantity), left) if address else 0
            if accepted > 0:
                by_address[address].append({"order_product_id": line, "quantity": accepted})
            if accepted < quantity:
                name = product.sku if product is not None and product.sku else f"line {line}"
                cut.append(f"{name}: {quantity.normalize():f} → {max(accepted, 0)}")
        first, others = _split_numbers(wanted["numbers"])
        comments = "\n".join([f"{COMMENT_PREFIX}{wanted['key']}", *map(_number_line, others)])
        for address, items in by_address.items():
            body = {"order_address_id": address, "items": items, "comments": comments, **_carrier(wanted["carrier"])}
            self._write("POST", f"{self.path}/shipments", body | ({"tracking_number": first} if first else {}))
            for item in items:
                self._left[item["order_product_id"]] -= item["quantity"]
        return f"only a part of it is open ({', '.join(cut)})" if cut else ""

    def _add_numbers(self, shipment: Shipment, wanted: Row) -> None:
        """Add tracking numbers that were reported later: the first one to its field if this is empty."""
        lines = (line.strip().removeprefix(_NUMBER_LABEL) for line in shipment.comments.splitlines())
        known = comparable_numbers([shipment.tracking_number, *lines])
        new = [each for each in wanted["numbers"] if not comparable_numbers([each]) <= known]
        if not new:
            return
        first, others = (shipment.tracking_number, new) if shipment.tracking_number else _split_numbers(new)
        comments = "\n".join([shipment.comments, *map(_number_line, others)])
        body = {"comments": comments} | ({"tracking_number": first} if first else {})
        self._write("PUT", f"{self.path}/shipments/{shipment.id}", body)

    def _write(self, method: str, path: str, body: Row) -> None:
        answer = self.client.http.request(method, f"/v2{path}", body=body).json()
        if not isinstance(answer, dict) or whole_number(answer.get("id")) is None:
            raise TryAgainLater("BigCommerce did not say which shipment it saved.")

    @cached_property
    def _closed(self) -> str:
        """Why nothing may be shipped; empty if it may."""
        order = _parsed(_Order, self.client.http.get(f"/v2{self.path}").json(), self.path)
        return "archived" if order.is_deleted else _CLOSED.get(order.status_id, "")

    @cached_property
    def _products(self) -> dict[int, _Product]:
        return {each.id: each for each in self._rows("products", _Product)}

    @cached_property
    def _left(self) -> dict[int, int]:
        """Order product → the pieces that are open."""
        return {
            number: int(each.quantity - each.quantity_shipped - each.quantity_refunded)
            for number, each in self._products.items()
        }

    def _rows(self, name: str, model: type[ModelT]) -> list[ModelT]:
        path = f"{self.path}/{name}"
        return [_parsed(model, row, path) for row in self.client.v2_fetch_all(path)]


def _parsed(model: type[ModelT], row: Any, path: str) -> ModelT:
    try:
        return model.model_validate(row)
    except ValidationError:
        raise_malformed_response(path)


def _split_numbers(numbers: Sequence[str]) -> tuple[str, list[str]]:
    """The number for the field, which holds one, and those for the comments."""
    first = next((each for each in numbers if len(each) <= MAX_NUMBER), "")
    return first, [each for each in numbers if each != first]


def _number_line(number: str) -> str:
    return f"{_NUMBER_LABEL}{number}"


def _carrier(name: str) -> Row:
    """Without a provider, the store would call it `custom`. A name that it does not know is shown as the method."""
    provider = _PROVIDERS.get(re.sub(r"[^a-z]", "", name.lower()), "")
    return {"shipping_provider": provider} | ({"shipping_method": name} if name and not provider else {})
