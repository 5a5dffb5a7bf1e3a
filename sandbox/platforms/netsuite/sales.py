"""What an account holds of an order, and what its warehouse and its books do with it (`sandbox.sales`).

An order is named by its external ID. `total` and `tax` are what the account computed; refunds are credit memos
with the order's purchase order number (`otherRefNum`). `closed` is the part of the total, without tax, that is never
billed: closed lines as far as they were not shipped.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.money import ZERO
from sandbox.platforms.netsuite.database import NOT_SHIPPED, AccountDatabase
from sandbox.platforms.netsuite.transactions import number
from sandbox.platforms.netsuite.warehouse import fulfil
from sandbox.sales import Action, Sales, UnknownSale, plain, sale_line

Row = dict[str, Any]


class NetSuiteSales(Sales):
    """The sales orders of all accounts."""

    def __init__(self, databases: Callable[[], dict[str, AccountDatabase]]) -> None:
        self.databases = databases

    def view(self, account: str, order: str) -> dict[str, Any]:
        """The lines that are shipped are those of the sublist; other items and discounts are in the total only."""
        db, row = self._order(account, order)
        lines, never_billed = [], ZERO
        for line in db.lines(row["id"]):
            if line["quantity"] is None or line["item_type"] == "Discount":
                continue
            ordered = -number(line["quantity"])
            shipped = sum((number(each["quantity"]) for each in db.fulfilled(row["id"], line["id"])), ZERO)
            closed = max(ZERO, ordered - shipped) if line["isclosed"] == "T" else ZERO
            never_billed += -number(line["foreignamount"]) * closed / ordered if ordered else ZERO
            lines.append(
                sale_line(
                    line["id"],
                    line["sku"],
                    ordered,
                    cancelled=closed,
                    shipped=shipped,
                    shippable=line["item_type"] not in NOT_SHIPPED,
                )
            )
        return {
            "id": row["externalid"],
            "number": row["tranid"],
            "currency": db.currency(row["currency"]),
            "total": plain(number(row["foreigntotal"])),
            "tax": plain(number(row["taxtotal"])),
            "refunded": plain(self._refunded(db, row)),
            "status": row["status"],
            "closed": plain(never_billed),
            "lines": lines,
        }

    def actions(self) -> dict[str, Callable[[str, Action], None]]:
        return {"ship": self.ship}

    def ship(self, account: str, action: Action) -> None:
        """Ship lines by their number."""
        db, row = self._order(account, action.order)
        quantities = None
        if action.lines is not None:
            quantities = {int(key): float(quantity) for key, quantity in action.lines.items()}
        fulfil(db, row["id"], status="C", tracking=list(action.tracking), quantities=quantities)

    @staticmethod
    def _refunded(db: AccountDatabase, row: Row) -> Decimal:
        """The credit memos of an order."""
        memos = db.all("SELECT * FROM \"transaction\" WHERE type = 'CustCred'")
        reference = json.loads(row["body"]).get("otherRefNum")
        found = [
            memo
            for memo in memos
            if memo["createdfrom"] == row["id"]
            or (reference and json.loads(memo["body"]).get("otherRefNum") == reference)
        ]
        return sum((number(memo["foreigntotal"]) for memo in found), ZERO)

    def _order(self, account: str, order: str) -> tuple[AccountDatabase, Row]:
        databases = self.databases()
        if account not in databases:
            raise UnknownSale(f"accounts: {', '.join(databases)}")
        db = databases[account]
        rows = db.all("SELECT * FROM \"transaction\" WHERE type = 'SalesOrd' AND externalid = ?", order)
        if not rows:
            raise UnknownSale(f"there is no sales order {order}")
        return db, rows[0]
