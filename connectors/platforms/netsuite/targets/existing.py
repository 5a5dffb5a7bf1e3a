"""Reads back what NetSuite holds of our customers and orders, for comparisons (N9)."""

from collections.abc import Collection
from typing import Any

from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.external_ids import our_customers, our_orders
from connectors.platforms.netsuite.numbers import decimal_or_none
from connectors.platforms.netsuite.suiteql import SOLD_LINES, Row, in_conditions, required_int
from connectors.platforms.netsuite.targets.sales_orders import NOT_SOLD
from connectors.sdk.paging import ExistingPage, numeric_ids
from connectors.sdk.values import json_number

PAGE_SIZE = 200
# Fields of a `customer` in REST → columns of SuiteQL.
_CUSTOMER = {
    "email": "email", "phone": "phone", "companyName": "companyname", "firstName": "firstname", "lastName": "lastname",
}  # fmt: skip
# Canceled and closed orders are what is left of orders that we removed.
_OPEN = "so.status NOT IN ('C', 'H', 'SalesOrd:C', 'SalesOrd:H')"


def read_customers(client: NetSuiteClient, cursor: Any) -> ExistingPage[Row]:
    """A page of the active customers that we sent, with the fields that people may have changed."""
    columns = ", ".join(f"customer.{column}" for column in ("id", *_CUSTOMER.values()))
    where = f"{our_customers(client.settings)} AND customer.isinactive = 'F' AND customer.id > {_after(cursor)}"
    query = f"SELECT {columns} FROM customer WHERE {where} ORDER BY customer.id"
    rows, more = client.page(query, limit=PAGE_SIZE)
    found = {
        str(required_int(row, "id")): {name: row.get(column, "") for name, column in _CUSTOMER.items()} for row in rows
    }
    return ExistingPage(found, {"after": required_int(rows[-1], "id")} if more else None)


def read_orders(client: NetSuiteClient, cursor: Any) -> ExistingPage[dict[str, Any]]:
    """A page of our sales orders: number, note and date, and the SKU and quantity of each line that is not closed.

    Prices are not compared line by line: NetSuite rounds them. Their total was compared when the order was sent.
    """
    number = client.field_map.orders.number
    column = f", so.{number} AS reference" if number else ""
    query = f"SELECT so.id, so.memo, TO_CHAR(so.trandate, 'YYYY-MM-DD') AS day{column} FROM transaction so"
    where = f"{our_orders(client.settings)} AND {_OPEN} AND so.id > {_after(cursor)}"
    rows, more = client.page(f"{query} WHERE {where} ORDER BY so.id", limit=PAGE_SIZE)
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        body = {"memo": row.get("memo", ""), "tranDate": row.get("day", "")}
        found[str(required_int(row, "id"))] = {
            "body": body | ({number: row.get("reference", "")} if number else {}),
            "lines": [],
        }
    for order_id, line in _lines(client, found):
        found[order_id]["lines"].append(line)
    return ExistingPage(found, {"after": required_int(rows[-1], "id")} if more else None)


def _lines(client: NetSuiteClient, order_ids: Collection[str]) -> list[tuple[str, dict[str, Any]]]:
    """Order and line, by line number."""
    sku = client.field_map.products.sku
    query = (
        f"SELECT line.uniquekey, line.transaction, line.id, line.quantity, line.isclosed, item.itemtype, "
        f"item.{sku} AS sku FROM transactionline line JOIN item ON item.id = line.item"
    )
    found = []
    for condition in in_conditions("line.transaction", numeric_ids(order_ids)):
        for row in client.rows(query, key="line.uniquekey", where=f"{SOLD_LINES} AND {condition}"):
            if row.get("itemtype") in NOT_SOLD:
                continue
            line: dict[str, Any] = {"sku": str(row.get("sku", ""))}
            if row.get("isclosed") != "T" and (quantity := decimal_or_none(row.get("quantity"))) is not None:
                line["quantity"] = json_number(abs(quantity))
            found.append((str(required_int(row, "transaction")), required_int(row, "id"), line))
    return [(order, line) for order, _, line in sorted(found, key=lambda each: each[:2])]


def find_ids(client: NetSuiteClient, table: str, where: str, external_ids: Collection[str]) -> set[str]:
    """The internal IDs that exist. `where`: a condition that ends with AND, or empty."""
    query = f"SELECT found.id FROM {table} found"
    return {
        str(required_int(row, "id"))
        for condition in in_conditions("found.id", numeric_ids(external_ids))
        for row in client.rows(query, key="found.id", where=f"{where}{condition}")
    }


def _after(cursor: Any) -> int:
    return int((cursor or {}).get("after", 0))
