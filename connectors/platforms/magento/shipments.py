"""Shipments: those that a shop made are read, those that others report are made there, once each.

The shop has no key of ours for a shipment, but keeps a comment with it, which customers do not see. Ours names the
shipment, so before one is made the order's shipments are looked at, and one whose answer was lost is found again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from connectors.contract import Operation, Outcome, References
from connectors.errors import SkipRecord, TryAgainLater
from connectors.http import Refused
from connectors.listing import Text, UtcDatetime
from connectors.platforms.magento.client import MagentoClient, message_of, number
from connectors.platforms.magento.source_base import ApiModel
from connectors.records import ShipmentRecord
from hub.kinds import Kind
from orders.items import OrderItem, ShipmentItem

PATH = "/shipments"
# What the comment begins with; behind it stands the shipment's key.
COMMENT_PREFIX = "SyncCenter shipment "
# A shipment read here bears its number behind this, so that it is known again and never sent back.
MAGENTO_ID_PREFIX = "magento-"
MAX_TRACKING_NUMBER_LENGTH = 100
# The carriers that the vendor knows; any other is told by its title.
CARRIERS = ("dhl", "fedex", "ups", "usps")
CUSTOM_CARRIER = "custom"


def fetch_by_order(client: MagentoClient, row_ids: Iterable[int]) -> dict[int, list["Shipment"]]:
    """Order → its shipments as the shop has them, in as few calls as their number allows."""
    found: dict[int, list[Shipment]] = defaultdict(list)
    for row in client.fetch_by_values(PATH, "order_id", row_ids, sort=("entity_id",)):
        try:
            shipment = Shipment.model_validate(row)
        except ValidationError:
            client.raise_malformed_response(PATH)
        found[shipment.order_id].append(shipment)
    return found


def shipment_records(shipments: Iterable["Shipment"]) -> list[ShipmentRecord]:
    """Those that were made there: one that bears our mark is the hub's own."""
    return [
        ShipmentRecord(
            external_id=f"{MAGENTO_ID_PREFIX}{api_row.entity_id}",
            carrier=api_row.tracks[0].title if api_row.tracks else "",
            tracking_number=_numbers(api_row.tracks),
            shipped_at=api_row.created_at,
            lines={each.order_item_id: each.qty for each in api_row.items},
        )
        for api_row in sorted(shipments, key=lambda each: each.entity_id)
        if api_row.key is None
    ]


def _numbers(tracks: Sequence["_Track"]) -> str:
    """As many whole numbers as there is room for."""
    text = ", ".join(each.track_number for each in tracks)
    return (
        text if len(text) <= MAX_TRACKING_NUMBER_LENGTH else text[: MAX_TRACKING_NUMBER_LENGTH + 1].rpartition(", ")[0]
    )


def payload(item: OrderItem, refs: References) -> dict[str, Any] | None:
    """`{"shipments": [{"key", "carrier", "number", "items": [{"order_item_id", "qty"}]}]}`: what others report of an
    order of this shop. None for an order that it does not have.

    SkipRecord for a shipment that has neither id nor tracking number: nothing would tell it from another.
    """
    known = {line.id: existing for line in item.lines if (existing := refs.get(Kind.ORDER_LINE, line.id))}
    if not known:
        return None
    external_shipments = [each for each in item.shipments if not each.external_id.startswith(MAGENTO_ID_PREFIX)]
    made = [shipped for each in external_shipments if (shipped := _shipped(each, known)) is not None]
    return {"shipments": sorted(made, key=lambda each: each["key"])}


def _shipped(item: ShipmentItem, known: dict[int, str]) -> dict[str, Any] | None:
    """None if no line of it is the shop's."""
    lines = sorted((int(known[line]), quantity) for line, quantity in item.lines.items() if line in known)
    if not lines:
        return None
    name = item.external_id or item.tracking_number
    if not name:
        raise SkipRecord(
            "One of its shipments has neither an id nor a tracking number.",
            code="shipment_without_number",
            fix="Give it a tracking number where it was shipped.",
        )
    return {
        # Vendors number their shipments each for themselves; none shares a line with another.
        "key": f"{name}/{lines[0][0]}",
        "carrier": item.carrier,
        "number": item.tracking_number,
        "items": [{"order_item_id": line, "qty": number(quantity)} for line, quantity in lines],
    }


