"""Shipments of the shop's orders that other systems report, each created once in the shop.

The shop stores no external key for a shipment, but a comment that customers do not see. Our comment contains the
shipment's key. The order's shipments are read before one is created, so that one whose response was lost is found.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.platforms.magento.client import ShopClient
from connectors.platforms.magento.error_messages import error_message
from connectors.platforms.magento.shipments import COMMENT_PREFIX, MAGENTO_ID_PREFIX, Shipment, fetch_by_order
from connectors.sdk import issues
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import Target
from connectors.sdk.values import json_number
from hub.kinds import DataType, Kind
from orders.items import OrderItem, ShipmentItem
from orders.parts import shipments_of_kits

# The carriers that the vendor supports; any other is identified by its title.
CARRIERS = ("dhl", "fedex", "ups", "usps")
CUSTOM_CARRIER = "custom"

Payload = dict[str, Any]


class ShipmentTarget(Target[ShopClient, OrderItem, Payload]):
    data_type = DataType.ORDERS
    lane = "shipments"
    batch_size = 20

    def payload(self, item: OrderItem, refs: References) -> Payload | None:
        """`{"shipments": [{"key", "carrier", "number", "items": [{"order_item_id", "qty"}]}]}`: what other systems
        report about an order of this shop. None for an order that the shop does not have.

        SkipRecord for a shipment that has neither an ID nor a tracking number, because it could not be identified.
        """
        known = {line.id: order_item_id for line in item.lines if (order_item_id := refs.get(Kind.ORDER_LINE, line.id))}
        if not known:
            return None
        # A kit is shipped as one here; other systems ship its parts.
        shipments = shipments_of_kits(item)
        external_shipments = [each for each in shipments if not each.external_id.startswith(MAGENTO_ID_PREFIX)]
        payloads = [shipped for each in external_shipments if (shipped := _shipped(each, known)) is not None]
        return {"shipments": sorted(payloads, key=lambda each: each["key"])}

    def send(self, operations: Sequence[Operation[Payload]]) -> list[Outcome]:
        """Create missing shipments, and add tracking numbers that were reported later. One read for all orders
        together."""
        wanted = {index: each.payload["shipments"] for index, each in enumerate(operations) if each.payload}
        order_ids = {index: int(operations[index].external_id) for index, shipments in wanted.items() if shipments}
        existing = fetch_by_order(self.client, order_ids.values())
        outcomes = [Outcome(external_id=each.external_id) for each in operations]
        for index, order_id in order_ids.items():
            rejections = self._create_missing(order_id, wanted[index], existing[order_id])
            outcomes[index].error = _rejection(rejections) if rejections else None
        return outcomes

    def _create_missing(
        self, order_id: int, wanted: Sequence[Payload], existing: Sequence[Shipment]
    ) -> dict[str, RequestRejected]:
        """Create missing shipments. Returns key → error for the rejected ones; the others are not affected."""
        by_key = {each.key: each for each in existing if each.key is not None}
        manual_tracking_numbers = {
            track.track_number for each in existing if each.key is None for track in each.tracks if track.track_number
        }
        rejections = {}
        for each in wanted:
            try:
                if created := by_key.get(each["key"]):
                    self._add_tracks(created, each)
                elif manual_tracking_numbers.isdisjoint(_numbers(each)):
                    self._create(order_id, each)
            except RequestRejected as error:
                rejections[each["key"]] = error
        return rejections

    def _add_tracks(self, created: Shipment, shipment: Payload) -> None:
        """Add tracking numbers that were reported later."""
        existing = {each.track_number for each in created.tracks}
        parent = {"order_id": created.order_id, "parent_id": created.entity_id, "weight": 0, "description": ""}
        quantity = {"qty": sum(each["qty"] for each in shipment["items"])}
        for number in _numbers(shipment):
            if number not in existing:
                self.client.post("/shipment/track", {"entity": parent | quantity | _track(shipment, number)})

    def _create(self, order_id: int, shipment: Payload) -> None:
        body = {
            "items": shipment["items"],
            "notify": self.client.settings.notify,
            "appendComment": False,
            "comment": {"comment": f"{COMMENT_PREFIX}{shipment['key']}", "is_visible_on_front": 0},
            "tracks": [_track(shipment, number) for number in _numbers(shipment)],
        }
        if source := self.client.settings.ship_from:
            body["arguments"] = {"extension_attributes": {"source_code": source}}
        answer = self.client.post(f"/order/{order_id}/ship", body)
        if whole_number(answer) is None:
            raise TryAgainLater("Magento did not say which shipment it created.")


def _shipped(item: ShipmentItem, known: Mapping[int, str]) -> Payload | None:
    """The shipment's payload; None if none of its lines belong to the shop."""
    lines = sorted((int(known[line]), quantity) for line, quantity in item.lines.items() if line in known)
    if not lines:
        return None
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


def _numbers(shipment: Payload) -> list[str]:
    """All tracking numbers of a shipment's payload."""
    return [number for number in (shipment["number"], *shipment.get("more_numbers", ())) if number]


def _track(shipment: Payload, number: str) -> dict[str, str]:
    carrier = shipment["carrier"]
    code = carrier.lower() if carrier.lower() in CARRIERS else CUSTOM_CARRIER
    return {"track_number": number, "title": carrier or "Shipment", "carrier_code": code}


def _rejection(rejections: Mapping[str, RequestRejected]) -> SkipRecord:
    reasons = [f"{key.rpartition('/')[0]}: {error_message(error)}" for key, error in rejections.items()]
    return SkipRecord(issues.SHIPMENT_REJECTED(reason="\n".join(reasons)))
