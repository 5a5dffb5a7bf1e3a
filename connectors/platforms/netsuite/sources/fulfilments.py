"""Shipments of our sales orders: all item fulfilments of each order of which at least one has changed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal

from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.external_ids import our_orders
from connectors.platforms.netsuite.numbers import decimal_or_none
from connectors.platforms.netsuite.suiteql import (
    SOLD_LINES,
    Row,
    changed_since,
    has_status,
    in_conditions,
    required_int,
)
from connectors.sdk import issues
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.paging import Cursor, Page, numeric_ids
from connectors.sdk.records import FulfilmentRecord, ShipmentRecord
from connectors.sdk.streams import Source
from hub.kinds import DataType

PAGE_SIZE = 500
MAX_NAME_LENGTH = 100
_ORDERS = "SELECT so.id, so.tranid FROM transaction so"
# Picked (A) or packed (B) items have not left the warehouse. Of kits, the line of the kit counts, not its members.
_STATUS = has_status("parcel", "ItemShip", "C")
_SHIPPED = f"parcel.type = 'ItemShip' AND {_STATUS} AND link.linktype = 'ShipRcpt' AND {SOLD_LINES}"
_LINES = """
SELECT line.uniquekey, link.previousdoc, link.previousline, parcel.id, line.quantity,
       TO_CHAR(parcel.trandate, 'YYYY-MM-DD') AS shipped, BUILTIN.DF(parcel.shipmethod) AS carrier
FROM transactionline line
JOIN transaction parcel ON parcel.id = line.transaction
JOIN previoustransactionlinelink link ON link.nextdoc = line.transaction AND link.nextline = line.id
"""
_TRACKING_NUMBERS = """
SELECT tracking.id, parcel.transaction, tracking.trackingnumber
FROM trackingnumber tracking JOIN trackingnumbermap parcel ON parcel.trackingnumber = tracking.id
"""


class Fulfilments(Source[NetSuiteClient, FulfilmentRecord]):
    data_type = DataType.ORDERS
    lane = "read"
    full_schedule = "1d"
    partial_schedule = "5m"
    required = ("order.id", "fulfilments")

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[FulfilmentRecord]:
        """A full read includes all our sales orders, because an order whose only fulfilment was deleted is found in no
        other way."""
        settings = self.client.settings
        conditions = [our_orders(settings), f"so.id > {(cursor or {}).get('after', 0)}"]
        if since is not None:
            changed = changed_since("parcel.lastmodifieddate", since, settings.time_zone)
            conditions.append(
                "so.id IN (SELECT link.previousdoc FROM previoustransactionlinelink link "
                f"JOIN transaction parcel ON parcel.id = link.nextdoc WHERE parcel.type = 'ItemShip' AND {changed})"
            )
        query = f"{_ORDERS} WHERE {' AND '.join(conditions)} ORDER BY so.id"
        rows, more = self.client.page(query, limit=PAGE_SIZE)
        return Page(self._records(rows), {"after": required_int(rows[-1], "id")} if more else None)

    def fetch(self, external_ids: Sequence[str]) -> list[FulfilmentRecord]:
        rows: list[Row] = []
        for condition in in_conditions("so.id", numeric_ids(external_ids)):
            where = f"{our_orders(self.client.settings)} AND {condition}"
            rows += self.client.rows(_ORDERS, key="so.id", where=where)
        return self._records(rows)

    def _records(self, orders: Sequence[Row]) -> list[FulfilmentRecord]:
        ids = [required_int(row, "id") for row in orders]
        lines: dict[int, list[Row]] = defaultdict(list)
        for condition in in_conditions("link.previousdoc", ids):
            for row in self.client.rows(_LINES, key="line.uniquekey", where=f"{condition} AND {_SHIPPED}"):
                lines[required_int(row, "previousdoc")].append(row)
        numbers = self._tracking_numbers({required_int(row, "id") for rows in lines.values() for row in rows})
        return [_record(order_id, order, lines[order_id], numbers) for order_id, order in zip(ids, orders, strict=True)]

    def _tracking_numbers(self, fulfilment_ids: Iterable[int]) -> dict[int, list[str]]:
        """Internal ID of an item fulfilment → its tracking numbers."""
        found: dict[int, list[str]] = defaultdict(list)
        for condition in in_conditions("parcel.transaction", sorted(fulfilment_ids)):
            for row in self.client.rows(_TRACKING_NUMBERS, key="tracking.id", where=condition):
                found[required_int(row, "transaction")].append(str(row.get("trackingnumber", "")))
        return found


def _record(order_id: int, order: Row, lines: Sequence[Row], numbers: dict[int, list[str]]) -> FulfilmentRecord:
    """A fulfilment that cannot be read costs its order only."""
    record = FulfilmentRecord(external_id=str(order_id), raw={"order": order, "fulfilments": lines})
    try:
        record.shipments = _shipments(order_id, lines, numbers)
    except TryAgainLater as error:
        record.problems = [issues.UNREADABLE(field="An item fulfillment", reason=str(error).rstrip("."))]
    return record


def _shipments(order_id: int, rows: Sequence[Row], numbers: dict[int, list[str]]) -> list[ShipmentRecord]:
    """A shipment for each item fulfilment of the order, by ID. Its order lines have the IDs that OrderTarget links."""
    found: dict[int, ShipmentRecord] = {}
    for row in rows:
        fulfilment_id = required_int(row, "id")
        shipment = found.setdefault(fulfilment_id, _shipment(row, numbers.get(fulfilment_id, [])))
        line = f"{order_id}/{required_int(row, 'previousline')}"
        shipment.lines[line] = shipment.lines.get(line, Decimal(0)) + _quantity(row)
    return [found[fulfilment_id] for fulfilment_id in sorted(found)]


def _shipment(row: Row, numbers: Sequence[str]) -> ShipmentRecord:
    return ShipmentRecord(
        external_id=str(required_int(row, "id")),
        carrier=str(row.get("carrier", ""))[:MAX_NAME_LENGTH],
        tracking_numbers=[number for number in numbers if number],
        shipped_at=_midnight(row.get("shipped")),
    )


def _midnight(value: object) -> datetime | None:
    """NetSuite returns only the date; the time is assumed to be midnight UTC."""
    try:
        return datetime.combine(date.fromisoformat(str(value)), time.min, UTC)
    except ValueError:
        return None


def _quantity(row: Row) -> Decimal:
    """The absolute quantity: some lines have negative quantities for shipped goods, others positive ones."""
    quantity = decimal_or_none(row.get("quantity"))
    if quantity is None:
        raise TryAgainLater("NetSuite returned a fulfillment line without a quantity.", sent=False)
    return abs(quantity)
