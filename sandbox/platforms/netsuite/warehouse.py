"""What an account's warehouse does: it ships, and takes fulfillments back.

Documented: without the feature Advanced Shipping, a fulfillment makes an invoice too; members of a kit are lines of the
fulfillment that name the line of the kit. Seen in public code: SuiteQL returns the lines of the cost of goods as well.
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_161425629582.html
"""

from typing import Any

from sandbox.platforms.netsuite import transactions
from sandbox.platforms.netsuite.database import NOT_SHIPPED, AccountDatabase, now
from sandbox.platforms.netsuite.responses import ApiError
from sandbox.platforms.netsuite.statuses import update_status


def fulfil(
    db: AccountDatabase, order: int, *, status: str, tracking: list[str], quantities: dict[int, float] | None
) -> int:
    """Ship these lines, by number (default: everything that is open). Returns the fulfillment's ID."""
    parcel = db.add(
        "transaction",
        tranid=f"IF{order}",
        type="ItemShip",
        status=db.status("ItemShip", status),
        trandate=now()[:10],
        shipmethod=1,
        lastmodifieddate=now(),
        createdfrom=order,
        body="{}",
    )
    shipped: dict[int, float] = {}
    for line in db.lines(order):
        if line["quantity"] is None or line["item_type"] in NOT_SHIPPED:
            continue
        open_quantity = -line["quantity"] - sum(each["quantity"] for each in db.fulfilled(order, line["id"]))
        quantity = open_quantity if quantities is None else quantities.get(line["id"], 0)
        if quantity and line["isclosed"] == "F":
            shipped[line["id"]] = quantity
            _add_lines(db, order, parcel, line, quantity)
    for number in tracking:
        found = db.add("trackingnumber", trackingnumber=number)
        db.add("trackingnumbermap", transaction=parcel, trackingnumber=found)
    if not db.advanced_shipping and shipped:
        transactions.transform(db, "salesOrder", order, "invoice", transactions.lines_to_copy(db, order, shipped))
    update_status(db, order)
    return parcel


def numbers(db: AccountDatabase, order: int, by_sku: dict[str, float] | None) -> dict[int, float] | None:
    """Quantities by number of the line, from those by SKU."""
    if by_sku is None:
        return None
    return {line["id"]: by_sku[line["sku"]] for line in db.lines(order) if line["sku"] in by_sku}


def transform(db: AccountDatabase, order: int, body: dict[str, Any]) -> int:
    """Ship what a request names. Lines that it does not name are shipped; `itemReceive` false leaves a line out.

    https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_159795518068.html
    """
    open_lines = {
        line["id"]: -line["quantity"] - sum(each["quantity"] for each in db.fulfilled(order, line["id"]))
        for line in db.lines(order)
        if line["quantity"] is not None and line["isclosed"] == "F" and line["item_type"] not in NOT_SHIPPED
    }
    quantities = dict(open_lines)
    for place, line in enumerate((body.get("item") or {}).get("items", [])):
        number, path = line["orderLine"], f"item.items[{place}]"
        if number not in open_lines:
            raise ApiError(400, "INVALID_KEY_OR_REF", f"Invalid order line {number}.", f"{path}.orderLine")
        quantity = line.get("quantity", open_lines[number])
        if quantity > open_lines[number]:
            raise ApiError(400, "USER_ERROR", "The quantity is more than what is open.", f"{path}.quantity")
        quantities[number] = quantity if line.get("itemReceive", line.get("itemreceive", True)) else 0
    if not any(quantities.values()):
        raise ApiError(400, "USER_ERROR", "You must enter at least one line item for this transaction.", "item")
    parcels = [each.get("packageTrackingNumber") for each in (body.get("package") or {}).get("items", [])]
    status = (body.get("shipStatus") or {"id": "A"})["id"]
    return fulfil(db, order, status=status, tracking=[each for each in parcels if each], quantities=quantities)


def _add_lines(db: AccountDatabase, order: int, parcel: int, line: dict[str, Any], quantity: float) -> None:
    """The line of the item, those of the members of a kit, and one of the cost of goods for each."""
    own = {"transaction": parcel, "id": line["id"], "item": line["item"], "quantity": -quantity}
    db.add("transactionline", **own)
    link = {"previousdoc": order, "previousline": line["id"], "previoustype": "SalesOrd", "linktype": "ShipRcpt"}
    db.add("previoustransactionlinelink", **link, nextdoc=parcel, nextline=line["id"], nexttype="ItemShip")
    members = db.all("SELECT item, quantity FROM itemmember WHERE parentitem = ?", line["item"])
    for place, member in enumerate(members, 1):
        number = line["id"] * 100 + place
        count = -quantity * member["quantity"]
        inner = {"transaction": parcel, "item": member["item"], "quantity": count, "kitmemberof": line["id"]}
        db.add("transactionline", id=number, **inner)
        db.add("previoustransactionlinelink", **link, nextdoc=parcel, nextline=number, nexttype="ItemShip")
    db.add("transactionline", iscogs="T", **(own | {"id": line["id"] + 50_000}))
    db.add("previoustransactionlinelink", **link, nextdoc=parcel, nextline=line["id"] + 50_000, nexttype="ItemShip")


def delete_fulfilment(db: AccountDatabase, parcel: int) -> None:
    """Delete a fulfillment, as a user can."""
    [row] = db.all('SELECT createdfrom FROM "transaction" WHERE id = ?', parcel)
    for query in (
        'DELETE FROM "transaction" WHERE id = ?',
        'DELETE FROM transactionline WHERE "transaction" = ?',
        "DELETE FROM previoustransactionlinelink WHERE nextdoc = ?",
        'DELETE FROM trackingnumbermap WHERE "transaction" = ?',
    ):
        db.connection.execute(query, [parcel])
    update_status(db, row["createdfrom"])
