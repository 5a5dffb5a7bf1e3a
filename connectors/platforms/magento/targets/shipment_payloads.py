"""What other systems report as shipped, with the shop's IDs of the order's lines."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from connectors.platforms.magento.shipments import MAGENTO_ID_PREFIX
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.values import json_number
from orders.items import OrderItem, OrderLineItem, ShipmentItem

Payload = dict[str, Any]


def shipment_payloads(item: OrderItem, known: Mapping[int, str]) -> list[Payload]:
    """`[{"key", "carrier", "number", "items": [{"order_item_id", "qty"}]}]`, with `more_numbers` if there are several.

    `known`: our order line → the shop's. SkipRecord for a shipment that has neither an ID nor a tracking number,
    because it could not be identified.
    """
    kits = _Kits(item.lines)
    found = []
    for shipment in item.shipments:
        if not shipment.external_id.startswith(MAGENTO_ID_PREFIX):
            lines = kits.with_complete_kits(shipment.lines)
            found.append(_payload(shipment, {line: lines[line] for line in lines if line in known}, known))
    return sorted((each for each in found if each), key=lambda each: str(each["key"]))


def tracking_numbers(shipment: Payload) -> list[str]:
    return [number for number in (shipment["number"], *shipment.get("more_numbers", ())) if number]


def _payload(item: ShipmentItem, shipped: Mapping[int, Decimal], known: Mapping[int, str]) -> Payload | None:
    """None if none of its lines belong to the shop."""
    if not shipped:
        return None
    lines = sorted((int(known[line]), quantity) for line, quantity in shipped.items())
    first, *more = item.tracking_numbers or [""]
    name = item.external_id or first
    if not name:
        raise SkipRecord(issues.SHIPMENT_WITHOUT_NUMBER())
    return {
        # Each vendor numbers shipments independently, but an order line belongs to only one vendor.
        "key": f"{name}/{lines[0][0]}",
        "carrier": item.carrier,
        "number": first,
        "items": [{"order_item_id": line, "qty": json_number(quantity)} for line, quantity in lines],
        **({"more_numbers": more} if more else {}),
    }


class _Kits:
    """Bundles that the shop ships as one: others report their parts, and the shop wants the bundle."""

    def __init__(self, lines: Sequence[OrderLineItem]) -> None:
        self._kits = {line.id: line for line in lines if line.kind == "kit" and line.quantity}
        self._kit_of = {line.id: line.parent_id for line in lines if line.parent_id in self._kits and line.quantity}
        self._parts = [line for line in lines if line.id in self._kit_of]
        self._shipped: dict[int, Decimal] = defaultdict(Decimal)
        self._complete: dict[int, Decimal] = defaultdict(Decimal)

    def with_complete_kits(self, lines: Mapping[int, Decimal]) -> dict[int, Decimal]:
        """The lines of a shipment, with the bundles that it completes instead of their parts."""
        found = {line: quantity for line, quantity in lines.items() if line not in self._kit_of}
        for line, quantity in lines.items():
            if line in self._kit_of:
                self._shipped[line] += quantity
        for kit_id in dict.fromkeys(self._kit_of[line] for line in lines if line in self._kit_of):
            kit = self._kits[kit_id]
            parts = [part for part in self._parts if part.parent_id == kit.id]
            complete = min(self._shipped[part.id] * kit.quantity / part.quantity for part in parts)
            complete = complete.to_integral_value(ROUND_FLOOR)
            if more := complete - self._complete[kit.id]:
                found[kit.id] = found.get(kit.id, Decimal(0)) + more
                self._complete[kit.id] = complete
        return found
