"""The data of an account, as tables that SuiteQL can query."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.money import places_of
from sandbox.platforms.netsuite.tax import TaxSettings

# Times are in the zone of the user who signs in.
ZONE = ZoneInfo("America/Los_Angeles")
CURRENCIES = ("GBP", "EUR", "USD", "JPY", "KWD")
OTHER_ITEMS = {"DISCOUNT": "Discount", "OTHER-CHARGE": "OthCharge", "GIFT-CARD": "GiftCert", "UPS Ground": "ShipItem"}
CARRIERS = {1: "UPS Ground", 2: "DHL Express"}
# Types of items that no fulfillment ships.
NOT_SHIPPED = ("Discount", "OthCharge", "GiftCert", "ShipItem", "Service", "Description", "Subtotal")
_TABLES = """
CREATE TABLE item (id INTEGER PRIMARY KEY, itemid TEXT, displayname TEXT, storedescription TEXT, upccode TEXT,
    parent INTEGER, itemtype TEXT, isinactive TEXT DEFAULT 'F', weight REAL, weightunit INTEGER, custitem_colour TEXT,
    lastmodifieddate TEXT);
CREATE TABLE location (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE inventoryitemlocations (item INTEGER, location INTEGER, quantityavailable REAL,
    lastquantityavailablechange TEXT, PRIMARY KEY (item, location));
CREATE TABLE customer (id INTEGER PRIMARY KEY, externalid TEXT UNIQUE, companyname TEXT, lastname TEXT, email TEXT,
    isinactive TEXT DEFAULT 'F', body TEXT);
CREATE TABLE currency (id INTEGER PRIMARY KEY, symbol TEXT, name TEXT);
CREATE TABLE "transaction" (id INTEGER PRIMARY KEY, externalid TEXT, tranid TEXT, type TEXT, status TEXT, trandate TEXT,
    entity INTEGER, shipmethod INTEGER, lastmodifieddate TEXT, body TEXT, currency INTEGER DEFAULT 1,
    createdfrom INTEGER, subtotal REAL, discounttotal REAL, taxtotal REAL, foreigntotal REAL,
    UNIQUE (type, externalid));
CREATE TABLE transactionline (uniquekey INTEGER PRIMARY KEY, "transaction" INTEGER, id INTEGER, item INTEGER,
    quantity REAL, mainline TEXT DEFAULT 'F', taxline TEXT DEFAULT 'F', isclosed TEXT DEFAULT 'F', rate REAL,
    amount REAL, foreignamount REAL, netamount REAL, memo TEXT, taxdetailsreference TEXT,
    transactiondiscount TEXT DEFAULT 'F',
    computed TEXT DEFAULT 'F', custcol_hub_line TEXT, UNIQUE ("transaction", id));
CREATE TABLE previoustransactionlinelink (previousdoc INTEGER, previousline INTEGER, previoustype TEXT,
    nextdoc INTEGER, nextline INTEGER, nexttype TEXT, linktype TEXT);
CREATE TABLE trackingnumber (id INTEGER PRIMARY KEY, trackingnumber TEXT);
CREATE TABLE trackingnumbermap ("transaction" INTEGER, trackingnumber INTEGER);
"""


def now() -> str:
    return datetime.now(UTC).astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


class AccountDatabase:
    """The tables of one account.

    `--products N` creates N plain items `SKU-1` to `SKU-N`, then a matrix item with two children, an inactive item, a
    service (not stocked), a customer for guest orders, and the items for discounts, other charges and freight. The
    account has the currencies of `CURRENCIES`, with IDs from 1 on; the first is its own.
    """

    def __init__(self, products: int) -> None:
        self.tax = TaxSettings()
        self.connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        self.connection.executescript(_TABLES)
        self.add("location", name="Main")
        self.add("customer", companyname="Walk-in", body="{}")
        for number in range(1, products + 1):
            self.item(f"SKU-{number}", displayname=f"Lamp {number}", weight=number, weightunit=4, quantity=number)
        parent = self.item("SHIRT", displayname="Shirt", quantity=None)
        for colour in ("RED", "BLUE"):
            self.item(f"SHIRT-{colour}", parent=parent, custitem_colour=colour, quantity=5)
        self.item("OLD", displayname="Old lamp", isinactive="T")
        self.item("HOURS", displayname="Advice", itemtype="Service", quantity=None)
        for sku, kind in OTHER_ITEMS.items():
            self.item(sku, displayname=sku, itemtype=kind, quantity=None)
        for symbol in CURRENCIES:
            self.add("currency", symbol=symbol, name=symbol)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Undo everything if an error is raised."""
        self.connection.execute("SAVEPOINT change")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK TO change")
            raise
        finally:
            self.connection.execute("RELEASE change")

    def add(self, table: str, **values: Any) -> int:
        columns = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        cursor = self.connection.execute(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', list(values.values()))
        return cursor.lastrowid or 0

    def change(self, table: str, row_id: int, **values: Any) -> None:
        assignments = ", ".join(f'"{name}" = ?' for name in values)
        self.connection.execute(f'UPDATE "{table}" SET {assignments} WHERE id = ?', [*values.values(), row_id])

    def all(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in self.connection.execute(query, values)]

    def item(self, sku: str, *, quantity: float | None = 0, **values: Any) -> int:
        item_id = self.add("item", itemid=sku, lastmodifieddate=now(), **({"itemtype": "InvtPart"} | values))
        if quantity is not None:
            self.stock(item_id, quantity)
        return item_id

    def stock(self, item_id: int, quantity: float) -> None:
        """As at the vendor, a stock count does not modify the item."""
        self.connection.execute(
            "INSERT OR REPLACE INTO inventoryitemlocations VALUES (?, 1, ?, ?)", [item_id, quantity, now()]
        )

    def backdate(self, hours: float) -> None:
        """Move all modification times back by some hours."""
        for table, column in (
            ("item", "lastmodifieddate"),
            ("transaction", "lastmodifieddate"),
            ("inventoryitemlocations", "lastquantityavailablechange"),
        ):
            self.connection.execute(f'UPDATE "{table}" SET {column} = datetime({column}, ?)', [f"-{hours} hours"])

    def lines(self, order_id: int) -> list[dict[str, Any]]:
        """The lines of the sublist, without those that NetSuite computes itself."""
        return self.all(
            "SELECT line.*, item.itemid AS sku, item.itemtype AS item_type FROM transactionline line "
            "JOIN item ON item.id = line.item "
            "WHERE line.\"transaction\" = ? AND mainline = 'F' AND computed = 'F' ORDER BY line.id",
            order_id,
        )

    def fulfilled(self, order_id: int, line: int) -> list[dict[str, Any]]:
        """What was shipped of a line: positive quantities by fulfillment."""
        return self.all(
            "SELECT -parcel.quantity AS quantity FROM previoustransactionlinelink link JOIN transactionline parcel "
            'ON parcel."transaction" = link.nextdoc AND parcel.id = link.nextline '
            "WHERE link.previousdoc = ? AND link.previousline = ? AND link.linktype = 'ShipRcpt'",
            order_id,
            line,
        )

    def item_id(self, sku: str) -> int:
        return int(self.all("SELECT id FROM item WHERE itemid = ?", sku)[0]["id"])

    def currency(self, currency_id: int) -> str:
        """The ISO code of a currency."""
        return str(self.all("SELECT symbol FROM currency WHERE id = ?", currency_id)[0]["symbol"])

    def places(self, currency_id: int) -> int:
        return places_of(self.currency(currency_id))

    def fulfil(self, order_id: int, *, status: str, tracking: list[str], quantities: dict[str, float] | None) -> int:
        """Ship the lines with these SKUs (default: everything that is open), as the warehouse does."""
        parcel = self.add(
            "transaction",
            tranid=f"IF{order_id}",
            type="ItemShip",
            status=f"ItemShip:{status}",
            trandate=now()[:10],
            shipmethod=1,
            lastmodifieddate=now(),
            body="{}",
        )
        for line in self.lines(order_id):
            if line["quantity"] is None or line["item_type"] in NOT_SHIPPED:
                continue
            open_quantity = -line["quantity"] - sum(each["quantity"] for each in self.fulfilled(order_id, line["id"]))
            quantity = open_quantity if quantities is None else quantities.get(line["sku"], 0)
            if quantity and line["isclosed"] == "F":
                own = {"transaction": parcel, "id": line["id"], "item": line["item"], "quantity": -quantity}
                self.add("transactionline", **own)
                self.add(
                    "previoustransactionlinelink",
                    previousdoc=order_id,
                    previousline=line["id"],
                    previoustype="SalesOrd",
                    nextdoc=parcel,
                    nextline=line["id"],
                    nexttype="ItemShip",
                    linktype="ShipRcpt",
                )
        for number in tracking:
            found = self.add("trackingnumber", trackingnumber=number)
            self.add("trackingnumbermap", transaction=parcel, trackingnumber=found)
        return parcel

    def delete_fulfilment(self, parcel: int) -> None:
        """Delete a fulfillment, as a user can."""
        for query in (
            'DELETE FROM "transaction" WHERE id = ?',
            'DELETE FROM transactionline WHERE "transaction" = ?',
            "DELETE FROM previoustransactionlinelink WHERE nextdoc = ?",
            'DELETE FROM trackingnumbermap WHERE "transaction" = ?',
        ):
            self.connection.execute(query, [parcel])

    def views(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rows by kind, for assertions in tests. Open orders are those with a line left to ship."""
        orders = [self._order(row) for row in self.all("SELECT * FROM \"transaction\" WHERE type = 'SalesOrd'")]
        customers = [
            json.loads(row["body"])
            | {"id": row["id"], "externalId": row["externalid"], "isInactive": row["isinactive"] == "T"}
            for row in self.all("SELECT * FROM customer")
        ]
        return {
            "products": self.all("SELECT * FROM item WHERE parent IS NULL AND itemtype = 'InvtPart'"),
            "orders": orders,
            "open_orders": [row for row in orders if any(not line["isClosed"] for line in row["items"])],
            "customers": customers,
            "active_customers": [row for row in customers if not row["isInactive"]],
        }

    def _order(self, row: dict[str, Any]) -> dict[str, Any]:
        items = [
            {
                "line": line["id"],
                "sku": line["sku"],
                "quantity": -line["quantity"],
                "rate": line["rate"],
                "isClosed": line["isclosed"] == "T",
            }
            for line in self.lines(row["id"])
            if line["quantity"] is not None
        ]
        body = json.loads(row["body"])
        entity = self.all("SELECT id, externalid, companyname FROM customer WHERE id = ?", row["entity"])[0]
        return {"id": row["id"], "externalId": row["externalid"]} | body | {"entity": entity, "items": items}
