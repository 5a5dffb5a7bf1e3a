"""The status of a sales order, which follows from its lines, fulfillments and invoices.

Letters: B pending fulfillment, D partially fulfilled, F pending billing, G billed, H closed (record metadata, and lists
of statuses in public code).
"""

from decimal import Decimal

from sandbox.platforms.netsuite.database import NOT_SHIPPED, AccountDatabase


def update_status(db: AccountDatabase, order: int) -> None:
    """Write the status that follows from the lines of an order."""
    db.change("transaction", order, status=db.status("SalesOrd", _letter(db, order)))


def _letter(db: AccountDatabase, order: int) -> str:
    lines = [line for line in db.lines(order) if line["quantity"] is not None]
    shipped = {
        line["id"]: sum((Decimal(str(each["quantity"])) for each in db.fulfilled(order, line["id"])), Decimal(0))
        for line in lines
    }
    left = [
        line
        for line in lines
        if line["isclosed"] == "F"
        and line["item_type"] not in NOT_SHIPPED
        and shipped[line["id"]] < Decimal(str(-line["quantity"]))
    ]
    if left:
        return "D" if any(shipped.values()) else "B"
    if lines and all(line["isclosed"] == "T" for line in lines):
        return "H"
    billed = db.all("SELECT 1 FROM \"transaction\" WHERE type = 'CustInvc' AND createdfrom = ?", order)
    return "G" if billed else "F"
