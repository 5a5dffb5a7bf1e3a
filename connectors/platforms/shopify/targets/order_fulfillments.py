"""Completes the fulfillments of one order."""

from collections import defaultdict
from typing import Any

from connectors.platforms.shopify import target_documents
from connectors.platforms.shopify.client import Row, ShopifyClient, malformed, number_of
from connectors.platforms.shopify.error_messages import user_error
from orders.tracking_numbers import comparable_numbers

# Others do not count: they were withdrawn, or have failed.
_EXISTING = ("SUCCESS", "PENDING", "OPEN")
# Of fulfillment orders. Others are on hold, scheduled, or closed.
_OPEN = ("OPEN", "IN_PROGRESS")


class OrderFulfillments:
    """`order` has lists of `fulfillments` and of `fulfillmentOrders`, complete with their lines."""

    def __init__(self, client: ShopifyClient, order: Row) -> None:
        self.client = client
        self.existing = [each for each in order["fulfillments"] if each["status"] in _EXISTING]
        self.open = [each for each in order["fulfillmentOrders"] if each["status"] in _OPEN]

    def complete(self, wanted: Row) -> str:
        """Create what is missing of a shipment, and add tracking numbers that were reported later. Returns what the
        store does not accept."""
        name = ", ".join(wanted["numbers"]) or wanted["carrier"] or "Shipment"
        ours = self._ours(wanted)
        numbers = comparable_numbers(wanted["numbers"])
        for each in ours:
            if not numbers <= comparable_numbers(_numbers(each)) and (reason := self._add_tracking(each, wanted)):
                return f"{name}: {reason}"
        missing = dict(wanted["lines"])
        for line, quantity in _pieces(ours).items():
            missing[line] = missing.get(line, 0) - quantity
        missing = {line: quantity for line, quantity in missing.items() if quantity > 0}
        for parts in self._by_location(missing).values():
            if reason := self._create(parts, wanted):
                return f"{name}: {reason}"
        return f"{name}: only a part of it is open in Shopify" if any(missing.values()) else ""

    def _ours(self, wanted: Row) -> list[Row]:
        """The fulfillments with one of the tracking numbers; else those without any, if they have the same pieces."""
        numbers = comparable_numbers(wanted["numbers"])
        if found := [each for each in self.existing if comparable_numbers(_numbers(each)) & numbers]:
            return found
        bare = [each for each in self.existing if not _numbers(each)]
        if not wanted["numbers"]:
            return bare
        return [each for each in bare if _pieces([each]) == wanted["lines"]][:1]

    def _by_location(self, missing: dict[str, int]) -> dict[str, list[Row]]:
        """Location → `lineItemsByFulfillmentOrder`: a fulfillment belongs to one location. What is found is taken off
        `missing` and off what is open."""
        found: dict[str, list[Row]] = defaultdict(list)
        for order in self.open:
            parts = []
            for row in order["lineItems"]:
                line = number_of(row["lineItem"]["id"])
                if taken := min(missing.get(line, 0), row["remainingQuantity"]):
                    missing[line] -= taken
                    row["remainingQuantity"] -= taken
                    parts.append({"id": row["id"], "quantity": taken})
            if parts:
                location = (order["assignedLocation"].get("location") or {}).get("id", "")
                found[location].append({"fulfillmentOrderId": order["id"], "fulfillmentOrderLineItems": parts})
        return found

    def _create(self, parts: list[Row], wanted: Row) -> str:
        fulfillment = {
            "lineItemsByFulfillmentOrder": parts,
            "notifyCustomer": self.client.settings.notify,
            "trackingInfo": _tracking(wanted),
        }
        return self._mutate(target_documents.FULFILL, "fulfillmentCreate", fulfillment=fulfillment)

    def _add_tracking(self, existing: Row, wanted: Row) -> str:
        numbers = list(dict.fromkeys((*_numbers(existing), *wanted["numbers"])))
        tracking = _tracking(wanted | {"numbers": numbers})
        variables = {"id": existing["id"], "tracking": tracking, "notify": self.client.settings.notify}
        reason = self._mutate(target_documents.UPDATE_TRACKING, "fulfillmentTrackingInfoUpdate", **variables)
        existing["trackingInfo"] = [{"number": number} for number in numbers]
        return reason

    def _mutate(self, document: str, name: str, **variables: Any) -> str:
        result = self.client.query(document, **variables).get(name)
        if not isinstance(result, dict):
            raise malformed(name)
        error = user_error(result.get("userErrors"))
        return str(error.problem.values["reason"]) if error else ""


def _numbers(fulfillment: Row) -> list[str]:
    return [each["number"] for each in fulfillment["trackingInfo"] if each.get("number")]


def _pieces(fulfillments: list[Row]) -> dict[str, int]:
    """Order line → pieces."""
    found: dict[str, int] = defaultdict(int)
    for fulfillment in fulfillments:
        for each in fulfillment["fulfillmentLineItems"]:
            found[number_of(each["lineItem"]["id"])] += each["quantity"] or 0
    return dict(found)


def _tracking(wanted: Row) -> Row:
    """Shopify makes links of the numbers of the carriers that it knows."""
    company = {"company": wanted["carrier"]} if wanted["carrier"] else {}
    return {"numbers": wanted["numbers"], **company} if wanted["numbers"] else company
