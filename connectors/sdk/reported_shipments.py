"""What other systems report as shipped of an order, for the shop that it was placed in."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.values import json_number
from orders.items import OrderItem
from orders.tracking_numbers import comparable_numbers


def reported_shipments(item: OrderItem, known: Mapping[int, str]) -> list[dict[str, Any]]:
    """`[{"key", "name", "carrier", "numbers", "lines": {line: quantity}}]`, by key. `known`: our line → the shop's.

    SkipRecord for a shipment with neither an ID nor a tracking number, because it could not be identified.
    """
    found: dict[str, dict[str, Any]] = {}
    for shipment in item.shipments:
        lines = {known[line]: quantity for line, quantity in shipment.lines.items() if line in known}
        if shipment.reported_by is None or not lines:
            continue  # imported from the shop, or with lines that the shop does not have
        name = " ".join((shipment.external_id or next(iter(shipment.tracking_numbers), "")).split())
        if not name:
            raise SkipRecord(issues.SHIPMENT_WITHOUT_NUMBER())
        key = f"{shipment.reported_by}/{name}"  # each vendor numbers its shipments independently
        entry = found.setdefault(
            key, {"key": key, "name": name, "carrier": shipment.carrier, "numbers": [], "lines": {}}
        )
        entry["numbers"] = list(dict.fromkeys((*entry["numbers"], *shipment.tracking_numbers)))
        for line, quantity in lines.items():
            entry["lines"][line] = json_number(Decimal(str(entry["lines"].get(line, 0))) + quantity)
    return [each | {"lines": dict(sorted(each["lines"].items()))} for _, each in sorted(found.items())]


class EnteredByHand:
    """The shipments of an order that were entered in the shop, found by their tracking numbers in any spelling. Each
    piece counts for one reported shipment."""

    def __init__(self) -> None:
        self._shipments: list[tuple[set[str], dict[int, Decimal]]] = []

    def add(self, number: str, items: Iterable[tuple[int, Decimal]]) -> None:
        """`number`: the field of the shop, which may hold several; `items`: (line, pieces)."""
        pieces: dict[int, Decimal] = {}
        for line, quantity in items:
            pieces[line] = pieces.get(line, Decimal(0)) + quantity
        self._shipments.append((comparable_numbers([number]), pieces))

    def take(self, numbers: Iterable[str], missing: dict[int, Decimal]) -> None:
        """Take the pieces with one of the tracking numbers off `missing` (line → pieces)."""
        wanted = comparable_numbers(numbers)
        for found, pieces in self._shipments:
            for line in pieces.keys() & missing.keys() if found & wanted else ():
                taken = max(Decimal(0), min(pieces[line], missing[line]))
                missing[line] -= taken
                pieces[line] -= taken
