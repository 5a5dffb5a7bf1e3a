"""Shipments that other systems report for orders of the shop, each created once as a fulfillment.

The API stores no key of ours with a fulfillment, but a tracking code. The order's fulfillments are read before one is
created, so that one whose response was lost is found by it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from connectors.platforms.vendure.client import SourceClient
from connectors.platforms.vendure.fulfillments import HANDED_OVER, VENDURE_ID_PREFIX
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.graphql import Data, union_member
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.streams import Target
from hub.kinds import DataType, Kind
from orders.items import OrderItem, ShipmentItem
from orders.tracking_numbers import comparable_numbers

_EXISTING = """
query Fulfillments($options: OrderListOptions) {
  orders(options: $options) {
    totalItems
    items { id lines { id quantity } fulfillments { id state trackingCode lines { orderLineId quantity } } }
  }
}
"""
_CREATE = """
mutation Fulfill($input: FulfillOrderInput!) {
  addFulfillmentToOrder(input: $input) {
    __typename ... on Fulfillment { id state } ... on ErrorResult { errorCode message }
  }
}
"""
_SHIP = """
mutation Ship($id: ID!) {
  transitionFulfillmentToState(id: $id, state: "Shipped") {
    __typename ... on Fulfillment { id state } ... on ErrorResult { errorCode message }
  }
}
"""


class ShipmentTarget(Target[SourceClient, OrderItem, Data]):
    data_type = DataType.ORDERS
    lane = "shipments"
    batch_size = 20

    def payload(self, item: OrderItem, refs: References) -> Data | None:
        """`{"shipments": [{"code", "names", "carrier", "lines": {order line: quantity}}]}`; None for an order that the
        shop does not have. SkipRecord for a shipment that has neither an ID nor a tracking number. Shipments with one
        code are one fulfillment, because it is found again by the code, or, if tracking numbers were reported later, by
        the ID or one of the numbers that it was made with: its `names`."""
        known = {line.id: found for line in item.lines if (found := refs.get(Kind.ORDER_LINE, line.id))}
        if not known:
            return None
        carriers: dict[str, str] = {}
        names: dict[str, set[str]] = defaultdict(set)
        lines: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for each in item.shipments:
            if each.external_id.startswith(VENDURE_ID_PREFIX):
                continue
            code = _code(each)
            carriers[code] = carriers.get(code) or each.carrier
            names[code] |= {each.external_id, *each.tracking_numbers} - {""}
            for line, quantity in each.lines.items():
                if line in known:
                    lines[code][known[line]] += int(quantity)
        return {
            "shipments": [
                {
                    "code": code,
                    "names": sorted(names[code]),
                    "carrier": carriers[code],
                    "lines": dict(sorted(parts.items())),
                }
                for code, parts in sorted(lines.items())
            ]
        }

    def send(self, operations: Sequence[Operation[Data]]) -> list[Outcome]:
        wanted = {each.external_id: each.payload["shipments"] for each in operations if each.payload}
        ids = [external_id for external_id, shipments in wanted.items() if shipments]
        orders = {str(row["id"]): row for row in self.client.existing(_EXISTING, "orders", ids, size=100)}
        outcomes = [Outcome(external_id=each.external_id) for each in operations]
        for outcome in outcomes:
            if order := orders.get(outcome.external_id):
                shipments = wanted[outcome.external_id]
                codes = {each["code"] for each in shipments}
                reasons = [reason for each in shipments if (reason := self._complete(order, each, codes))]
                if reasons:
                    outcome.error = SkipRecord(issues.SHIPMENT_REJECTED(reason="\n".join(reasons)))
        return outcomes

    def _complete(self, order: Data, shipment: Data, codes: Collection[str]) -> str:
        """Create what is missing of a shipment, and mark it as shipped. Returns why Vendure does not accept it.
        `codes`: those of all shipments."""
        ours = _fulfillments_of(shipment, order["fulfillments"] or (), codes)
        current = [each for each in ours if each["state"] != "Cancelled"]
        missing = dict(shipment["lines"])
        for fulfillment in current:
            for part in fulfillment["lines"]:
                line = str(part["orderLineId"])
                missing[line] = missing.get(line, 0) - part["quantity"]
        parts = [{"orderLineId": line, "quantity": count} for line, count in missing.items() if count > 0]
        try:
            if parts:
                current.append(self._create(shipment, parts))
            for fulfillment in current:
                if fulfillment["state"] not in HANDED_OVER:
                    result = self.client.query(_SHIP, id=fulfillment["id"])
                    union_member(result.get("transitionFulfillmentToState"), "Fulfillment")
        except SkipRecord as error:
            return f"{shipment['code']}: {error.problem.values['reason']}"
        return ""

    def _create(self, shipment: Data, parts: list[Data]) -> Data:
        arguments = {"method": shipment["carrier"] or "Shipment", "trackingCode": shipment["code"]}
        handler = {
            "code": self.client.settings.fulfillment_handler,
            "arguments": [{"name": name, "value": value} for name, value in arguments.items()],
        }
        result = self.client.query(_CREATE, input={"lines": parts, "handler": handler})
        return union_member(result.get("addFulfillmentToOrder"), "Fulfillment")


def _fulfillments_of(shipment: Data, fulfillments: Iterable[Data], codes: Collection[str]) -> list[Data]:
    """Those with the code of the shipment; else those that were made when it had fewer tracking numbers, or by a person
    who wrote them in another way."""
    by_code: dict[str, list[Data]] = defaultdict(list)
    for each in fulfillments:
        by_code[each["trackingCode"] or ""].append(each)
    if shipment["code"] in by_code:
        return by_code[shipment["code"]]
    names = comparable_numbers(shipment["names"])
    earlier = [code for code in by_code if code not in codes and comparable_numbers([code]) & names]
    return [each for code in earlier for each in by_code[code]]


def _code(item: ShipmentItem) -> str:
    code = ", ".join(item.tracking_numbers) or item.external_id
    if not code:
        raise SkipRecord(issues.SHIPMENT_WITHOUT_NUMBER())
    return code
