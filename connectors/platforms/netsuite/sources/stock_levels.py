"""The available quantity of each item at each location."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.numbers import decimal_or_none
from connectors.platforms.netsuite.suiteql import Row, in_conditions, required_int
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.records import StockRecord

MAX_LOCATION_LENGTH = 100
_STOCK = (
    "SELECT place.id, stock.item, stock.quantityavailable, place.name FROM inventoryitemlocations stock "
    "JOIN location place ON place.id = stock.location"
)


def read_stock_levels(client: NetSuiteClient, item_ids: Sequence[int]) -> dict[int, list[StockRecord]]:
    """Internal ID of an item → its stock."""
    found: dict[int, list[StockRecord]] = defaultdict(list)
    for condition in in_conditions("stock.item", item_ids):
        # A location has several items, so the unique key is the pair.
        item, location = 0, 0
        while True:
            after = f"(stock.item > {item} OR (stock.item = {item} AND place.id > {location}))"
            rows, more = client.page(f"{_STOCK} WHERE {condition} AND {after} ORDER BY stock.item, place.id")
            for row in rows:
                found[required_int(row, "item")].append(_stock(row))
            if not more:
                break
            last = required_int(rows[-1], "item"), required_int(rows[-1], "id")
            if last <= (item, location):
                raise TryAgainLater("NetSuite returned rows that were already read.", sent=False)
            item, location = last
    return found


def _stock(row: Row) -> StockRecord:
    location = str(row.get("name", ""))[:MAX_LOCATION_LENGTH] or str(required_int(row, "id"))
    return StockRecord(quantity=decimal_or_none(row.get("quantityavailable")) or Decimal(0), location=location)
