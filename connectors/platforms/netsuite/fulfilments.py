"""What NetSuite has shipped of our sales orders: all item fulfilments of each order that has a changed one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.contract import Page
from connectors.errors import TryAgainLater
from connectors.platforms.netsuite.client import NetSuiteClient, Row, in_conditions, required_int
from connectors.platforms.netsuite.datetimes import changed_since_condition
from connectors.platforms.netsuite.orders import sales_order_condition
from connectors.platforms.netsuite.settings import Settings
from connectors.records import FulfilmentRecord, Record, ShipmentRecord

PAGE_SIZE = 500
# Picked (A) and packed (B) are still in the house.
_SHIPPED = "parcel.type = 'ItemShip' AND parcel.status = 'ItemShip:C' AND link.linktype = 'ShipRcpt'"
_LINES = """
SELECT line.uniquekey, link.previousdoc, link.previousline, parcel.id, line.quantity,
       TO_CHAR(parcel.trandate, 'YYYY-MM-DD') AS shipped, BUILTIN.DF(parcel.shipmethod) AS carrier
FROM transactionline line
JOIN transaction parcel ON parcel.id = line.transaction
JOIN previoustransactionlinelink link ON link.nextdoc = line.transaction AND link.nextline = line.id
"""
_NUMBERS = """
SELECT tracking.id, parcel.transaction, tracking.trackingnumber
FROM trackingnumber tracking JOIN trackingnumbermap parcel ON parcel.trackingnumber = tracking.id
"""


class Fulfilments:
    """The item fulfilments of one account."""

    def __init__(self, client: NetSuiteClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def read_page(self, since: datetime | None, cursor: dict[str, Any] | None) -> Page:
        """In full, all our sales orders: one whose only fulfilment was deleted has none left to be found by."""
        conditions = [sales_order_condition(self._settings), f"so.id > {(cursor or {}).get('after', 0)}"]
        if since is not None:
            changed_condition = changed_since_condition("parcel.lastmodifieddate", since, self._settings.time_zone)
            conditions.append(
                "so.id IN (SELECT link.previousdoc FROM previoustransactionlinelink link "
                f"JOIN transaction parcel ON parcel.id = link.nextdoc "
                f"WHERE parcel.type = 'ItemShip' AND {changed_condition})"
            )
        query = f"SELECT so.id, so.tranid FROM transaction so WHERE {' AND '.join(conditions)} ORDER BY so.id"
        rows, more = self._client.page(query, limit=PAGE_SIZE)
        return Page(self._records(rows), {"after": required_int(rows[-1], "id")} if more else None)

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        rows: list[Row] = []
        for condition in in_conditions("so.id", (int(each) for each in external_ids if each.isdecimal())):
            where = f"{sales_order_condition(self._settings)} AND {condition}"
            rows += self._client.rows("SELECT so.id, so.tranid FROM transaction so", key="so.id", where=where)
        return self._records(rows)

    def _records(self, orders: Sequence[Row]) -> list[Record]:
        ids = [required_int(row, "id") for row in orders]
        lines = list(self._all(_LINES, "line.uniquekey", "link.previousdoc", ids, _SHIPPED))
        parcels = {required_int(row, "id") for row in lines}
        numbers: dict[int, list[str]] = defaultdict(list)
        for row in self._all(_NUMBERS, "tracking.id", "parcel.transaction", sorted(parcels), ""):
            numbers[required_int(row, "transaction")].append(str(row.get("trackingnumber", "")))
        shipments: dict[int, dict[int, ShipmentRecord]] = defaultdict(dict)
        for row in lines:
            order_id, parcel_id = required_int(row, "previousdoc"), required_int(row, "id")
            shipment = shipments[order_id].setdefault(parcel_id, _shipment(row, numbers[parcel_id]))
            line = f"{order_id}/{required_int(row, 'previousline')}"
            shipment.lines[line] = shipment.lines.get(line, Decimal(0)) + _quantity(row)
        raw: dict[int, list[Row]] = defaultdict(list)
        for row in lines:
            raw[required_int(row, "previousdoc")].append(row)
        return [
            FulfilmentRecord(
                external_id=str(order_id),
                raw={"order": order, "fulfilments": raw[order_id]},
                shipments=[shipments[order_id][parcel] for parcel in sorted(shipments[order_id])],
            )
            for order_id, order in zip(ids, orders, strict=True)
        ]

    def _all(self, query: str, key: str, column: str, ids: Iterable[int], further: str) -> Iterable[Row]:
        for condition in in_conditions(column, ids):
            yield from self._client.rows(query, key=key, where=" AND ".join(filter(None, (condition, further))))


def _shipment(row: Row, numbers: Sequence[str]) -> ShipmentRecord:
    return ShipmentRecord(
        external_id=str(required_int(row, "id")),
        carrier=str(row.get("carrier", ""))[:100],
        tracking_number=", ".join(number for number in numbers if number)[:100],
        shipped_at=_parse_day(row.get("shipped")),
    )


def _parse_day(value: object) -> datetime | None:
    """NetSuite tells the day; it begins at midnight UTC here."""
    try:
        return datetime.combine(date.fromisoformat(str(value)), time.min, UTC)
    except ValueError:
        return None


def _quantity(row: Row) -> Decimal:
    """What leaves the house is negative on some lines and positive on others: what counts is how much."""
    try:
        return abs(Decimal(str(row.get("quantity"))))
    except InvalidOperation as error:
        raise TryAgainLater("NetSuite answered a fulfilment without a quantity.", sent=False) from error
