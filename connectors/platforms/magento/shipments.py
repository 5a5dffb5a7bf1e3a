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
from connectors.listing import Moment, Text
from connectors.platforms.magento.reading import Wire
from connectors.platforms.magento.shop import Shop, message_of, number
from connectors.records import ShipmentRecord
from hub.kinds import Kind
from orders.items import OrderItem, ShipmentItem

PATH = "/shipments"
# What the comment begins with; behind it stands the shipment's key.
MARK = "SyncCenter shipment "
# A shipment read here bears its number behind this, so that it is known again and never sent back.
MADE_THERE = "magento-"
LONGEST_NUMBER = 100
# The carriers that the vendor knows; any other is told by its title.
CARRIERS = ("dhl", "fedex", "ups", "usps")
CUSTOM = "custom"


def of_orders(shop: Shop, numbers: Iterable[int]) -> dict[int, list["Shipment"]]:
    """Order → its shipments as the shop has them, in as few calls as their number allows."""
    found: dict[int, list[Shipment]] = defaultdict(list)
    for row in shop.named(PATH, "order_id", numbers, sort=("entity_id",)):
        try:
            shipment = Shipment.model_validate(row)
        except ValidationError:
            shop.broken(PATH)
        found[shipment.order_id].append(shipment)
    return found


def shipment_records(shipments: Iterable["Shipment"]) -> list[ShipmentRecord]:
    """Those that were made there: one that bears our mark is the hub's own."""
    return [
        ShipmentRecord(
            external_id=f"{MADE_THERE}{wire.entity_id}",
            carrier=wire.tracks[0].title if wire.tracks else "",
            tracking_number=_numbers(wire.tracks),
            shipped_at=wire.created_at,
            lines={each.order_item_id: each.qty for each in wire.items},
        )
        for wire in sorted(shipments, key=lambda each: each.entity_id)
        if wire.key is None
    ]


def _numbers(tracks: Sequence["_Track"]) -> str:
    """As many whole numbers as there is room for."""
    text = ", ".join(each.track_number for each in tracks)
    return text if len(text) <= LONGEST_NUMBER else text[: LONGEST_NUMBER + 1].rpartition(", ")[0]


def payload(item: OrderItem, refs: References) -> dict[str, Any] | None:
    """`{"shipments": [{"key", "carrier", "number", "items": [{"order_item_id", "qty"}]}]}`: what others report of an
    order of this shop. None for an order that it does not have.

    SkipRecord for a shipment that has neither id nor tracking number: nothing would tell it from another.
    """
    known = {line.id: there for line in item.lines if (there := refs.get(Kind.ORDER_LINE, line.id))}
    if not known:
        return None
    elsewhere = [each for each in item.shipments if not each.external_id.startswith(MADE_THERE)]
    made = [shipped for each in elsewhere if (shipped := _shipped(each, known)) is not None]
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
            mend="Give it a tracking number where it was shipped.",
        )
    return {
        # Vendors number their shipments each for themselves; none shares a line with another.
        "key": f"{name}/{lines[0][0]}",
        "carrier": item.carrier,
        "number": item.tracking_number,
        "items": [{"order_item_id": line, "qty": number(quantity)} for line, quantity in lines],
    }


def send_shipments(shop: Shop, operations: Sequence[Operation]) -> list[Outcome]:
    """Make what is not there yet, and add a tracking number that came later. One look for all orders together."""
    wanted = [int(each.external_id) for each in operations if each.payload and each.payload["shipments"]]
    held = of_orders(shop, wanted)
    outcomes = []
    for operation in operations:
        outcome = Outcome(external_id=operation.external_id)
        if operation.payload and operation.payload["shipments"]:
            number = int(operation.external_id)
            refused = _complete(shop, number, operation.payload["shipments"], held[number])
            outcome.error = _problem(refused) if refused else None
        outcomes.append(outcome)
    return outcomes


def _complete(
    shop: Shop, order: int, wanted: Sequence[dict[str, Any]], held: Sequence["Shipment"]
) -> dict[str, Refused]:
    """Key → refusal of those that the shop does not take; they hold up no other."""
    there = {each.key: each for each in held if each.key is not None}
    by_hand = {track.track_number for each in held if each.key is None for track in each.tracks if track.track_number}
    refusals = {}
    for each in wanted:
        try:
            if made := there.get(each["key"]):
                _add_track(shop, made, each)
            elif each["number"] not in by_hand:
                _ship(shop, order, each)
        except Refused as refused:
            refusals[each["key"]] = refused
    return refusals


def _add_track(shop: Shop, made: "Shipment", shipment: dict[str, Any]) -> None:
    """A tracking number that came later."""
    if shipment["number"] and shipment["number"] not in [each.track_number for each in made.tracks]:
        place = {"order_id": made.order_id, "parent_id": made.entity_id, "weight": 0, "description": ""}
        quantity = {"qty": sum(each["qty"] for each in shipment["items"])}
        shop.post("/shipment/track", {"entity": place | quantity | _track(shipment)})


def _ship(shop: Shop, order: int, shipment: dict[str, Any]) -> None:
    body = {
        "items": shipment["items"],
        "notify": shop.settings.notify,
        "appendComment": False,
        "comment": {"comment": f"{MARK}{shipment['key']}", "is_visible_on_front": 0},
        "tracks": [_track(shipment)] if shipment["number"] else [],
    }
    if source := shop.settings.ship_from:
        body["arguments"] = {"extension_attributes": {"source_code": source}}
    answer = shop.post(f"/order/{order}/ship", body)
    if not str(answer).isdecimal():
        raise TryAgainLater("Magento did not say which shipment it made.")


def _track(shipment: dict[str, Any]) -> dict[str, str]:
    carrier = shipment["carrier"]
    code = carrier.lower() if carrier.lower() in CARRIERS else CUSTOM
    return {"track_number": shipment["number"], "title": carrier or "Shipment", "carrier_code": code}


def _problem(refusals: Mapping[str, Refused]) -> SkipRecord:
    texts = [f"Magento refuses shipment {key.rpartition('/')[0]}: {message_of(e)}" for key, e in refusals.items()]
    return SkipRecord(
        "\n".join(texts),
        code="shipment_refused",
        mend="Compare what was shipped of the order in Magento with what is reported here; then press Retry.",
    )


class _Item(Wire):
    order_item_id: Text
    qty: Decimal


class _Track(Wire):
    track_number: Text = ""
    title: Text = ""


class _Comment(Wire):
    comment: Text = ""


class Shipment(Wire):
    """One as the shop has it."""

    entity_id: int
    order_id: int
    created_at: Moment | None = None
    items: list[_Item] = []
    tracks: list[_Track] = []
    comments: list[_Comment] = []

    @property
    def key(self) -> str | None:
        """Ours, if its comments name one."""
        said = [each.comment for each in self.comments if each.comment.startswith(MARK)]
        return said[0].removeprefix(MARK) if said else None
