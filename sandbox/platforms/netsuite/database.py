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
# Columns with a value of a list → the texts of the list by internal ID.
LISTS = {"shipmethod": {1: "UPS Ground", 2: "DHL Express"}, "custitem_colour": {1: "Red", 2: "Blue"}}
# Types of items that no fulfillment ships.
NOT_SHIPPED = ("Discount", "OthCharge", "GiftCert", "ShipItem", "Service", "Description", "Subtotal")
_TABLES = """
CREATE TABLE item (id INTEGER PRIMARY KEY, itemid TEXT, displayname TEXT, storedescription TEXT, upccode TEXT,
    parent INTEGER, matrixtype TEXT, itemtype TEXT, isinactive TEXT DEFAULT 'F', weight REAL, weightunit INTEGER,
    custitem_colour INTEGER, storedisplayimage INTEGER, lastmodifieddate TEXT);
CREATE TABLE itemmember (parentitem INTEGER, item INTEGER, quantity REAL);
CREATE TABLE pricing (item INTEGER, pricelevel INTEGER, quantity INTEGER, unitprice REAL, currency INTEGER,
    PRIMARY KEY (item, pricelevel, quantity, currency));
CREATE TABLE file (id INTEGER PRIMARY KEY, name TEXT, url TEXT, folder INTEGER, isonline TEXT);
CREATE TABLE location (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE inventoryitemlocations (item INTEGER, location INTEGER, quantityavailable REAL,
    lastquantityavailablechange TEXT, PRIMARY KEY (item, location));
CREATE VIEW aggregateitemlocation AS SELECT * FROM inventoryitemlocations;
CREATE TABLE customer (id INTEGER PRIMARY KEY, externalid TEXT UNIQUE, companyname TEXT, firstname TEXT, lastname TEXT,
    email TEXT, phone TEXT,
    isinactive TEXT DEFAULT 'F', body TEXT);
CREATE TABLE currency (id INTEGER PRIMARY KEY, symbol TEXT, name TEXT);
CREATE TABLE "transaction" (id INTEGER PRIMARY KEY, externalid TEXT, tranid TEXT, type TEXT, status TEXT, trandate TEXT,
    memo TEXT, otherrefnum TEXT, entity INTEGER, shipmethod INTEGER, lastmodifieddate TEXT, body TEXT,
    currency INTEGER DEFAULT 1, createdfrom INTEGER, subtotal REAL, discounttotal REAL, taxtotal REAL,
    foreigntotal REAL, UNIQUE (type, externalid));
CREATE TABLE transactionline (uniquekey INTEGER PRIMARY KEY, "transaction" INTEGER, id INTEGER, item INTEGER,
    quantity REAL, mainline TEXT DEFAULT 'F', taxline TEXT DEFAULT 'F', isclosed TEXT DEFAULT 'F', rate REAL,
    amount REAL, foreignamount REAL, netamount REAL, memo TEXT, taxdetailsreference TEXT,
    transactiondiscount TEXT DEFAULT 'F', iscogs TEXT DEFAULT 'F', kitmemberof INTEGER,
    assemblycomponent TEXT DEFAULT 'F',
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
        # Whether statuses in SuiteQL are `SalesOrd:B`; in other accounts they are the letter alone.
        self.compound_statuses = True
        # Without the feature, a fulfillment makes the invoice too.
        self.advanced_shipping = True
        self.connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        self.connection.executescript(_TABLES)
        self.add("location", name="Main")
        self.add("customer", companyname="Walk-in", body="{}")
        for number in range(1, products + 1):
            self.item(f"SKU-{number}", displayname=f"Lamp {number}", weight=number, weightunit=4, quantity=number)
        parent = self.item("SHIRT", displayname="Shirt", matrixtype="PARENT", quantity=None)
        for colour, name in LISTS["custitem_colour"].items():
            child: dict[str, Any] = {"parent": parent, "matrixtype": "CHILD", "custitem_colour": colour}
            self.item(f"SHIRT-{name.upper()}", displayname="Shirt", quantity=5, **child)
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

    def item(self, sku: str, *, quantity: float | None = 0, price: float = 9.95, **values: Any) -> int:
        """An item with a base price. Without a `quantity` it has no stock of its own."""
        item_id = self.add("item", itemid=sku, lastmodifieddate=now(), **({"itemtype": "InvtPart"} | values))
        self.add("pricing", item=item_id, pricelevel=1, quantity=0, unitprice=price, currency=1)
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

    def status(self, transaction_type: str, letter: str) -> str:
        """A status as SuiteQL shows it."""
        return f"{transaction_type}:{letter}" if self.compound_statuses else letter

    def show_statuses(self, *, compound: bool) -> None:
        """Show statuses as `SalesOrd:B`, or as the letter alone."""
        self.compound_statuses = compound
        for row in self.all('SELECT id, type, status FROM "transaction"'):
            self.change("transaction", row["id"], status=self.status(row["type"], row["status"][-1]))

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
            "WHERE link.previousdoc = ? AND link.previousline = ? AND link.linktype = 'ShipRcpt' "
            "AND parcel.iscogs = 'F' AND parcel.kitmemberof IS NULL",
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

    def views(self) -> dict[str, list[dict[str, Any]]]:
        """Return the rows by kind, for assertions in tests. Open orders are those with a line left to ship."""
        orders = [self._order(row) for row in self.all("SELECT * FROM \"transaction\" WHERE type = 'SalesOrd'")]
        customers = [
            json.loads(row["body"])
            | {"id": row["id"], "externalId": row["externalid"], "isInactive": row["isinactive"] == "T"}
            for row in self.all("SELECT * FROM customer")
        ]
        kinds = {"CustCred": "creditMemo", "RtnAuth": "returnAuthorization"}
        refunds = self.all("SELECT * FROM \"transaction\" WHERE type IN ('CustCred', 'RtnAuth')")
        return {
            "refunds": [
                {
                    "id": row["id"],
                    "externalId": row["externalid"],
                    "kind": kinds[row["type"]],
                    "total": row["foreigntotal"],
                }
                for row in refunds
            ],
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
