"""NetSuite's sales orders and their lines, matched with our order lines."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.suiteql import SOLD_LINES, in_conditions, required_int
from connectors.platforms.netsuite.targets.order_payloads import LinePayload

# Lines that NetSuite adds to an order, or that carry its discounts: no lines of ours.
NOT_SOLD = {"ShipItem", "Discount", "Subtotal", "Markup", "Payment", "EndGroup", "Description", "TaxItem", "TaxGroup"}


@dataclass(slots=True)
class SalesOrderLine:
    """`item` is the internal ID of the item; `key` is our line ID, if the account has a field for it."""

    number: int
    item: str
    key: str


@dataclass(slots=True)
class SalesOrder:
    internal_id: str
    lines: list[SalesOrderLine] = field(default_factory=list)


def find_sales_orders(client: NetSuiteClient, external_ids: Iterable[str]) -> dict[str, SalesOrder]:
    """External ID → the sales order with its lines, for those that exist."""
    found: dict[str, SalesOrder] = {}
    query = "SELECT so.id, so.externalid FROM transaction so"
    for condition in in_conditions("so.externalid", sorted(external_ids)):
        for row in client.rows(query, key="so.id", where=f"so.type = 'SalesOrd' AND {condition}"):
            found[str(row.get("externalid"))] = SalesOrder(str(required_int(row, "id")))
    lines = read_lines(client, [order.internal_id for order in found.values()])
    for order in found.values():
        order.lines = lines.get(order.internal_id, [])
    return found


def read_lines(client: NetSuiteClient, order_ids: Iterable[str]) -> dict[str, list[SalesOrderLine]]:
    """Internal ID of a sales order → its lines in order, without taxes, freight, discounts and the like."""
    key_field = client.field_map.orders.line_id
    column = f", line.{key_field} AS own" if key_field else ""
    query = (
        f"SELECT line.uniquekey, line.transaction, line.id, line.item, item.itemtype{column} FROM transactionline line"
        " LEFT JOIN item ON item.id = line.item"
    )
    found: dict[str, list[SalesOrderLine]] = defaultdict(list)
    for condition in in_conditions("line.transaction", (int(each) for each in order_ids)):
        where = f"{SOLD_LINES} AND {condition}"
        for row in client.rows(query, key="line.uniquekey", where=where):
            if row.get("itemtype") in NOT_SOLD:
                continue
            line = SalesOrderLine(required_int(row, "id"), str(row.get("item", "")), str(row.get("own", "")))
            found[str(row.get("transaction"))].append(line)
    return {order_id: sorted(lines, key=lambda line: line.number) for order_id, lines in found.items()}


def match_lines(
    own_lines: Iterable[LinePayload], existing: Sequence[SalesOrderLine], item_ids: Mapping[str, str]
) -> dict[str, SalesOrderLine]:
    """Our line ID → the line in NetSuite: by our ID if the account stores it, else in order among lines with the same
    item.

    `own_lines` begin with those that were sent before, including removed ones, because their lines come first in
    NetSuite, whatever their position in the order is now. `item_ids`: SKU → internal ID of the item.
    """
    known = {line.key: line for line in existing if line.key}
    free: dict[str, list[SalesOrderLine]] = defaultdict(list)
    for line in existing:
        if not line.key:
            free[line.item].append(line)
    found: dict[str, SalesOrderLine] = {}
    for own in own_lines:
        same_item = free[item_ids.get(own["sku"], "")]
        if own["key"] in known:
            found[own["key"]] = known[own["key"]]
        elif own["key"] not in found and same_item:
            found[own["key"]] = same_item.pop(0)
    return found
