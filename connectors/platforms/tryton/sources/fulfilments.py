"""Shipments of our sales: all customer shipments of each sale of which at least one has changed.

A move of a shipment refers to the line of the sale. https://pypi.org/project/trytond-stock/
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from connectors.platforms.tryton.client import TrytonClient
from connectors.platforms.tryton.keys import order_keys
from connectors.platforms.tryton.values import Domain, Row, datetime_json, decimal_or_none, record_id, reference_id
from connectors.sdk import issues
from connectors.sdk.decoding import whole_number
from connectors.sdk.paging import Cursor, Page, numeric_ids
from connectors.sdk.records import FulfilmentRecord, ShipmentRecord
from connectors.sdk.streams import Source
from hub.kinds import DataType

PAGE_SIZE = 100
MAX_NAME_LENGTH = 100
MODEL = "stock.shipment.out"
# Packed goods have not left the warehouse.
_SHIPPED = ("shipped", "done")


class Fulfilments(Source[TrytonClient, FulfilmentRecord]):
    data_type = DataType.ORDERS
    lane = "read"
    full_schedule = "1d"
    partial_schedule = "5m"
    required = ("number",)

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[FulfilmentRecord]:
        """A full read includes all our sales, because one whose only shipment was deleted is found in no other way."""
        domain = [self._ours(), *([self._changed(since)] if since else [])]
        after = int((cursor or {}).get("after", 0))
        rows, more = self.client.page("sale.sale", domain, ["number"], after=after, size=PAGE_SIZE)
        return Page(self._records(rows), {"after": record_id(rows[-1])} if more else None)

    def fetch(self, external_ids: Sequence[str]) -> list[FulfilmentRecord]:
        found = self.client.among("sale.sale", "id", numeric_ids(external_ids), ["number"], domain=[self._ours()])
        return self._records(list(found))

    def _ours(self) -> Domain:
        return [self.client.field_map.orders.key, "like", order_keys(self.client.settings)]

    def _changed(self, since: datetime) -> Domain:
        """Of the sale's shipments, or of their packages: a tracking number may be entered later."""
        moment = datetime_json(since)
        changed: Domain = ["OR", ["shipments.write_date", ">=", moment], ["shipments.create_date", ">=", moment]]
        if self._has_packages:
            changed.append(["shipments.packages.write_date", ">=", moment])
        return changed

    @property
    def _has_packages(self) -> bool:
        return self.client.has("stock.package", "shipping_reference")

    def _records(self, sales: Sequence[Row]) -> list[FulfilmentRecord]:
        """A move that cannot be read costs the sales of its shipment: without it, too little would count as shipped."""
        ids = [record_id(row) for row in sales]
        lines: dict[int, int] = {}
        unreadable: set[int] = set()
        for row in self.client.among("sale.line", "sale", ids, ["sale"]):
            if (sale := whole_number(row.get("sale"))) is not None:
                lines[record_id(row)] = sale
            else:
                unreadable |= set(ids)
        moves: dict[int, list[Row]] = defaultdict(list)
        fields = ["origin", "shipment", "quantity", "state"]
        for move in self.client.among("stock.move", "origin", [f"sale.line,{line}" for line in lines], fields):
            if move.get("state") == "cancelled" or move.get("shipment") is None:
                continue
            if shipment := reference_id(move["shipment"], MODEL):
                moves[shipment].append(move)
            elif not isinstance(move["shipment"], str):
                unreadable |= set(ids)
        shipments: dict[int, list[Row]] = defaultdict(list)
        for row in self._shipments(list(moves)):
            own = moves[record_id(row)]
            found = {lines[line] for move in own if (line := _line(move)) in lines}
            for sale in sorted(found):
                shipments[sale].append(row | {"moves": [move for move in own if lines.get(_line(move)) == sale]})
            if any(_line(move) not in lines or decimal_or_none(move.get("quantity")) is None for move in own):
                unreadable |= found or set(ids)
        return [self._record(row, shipments[record_id(row)], record_id(row) in unreadable) for row in sales]

    @staticmethod
    def _record(row: Row, shipments: list[Row], unreadable: bool) -> FulfilmentRecord:
        problems = [issues.UNREADABLE(field="moves", reason="a stock move has no line, shipment or quantity")]
        return FulfilmentRecord(
            external_id=str(record_id(row)),
            raw=row | {"shipments": shipments},
            shipments=[] if unreadable else [_shipment(each) for each in shipments],
            problems=problems if unreadable else [],
        )

    def _shipments(self, ids: Sequence[int]) -> list[Row]:
        fields = ["number", "state", "effective_date"]
        if self.client.has(MODEL, "carrier"):
            fields.append("carrier.party.name")
        if self._has_packages:
            fields.append("packages.shipping_reference")
        shipped = [["state", "in", list(_SHIPPED)]]
        return sorted(self.client.among(MODEL, "id", sorted(ids), fields, domain=shipped), key=record_id)


def _line(move: Row) -> int:
    """The line of the sale that a move belongs to; 0 if that cannot be read."""
    return reference_id(move.get("origin"), "sale.line") or 0


def _shipment(row: Row) -> ShipmentRecord:
    packages = row.get("packages")
    found = [each for each in packages if isinstance(each, dict)] if isinstance(packages, list) else []
    numbers = [str(each.get("shipping_reference") or "") for each in found]
    lines: dict[str, Decimal] = defaultdict(Decimal)
    for move in row["moves"]:
        lines[str(_line(move))] += decimal_or_none(move.get("quantity")) or Decimal(0)
    return ShipmentRecord(
        external_id=str(record_id(row)),
        carrier=_carrier(row)[:MAX_NAME_LENGTH],
        tracking_numbers=list(dict.fromkeys(number for number in numbers if number)),
        shipped_at=_midnight(row.get("effective_date")),
        lines=dict(lines),
    )


def _carrier(row: Row) -> str:
    match row.get("carrier"):
        case {"party": {"name": str(name)}}:
            return name
    return ""


def _midnight(value: Any) -> datetime | None:
    """Tryton has only the date; the time is taken to be midnight UTC."""
    try:
        return datetime.combine(date.fromisoformat(str(value)), time.min, UTC)
    except ValueError:
        return None