def send_shipments(client: MagentoClient, operations: Sequence[Operation]) -> list[Outcome]:
    """Make what is not there yet, and add a tracking number that came later. One look for all orders together."""
    wanted = [int(each.external_id) for each in operations if each.payload and each.payload["shipments"]]
    held = fetch_by_order(client, wanted)
    outcomes = []
    for operation in operations:
        outcome = Outcome(external_id=operation.external_id)
        if operation.payload and operation.payload["shipments"]:
            number = int(operation.external_id)
            refused = _create_missing(client, number, operation.payload["shipments"], held[number])
            outcome.error = _problem(refused) if refused else None
        outcomes.append(outcome)
    return outcomes


def _create_missing(
    client: MagentoClient, order: int, wanted: Sequence[dict[str, Any]], held: Sequence["Shipment"]
) -> dict[str, Refused]:
    """Key → refusal of those that the shop does not take; they hold up no other."""
    existing = {each.key: each for each in held if each.key is not None}
    manual_tracking_numbers = {
        track.track_number for each in held if each.key is None for track in each.tracks if track.track_number
    }
    refusals = {}
    for each in wanted:
        try:
            if made := existing.get(each["key"]):
                _add_track(client, made, each)
            elif each["number"] not in manual_tracking_numbers:
                _create_shipment(client, order, each)
        except Refused as refused:
            refusals[each["key"]] = refused
    return refusals


def _add_track(client: MagentoClient, made: "Shipment", shipment: dict[str, Any]) -> None:
    """A tracking number that came later."""
    if shipment["number"] and shipment["number"] not in [each.track_number for each in made.tracks]:
        parent = {"order_id": made.order_id, "parent_id": made.entity_id, "weight": 0, "description": ""}
        quantity = {"qty": sum(each["qty"] for each in shipment["items"])}
        client.post("/shipment/track", {"entity": parent | quantity | _track(shipment)})


def _create_shipment(client: MagentoClient, order: int, shipment: dict[str, Any]) -> None:
    body = {
        "items": shipment["items"],
        "notify": client.settings.notify,
        "appendComment": False,
        "comment": {"comment": f"{COMMENT_PREFIX}{shipment['key']}", "is_visible_on_front": 0},
        "tracks": [_track(shipment)] if shipment["number"] else [],
    }
    if source := client.settings.ship_from:
        body["arguments"] = {"extension_attributes": {"source_code": source}}
    answer = client.post(f"/order/{order}/ship", body)
    if not str(answer).isdecimal():
        raise TryAgainLater("Magento did not say which shipment it made.")


def _track(shipment: dict[str, Any]) -> dict[str, str]:
    carrier = shipment["carrier"]
    code = carrier.lower() if carrier.lower() in CARRIERS else CUSTOM_CARRIER
    return {"track_number": shipment["number"], "title": carrier or "Shipment", "carrier_code": code}


def _problem(refusals: Mapping[str, Refused]) -> SkipRecord:
    texts = [f"Magento refuses shipment {key.rpartition('/')[0]}: {message_of(e)}" for key, e in refusals.items()]
    return SkipRecord(
        "\n".join(texts),
        code="shipment_refused",
        fix="Compare what was shipped of the order in Magento with what is reported here; then press Retry.",
    )


class _Item(ApiModel):
    order_item_id: Text
    qty: Decimal


class _Track(ApiModel):
    track_number: Text = ""
    title: Text = ""


class _Comment(ApiModel):
    comment: Text = ""


class Shipment(ApiModel):
    """One as the shop has it."""

    entity_id: int
    order_id: int
    created_at: UtcDatetime | None = None
    items: list[_Item] = []
    tracks: list[_Track] = []
    comments: list[_Comment] = []

    @property
    def key(self) -> str | None:
        """Ours, if its comments name one."""
        marked = [each.comment for each in self.comments if each.comment.startswith(COMMENT_PREFIX)]
        return marked[0].removeprefix(COMMENT_PREFIX) if marked else None
