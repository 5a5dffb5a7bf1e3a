"""Completes the shipments of one order."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from connectors.platforms.magento.client import ShopClient
from connectors.platforms.magento.error_messages import error_message
from connectors.platforms.magento.shipments import COMMENT_PREFIX, Shipment
from connectors.platforms.magento.targets.order_contents import OrderContents, Pieces
from connectors.platforms.magento.targets.shipment_payloads import Payload, tracking_numbers
from connectors.platforms.magento.targets.shipment_sources import by_source
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.responses import RequestRejected
from orders.tracking_numbers import comparable_numbers

# The carriers that the vendor supports; any other is identified by its title.
CARRIERS = ("dhl", "fedex", "ups", "usps")
CUSTOM_CARRIER = "custom"


class OrderShipments:
    """The shipments of one order. `contents` None: none of its shipments is incomplete, or the shop lacks the order."""

    def __init__(
        self, client: ShopClient, order_id: int, existing: Sequence[Shipment], contents: OrderContents | None
    ) -> None:
        self.client = client
        self.order_id = order_id
        self.existing = existing
        self.contents = contents
        self._entered_by_hand = comparable_numbers(
            track.track_number for each in existing if each.key is None for track in each.tracks if track.track_number
        )

    def complete(self, wanted: Payload) -> list[str]:
        """Create what is missing of a shipment. Returns what the shop does not accept of it."""
        created = created_for(wanted, self.existing)
        if not created and not self._entered_by_hand.isdisjoint(comparable_numbers(tracking_numbers(wanted))):
            return []
        name = wanted["key"].rpartition("/")[0]
        try:
            if created:
                self._add_tracks(created, wanted)
            missing = missing_pieces(wanted, created)
            pieces, cut = self.contents.take(missing) if self.contents else (_floats(missing), [])
            if pieces:
                self._create(wanted, pieces)
        except RequestRejected as error:
            return [f"{name}: {error_message(error)}"]
        return [f"{name}: only a part of it is open ({', '.join(cut)})"] if cut else []

    def _add_tracks(self, created: Sequence[Shipment], wanted: Payload) -> None:
        """Add tracking numbers that were reported later."""
        known = {track.track_number for each in created for track in each.tracks}
        parent = {"order_id": self.order_id, "parent_id": created[0].entity_id, "weight": 0, "description": ""}
        quantity = {"qty": sum(each["qty"] for each in wanted["items"])}
        for number in tracking_numbers(wanted):
            if number not in known:
                self.client.post("/shipment/track", {"entity": parent | quantity | _track(wanted, number)})

    def _create(self, wanted: Payload, pieces: Pieces) -> None:
        sources = by_source(self.client, self.contents, pieces)
        for source, part in sources.items():
            comment = f"{COMMENT_PREFIX}{wanted['key']}" + (f"\nSource: {source}" if len(sources) > 1 else "")
            body = {
                "items": [{"order_item_id": item_id, "qty": quantity} for item_id, quantity in part.items()],
                "notify": self.client.settings.notify,
                "appendComment": False,
                "comment": {"comment": comment, "is_visible_on_front": 0},
                "tracks": [_track(wanted, number) for number in tracking_numbers(wanted)],
            }
            if source:
                body["arguments"] = {"extension_attributes": {"source_code": source}}
            answer = self.client.post(f"/order/{self.order_id}/ship", body)
            if whole_number(answer) is None:
                raise TryAgainLater("Magento did not say which shipment it created.")


def created_for(wanted: Payload, existing: Sequence[Shipment]) -> list[Shipment]:
    """Those with its key, or with its name and one of its lines: the key also names the first line, which is another
    one if a line was added to the shipment later."""
    name, lines = wanted["key"].rpartition("/")[0], {str(each["order_item_id"]) for each in wanted["items"]}
    return [
        each
        for each in existing
        if each.key == wanted["key"]
        or (
            (each.key or "").rpartition("/")[0] == name
            and not lines.isdisjoint(row.order_item_id for row in each.items)
        )
    ]


def missing_pieces(wanted: Payload, created: Sequence[Shipment]) -> dict[int, Decimal]:
    """Order item → the quantity that is in none of the shipments that were created for it."""
    missing = {each["order_item_id"]: Decimal(str(each["qty"])) for each in wanted["items"]}
    for shipment in created:
        for item in shipment.items:
            missing[int(item.order_item_id)] = missing.get(int(item.order_item_id), Decimal(0)) - item.qty
    return {item_id: quantity for item_id, quantity in missing.items() if quantity > 0}


def _floats(pieces: dict[int, Decimal]) -> Pieces:
    return {item_id: float(quantity) for item_id, quantity in pieces.items()}


def _track(shipment: Payload, number: str) -> dict[str, Any]:
    carrier = shipment["carrier"]
    code = carrier.lower() if carrier.lower() in CARRIERS else CUSTOM_CARRIER
    return {"track_number": number, "title": carrier or "Shipment", "carrier_code": code}
