"""The available quantity of each item at each location; of a kit, what its members allow.

Kits have no stock of their own: they are taken apart when they are shipped.
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N2230210.html
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.numbers import decimal_or_none
from connectors.platforms.netsuite.suiteql import Row, in_conditions, required_int
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.records import StockRecord

MAX_LOCATION_LENGTH = 100
# A kit may contain kits. Deeper ones, or kits that contain themselves, are left as they are.
MAX_KIT_DEPTH = 5
_MEMBERS = (
    "SELECT member.parentitem, member.item, item.itemtype, SUM(member.quantity) AS quantity FROM itemmember member "
    "JOIN item ON item.id = member.item"
)

# Internal ID of a location → available quantity.
Stock = dict[int, Decimal]


def read_stock_levels(
    client: NetSuiteClient, item_ids: Sequence[int], *, kits: Iterable[int]
) -> dict[int, list[StockRecord]]:
    """Internal ID of an item → its stock. `kits`: those of the items that are kits."""
    members = _read_members(client, kits)
    wanted = {*item_ids, *(item for quantities in members.values() for item in quantities)}
    stock, names = _read_rows(client, sorted(wanted))
    for kit in members:
        stock[kit] = _of_kit(kit, members, stock, MAX_KIT_DEPTH)
    return {
        item: [StockRecord(quantity=left, location=names[location]) for location, left in stock.get(item, {}).items()]
        for item in item_ids
    }


def _of_kit(kit: int, members: dict[int, dict[int, Decimal]], stock: dict[int, Stock], depth: int) -> Stock:
    """How many kits each location can ship: the smallest number that one of its members allows.

    Members without stock of their own, such as services, do not count.
    """
    counts: list[Stock] = []
    for item, quantity in members[kit].items():
        if quantity <= 0:
            continue
        if item in members and depth:
            counts.append(_rated(_of_kit(item, members, stock, depth - 1), quantity))
        elif item in stock:
            counts.append(_rated(stock[item], quantity))
    locations = {location for each in counts for location in each}
    return {location: min(each.get(location, Decimal(0)) for each in counts) for location in sorted(locations)}


def _rated(stock: Stock, quantity: Decimal) -> Stock:
    return {location: available // quantity for location, available in stock.items()}


def _read_members(client: NetSuiteClient, kits: Iterable[int]) -> dict[int, dict[int, Decimal]]:
    """Internal ID of a kit → quantity of each of its members, for the kits, and the kits among their members."""
    found: dict[int, dict[int, Decimal]] = {}
    new = set(kits)
    while new:
        found |= {kit: {} for kit in new}
        inner = set()
        for condition in in_conditions("member.parentitem", sorted(new)):
            for row in _pairs(
                client, _MEMBERS, condition, ("member.parentitem", "member.item"), also=", item.itemtype"
            ):
                item = required_int(row, "item")
                found[required_int(row, "parentitem")][item] = decimal_or_none(row.get("quantity")) or Decimal(0)
                # An assembly has members as well, but a stock of its own.
                if row.get("itemtype") == "Kit":
                    inner.add(item)
        new = inner - found.keys()
    return found


def _read_rows(client: NetSuiteClient, item_ids: Sequence[int]) -> tuple[dict[int, Stock], dict[int, str]]:
    """Internal ID of an item → its stock, and the names of the locations."""
    query = (
        f"SELECT place.id, stock.item, stock.quantityavailable, place.name FROM {client.settings.stock_table} stock "
        "JOIN location place ON place.id = stock.location"
    )
    stock: dict[int, Stock] = defaultdict(dict)
    names: dict[int, str] = {}
    for condition in in_conditions("stock.item", item_ids):
        for row in _pairs(client, query, condition, ("stock.item", "place.id")):
            location = required_int(row, "id")
            names[location] = str(row.get("name", ""))[:MAX_LOCATION_LENGTH] or str(location)
            available = decimal_or_none(row.get("quantityavailable")) or Decimal(0)
            stock[required_int(row, "item")][location] = available
    return stock, names


def _pairs(
    client: NetSuiteClient, query: str, condition: str, key: tuple[str, str], *, also: str = ""
) -> Iterator[Row]:
    """All rows of a query whose unique key is a pair of columns; grouped by it if there are columns `also`."""
    names = [column.rpartition(".")[2] for column in key]
    group = f" GROUP BY {key[0]}, {key[1]}{also}" if also else ""
    last = (0, 0)
    while True:
        after = f"({key[0]} > {last[0]} OR ({key[0]} = {last[0]} AND {key[1]} > {last[1]}))"
        rows, more = client.page(f"{query} WHERE {condition} AND {after}{group} ORDER BY {key[0]}, {key[1]}")
        yield from rows
        if not more:
            return
        following = required_int(rows[-1], names[0]), required_int(rows[-1], names[1])
        if following <= last:
            raise TryAgainLater("NetSuite returned rows that were already read.", sent=False)
        last = following
