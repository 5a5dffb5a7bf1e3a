"""Sales orders, credit memos and return authorizations: lines, discounts, freight and tax, and what they come to.

Documented (record metadata of the REST API Browser, "Transforming Records"): the fields, that `subtotal`,
`discountTotal`, `taxTotal` and `total` are read only, that the sublist is added to unless it is replaced, the
transformations, and that REST does not support legacy tax features. Known from accounts, but not read again: a `rate`
holds only with the custom price level (-1); an amount without a rate holds as it is; the line of a Discount item and
`discountRate` are negative amounts or percentages.

Assumed: with legacy tax, tax fields are rejected; tax is rounded for each line, after discounts; with SuiteTax the rows
of `taxDetails` count if `taxDetailsOverride` is set, and name their lines by `taxDetailsReference`, freight and
handling by `SHIPPING` and `HANDLING`.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.money import ZERO, rounded, shared
from sandbox.platforms.netsuite.database import AccountDatabase, now
from sandbox.platforms.netsuite.responses import ApiError
from sandbox.platforms.netsuite.statuses import update_status
from sandbox.platforms.netsuite.tax import TaxSettings

TYPES = {"salesOrder": "SalesOrd", "creditMemo": "CustCred", "returnAuthorization": "RtnAuth", "invoice": "CustInvc"}
NEW_STATUS = {"salesOrder": "B", "creditMemo": "A", "returnAuthorization": "B", "invoice": "A"}
NUMBERS = {"salesOrder": "SO", "creditMemo": "CM", "returnAuthorization": "RMA", "invoice": "INV"}
# What is transformed into what, as far as sales go.
TRANSFORMS = {
    ("salesOrder", "invoice"),
    ("salesOrder", "returnAuthorization"),
    ("invoice", "creditMemo"),
    ("invoice", "returnAuthorization"),
    ("returnAuthorization", "creditMemo"),
}
ADDRESS_FIELDS = ("billingAddress", "shippingAddress")
HEADER = {
    "entity", "tranDate", "otherRefNum", "memo", "currency", "exchangeRate", "subsidiary", "location",
    "shippingAddress", "billingAddress", "item", "orderStatus", "externalId", "shipMethod", "shippingCost",
    "handlingCost", "shipDate", "discountItem", "discountRate", "salesChannel", "terms", "apply",
}  # fmt: skip
LINE = {
    "line", "item", "quantity", "rate", "amount", "price", "location", "isClosed", "description", "units",
}  # fmt: skip
LEGACY_TAX = {"taxItem", "taxRate", "isTaxable", "shippingTaxCode", "handlingTaxCode"}
LEGACY_LINE_TAX = {"taxCode", "taxRate1", "tax1Amt", "isTaxable"}
SUITETAX = {"taxDetailsOverride", "taxDetails"}
DETAIL = {"taxDetailsReference", "taxType", "taxCode", "taxRate", "taxBasis", "taxAmount"}
READ_ONLY = {"subtotal", "discountTotal", "taxTotal", "total"}

FIELDS = HEADER | LEGACY_TAX | SUITETAX | READ_ONLY
LINE_FIELDS = LINE | LEGACY_LINE_TAX | {"taxDetailsReference"}


def number(value: Any) -> Decimal:
    return Decimal(str(value or 0))


def check_header(db: AccountDatabase, body: dict[str, Any]) -> None:
    """Reject unknown, read-only and unsupported fields, and amounts that are none. Raises a 400."""
    allowed = HEADER | (SUITETAX if db.tax.engine == "suitetax" else set())
    for name in body:
        if name in READ_ONLY:
            raise ApiError(400, "USER_ERROR", f"The field {name} is read only.", name)
        if name in LEGACY_TAX | SUITETAX and name not in allowed:
            raise ApiError(400, "USER_ERROR", f"The field {name} is not supported by this account's tax.", name)
        if name not in allowed and not name.startswith("custbody"):
            raise ApiError(400, "INVALID_CONTENT", f"Unknown reference or field '{name}'.", name)
    for name in ("shippingCost", "handlingCost"):
        if name in body and (not is_number(body[name]) or body[name] < 0):
            raise ApiError(400, "INVALID_CONTENT", f"Invalid value in the field {name}.", name)
    if body.get("discountRate") is not None and not (body.get("discountItem") or {}).get("id"):
        raise ApiError(400, "USER_ERROR", "Please enter value(s) for: Discount Item", "discountItem")
    discount = (body.get("discountItem") or {}).get("id")
    if discount and not _is_discount(db, body["discountItem"]):
        raise ApiError(400, "INVALID_KEY_OR_REF", f"Invalid discountitem reference key {discount}.", "discountItem")
    for detail in (body.get("taxDetails") or {}).get("items", []):
        if unknown := set(detail) - DETAIL:
            raise ApiError(400, "INVALID_CONTENT", f"Unknown reference or field '{min(unknown)}'.", "taxDetails")
    if (body.get("taxDetails") or {}).get("items") and not body.get("taxDetailsOverride"):
        raise ApiError(400, "USER_ERROR", "Tax details can only be set with taxDetailsOverride.", "taxDetails")


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_line(db: AccountDatabase, key: int | None, line: Any, path: str) -> None:
    if not isinstance(line, dict):
        raise ApiError(400, "INVALID_CONTENT", "A line must be an object.", path)
    allowed = LINE | ({"taxDetailsReference"} if db.tax.engine == "suitetax" else set())
    for name in line:
        if name in LEGACY_LINE_TAX:
            raise ApiError(400, "USER_ERROR", "Tax features are not supported.", f"{path}.{name}")
        if name not in allowed and not name.startswith("custcol"):
            raise ApiError(400, "INVALID_CONTENT", f"Unknown reference or field '{name}'.", f"{path}.{name}")
    if "line" in line:
        if key is None or all(each["id"] != line["line"] for each in db.lines(key)):
            raise ApiError(400, "INVALID_KEY_OR_REF", f"The line {line['line']} does not exist.", f"{path}.line")
    elif "item" not in line:
        raise ApiError(400, "USER_ERROR", "Please choose an item to add", f"{path}.item")
    if "item" in line:
        item_id = (line["item"] or {}).get("id")
        if not db.all("SELECT 1 FROM item WHERE id = ? AND isinactive = 'F'", item_id):
            raise ApiError(400, "INVALID_KEY_OR_REF", f"Invalid item reference key {item_id}.", f"{path}.item")
    if "rate" in line and (line.get("price") or {}).get("id") != "-1" and not _is_discount(db, line.get("item")):
        raise ApiError(400, "USER_ERROR", "A custom rate requires the custom price level.", f"{path}.rate")
    for name in ("quantity", "rate", "amount"):
        given = line.get(name, 1)
        if not is_number(given) or (name == "quantity" and given < 0):
            raise ApiError(400, "INVALID_CONTENT", f"Invalid value in the field {name}.", f"{path}.{name}")


def _is_discount(db: AccountDatabase, item: dict[str, Any] | None) -> bool:
    """Whether a reference is to a Discount item."""
    return bool(db.all("SELECT 1 FROM item WHERE id = ? AND itemtype = 'Discount'", (item or {}).get("id")))


def field_names(db: AccountDatabase) -> set[str]:
    """The fields of a transaction that the account has."""
    return HEADER | READ_ONLY | (SUITETAX if db.tax.engine == "suitetax" else set())


def write(
    db: AccountDatabase, kind: str, key: int | None, body: dict[str, Any], replaced: set[str], external_id: str
) -> int:
    """Create or change a transaction, and work out its totals. Nothing is written if anything is rejected.

    Rows are added to sublists, unless these are `replaced`.
    """
    lines = (body.get("item") or {}).get("items", [])
    if key is None and not lines:
        raise ApiError(400, "USER_ERROR", "You must enter at least one line item for this transaction.", "item")
    if key is None and "entity" not in body:
        raise ApiError(400, "USER_ERROR", "Please enter value(s) for: Customer", "entity")
    if "entity" in body and not db.all("SELECT 1 FROM customer WHERE id = ?", body["entity"]["id"]):
        raise ApiError(400, "INVALID_KEY_OR_REF", "Invalid entity reference key.", "entity")
    check_header(db, body)
    for place, line in enumerate(lines):
        check_line(db, key, line, f"item.items[{place}]")
    if "currency" in body and not db.all("SELECT 1 FROM currency WHERE id = ?", body["currency"]["id"]):
        raise ApiError(400, "INVALID_KEY_OR_REF", "Invalid currency reference key.", "currency")
    with db.atomic():
        return _written(db, kind, key, body, replaced, external_id)


def _written(
    db: AccountDatabase, kind: str, key: int | None, body: dict[str, Any], replaced: set[str], external_id: str
) -> int:
    lines = (body.get("item") or {}).get("items", [])
    kept = {name: value for name, value in body.items() if name not in ("item", "entity")}
    values: dict[str, Any] = {"lastmodifieddate": now()}
    values |= {name.lower(): body[name] for name in ("memo", "otherRefNum") if name in body}
    if "entity" in body:
        values["entity"] = int(body["entity"]["id"])
    if "currency" in body:
        values["currency"] = int(body["currency"]["id"])
    if key is None:
        own = {
            "type": TYPES[kind],
            "status": db.status(TYPES[kind], NEW_STATUS[kind]),
            "externalid": external_id or None,
        }
        key = db.add("transaction", body=json.dumps(kept), trandate=body.get("tranDate"), **own, **values)
        db.change("transaction", key, tranid=f"{NUMBERS[kind]}{key}")
    else:
        before = json.loads(db.all('SELECT body FROM "transaction" WHERE id = ?', key)[0]["body"])
        if "taxDetails" in kept and "taxDetails" in before and "taxDetails" not in replaced:
            kept["taxDetails"] = {"items": before["taxDetails"]["items"] + kept["taxDetails"]["items"]}
        db.change("transaction", key, body=json.dumps(before | kept), **values)
    if "item" in replaced:
        drop_lines(db, key, {line["line"] for line in lines if "line" in line})
    for line in lines:
        write_line(db, key, line)
    compute(db, key)
    if kind == "salesOrder":
        update_status(db, key)
    return key


def drop_lines(db: AccountDatabase, key: int, kept: set[int]) -> None:
    for line in db.lines(key):
        if line["id"] in kept:
            continue
        shipped = "SELECT 1 FROM previoustransactionlinelink WHERE previousdoc = ? AND previousline = ?"
        if db.all(shipped, key, line["id"]):
            raise ApiError(400, "USER_ERROR", "You cannot delete a line that has been fulfilled.", "item")
        db.connection.execute("DELETE FROM transactionline WHERE uniquekey = ?", [line["uniquekey"]])


# Fields of a line → columns, and how a value is stored. Quantities of sales are negative in the tables.
STORED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "item": ("item", lambda value: int(value["id"])),
    "quantity": ("quantity", lambda value: -value),
    "isClosed": ("isclosed", lambda value: "T" if value else "F"),
    "rate": ("rate", lambda value: value),
    "amount": ("amount", lambda value: value),
    "description": ("memo", lambda value: value),
    "taxDetailsReference": ("taxdetailsreference", lambda value: value),
    "custcol_hub_line": ("custcol_hub_line", lambda value: value),
}


def write_line(db: AccountDatabase, key: int, line: dict[str, Any]) -> None:
    """Update the line with the given number. A line without a number is always added."""
    values = {column: store(line[name]) for name, (column, store) in STORED.items() if name in line}
    # A new rate or quantity makes an amount that was given before void.
    if {"rate", "quantity"} & line.keys() and "amount" not in line:
        values["amount"] = None
    if "line" in line:
        assignments = ", ".join(f"{name} = ?" for name in values)
        query = f'UPDATE transactionline SET {assignments} WHERE "transaction" = ? AND id = ?'
        if values:
            db.connection.execute(query, [*values.values(), key, line["line"]])
        return
    # Line numbers have gaps: tax lines and discounts have numbers too.
    last = db.all('SELECT COALESCE(MAX(id), 0) AS id FROM transactionline WHERE "transaction" = ?', key)
    quantity = {} if _is_discount(db, line.get("item")) else {"quantity": -1}
    db.add("transactionline", transaction=key, id=last[0]["id"] + 3, **(quantity | values))


def line_amount(line: dict[str, Any], places: int) -> Decimal:
    """What a line comes to, without tax: its amount, or its rate by quantity. That of a discount is negative."""
    if line["amount"] is not None:
        return rounded(number(line["amount"]), places)
    pieces = Decimal(1) if line["quantity"] is None else -number(line["quantity"])
    return rounded(number(line["rate"]) * pieces, places)


def compute(db: AccountDatabase, key: int) -> None:
    """Work out subtotal, discount, tax and total, and write them and the computed lines to the tables."""
    [row] = db.all('SELECT * FROM "transaction" WHERE id = ?', key)
    header, lines, places = json.loads(row["body"]), db.lines(key), db.places(row["currency"])
    amounts = [line_amount(line, places) for line in lines]
    subtotal = sum(amounts, ZERO)
    discount = _header_discount(header.get("discountRate"), subtotal, places)
    freight, handling = (rounded(number(header.get(name)), places) for name in ("shippingCost", "handlingCost"))
    tax = _tax(db.tax, header, lines, amounts, discount, (freight, handling), places)
    total = subtotal + discount + freight + handling + tax
    exact = {"subtotal": subtotal, "discounttotal": discount, "taxtotal": tax, "foreigntotal": total}
    db.change("transaction", key, **{name: float(amount) for name, amount in exact.items()})
    for line, amount in zip(lines, amounts, strict=True):
        query = "UPDATE transactionline SET foreignamount = ?, netamount = ? WHERE uniquekey = ?"
        db.connection.execute(query, [-float(amount), -float(amount), line["uniquekey"]])
    _write_computed_lines(db, key, header, discount, freight, tax)


def _header_discount(rate: Any, subtotal: Decimal, places: int) -> Decimal:
    if isinstance(rate, str) and rate.endswith("%"):
        return rounded(subtotal * Decimal(rate[:-1]) / 100, places)
    return rounded(number(rate), places)


def _tax(
    settings: TaxSettings,
    header: dict[str, Any],
    lines: list[dict[str, Any]],
    amounts: list[Decimal],
    discount: Decimal,
    charges: tuple[Decimal, Decimal],
    places: int,
) -> Decimal:
    if settings.engine == "none":
        return ZERO
    if settings.engine == "suitetax" and header.get("taxDetailsOverride"):
        details = (header.get("taxDetails") or {}).get("items", [])
        known = {line["taxdetailsreference"] for line in lines} | {"SHIPPING", "HANDLING"}
        if stray := [each for each in details if each.get("taxDetailsReference") not in known]:
            name = stray[0].get("taxDetailsReference")
            raise ApiError(400, "USER_ERROR", f"Invalid tax details reference {name}.", "taxDetails")
        return rounded(sum((number(each.get("taxAmount")) for each in details), ZERO), places)
    # A discount of the whole order lowers what its lines are taxed on, each by its share.
    taxed = [amount + part for amount, part in zip(amounts, shared(discount, amounts, places), strict=True)]
    tax = sum((rounded(amount * settings.rate / 100, places) for amount in taxed), ZERO)
    return tax + sum((rounded(charge * settings.shipping_rate / 100, places) for charge in charges), ZERO)


def _write_computed_lines(
    db: AccountDatabase, key: int, header: dict[str, Any], discount: Decimal, freight: Decimal, tax: Decimal
) -> None:
    """The rows of freight, discount, tax and the members of kits, which SuiteQL returns among the lines.

    They do not belong to a sublist.
    """
    db.connection.execute("DELETE FROM transactionline WHERE \"transaction\" = ? AND computed = 'T'", [key])
    rows: list[dict[str, Any]] = []
    if discount:
        rows.append({"item": int(header["discountItem"]["id"]), "amount": discount, "transactiondiscount": "T"})
    if freight:
        rows.append({"item": db.item_id("UPS Ground"), "amount": freight})
    if tax:
        rows.append({"item": None, "amount": tax, "taxline": "T"})
    for line in db.lines(key):
        members = "SELECT item, quantity FROM itemmember WHERE parentitem = ?"
        for member in db.all(members, line["item"]):
            # The members of a kit have quantities, but no amounts.
            quantity = line["quantity"] * member["quantity"]
            rows.append({"item": member["item"], "quantity": quantity, "amount": ZERO, "kitmemberof": line["id"]})
    for place, values in enumerate(rows, 1):
        amount = -float(values.pop("amount"))
        own = {"transaction": key, "id": 100_000 + place, "foreignamount": amount, "netamount": amount}
        db.add("transactionline", computed="T", **own, **values)


def view(db: AccountDatabase, kind: str, key: int, *, expand: bool) -> dict[str, Any]:
    """A transaction as REST shows it, with its sublist if it is expanded."""
    [row] = db.all('SELECT * FROM "transaction" WHERE id = ?', key)
    [entity] = db.all("SELECT id, companyname FROM customer WHERE id = ?", row["entity"])
    shown = json.loads(row["body"]) | {
        "links": [],
        "id": str(key),
        "externalId": row["externalid"],
        "tranId": row["tranid"],
        "entity": {"id": str(entity["id"]), "refName": entity["companyname"]},
        "currency": {"id": str(row["currency"]), "refName": db.currency(row["currency"])},
        "status": {"id": row["status"][-1]},
        "subtotal": row["subtotal"],
        "discountTotal": row["discounttotal"],
        "total": row["foreigntotal"],
    }
    if db.tax.engine == "legacy" or shown.get("taxDetailsOverride") or db.tax.engine == "suitetax":
        shown["taxTotal"] = row["taxtotal"]
    if row["createdfrom"]:
        shown["createdFrom"] = {"id": str(row["createdfrom"])}
    items = [_line_view(db, key, line) for line in db.lines(key)] if expand else []
    shown["item"] = {"items": items} if expand else {"links": []}
    if not expand:
        shown.pop("taxDetails", None)
        for name in ADDRESS_FIELDS:
            if name in shown:
                shown[name] = {"links": []}
    return shown


def _line_view(db: AccountDatabase, key: int, line: dict[str, Any]) -> dict[str, Any]:
    fulfilled = sum((number(each["quantity"]) for each in db.fulfilled(key, line["id"])), ZERO)
    shown: dict[str, Any] = {
        "line": line["id"],
        "item": {"id": str(line["item"]), "refName": line["sku"]},
        "itemType": {"id": line["item_type"]},
        "amount": -line["foreignamount"],
        "isClosed": line["isclosed"] == "T",
        "quantityFulfilled": float(fulfilled),
    }
    if line["quantity"] is not None:
        shown["quantity"] = -line["quantity"]
    if line["rate"] is not None:
        shown["rate"] = line["rate"]
    return shown


def transform(db: AccountDatabase, source: str, key: int, target: str, body: dict[str, Any]) -> int:
    """Create a transaction from another one, with its lines or those of the body. Raises a 400."""
    if (source, target) not in TRANSFORMS:
        raise ApiError(400, "USER_ERROR", f"The transformation from {source} to {target} is not supported.")
    [row] = db.all('SELECT * FROM "transaction" WHERE id = ?', key)
    external_id = body.pop("externalId", "")
    if external_id and db.all(
        'SELECT 1 FROM "transaction" WHERE type = ? AND externalid = ?', TYPES[target], external_id
    ):
        raise ApiError(400, "DUP_RCRD", "This record already exists.", "externalId")
    copied = {name: value for name, value in json.loads(row["body"]).items() if name in ("otherRefNum", "location")}
    lines = (body.pop("item", None) or {}).get("items")
    if lines is None:
        lines = [_copied_line(line) for line in db.lines(key)]
    new = {"entity": {"id": str(row["entity"])}, **copied, **body, "item": {"items": lines}}
    made = write(db, target, None, new, set(), external_id)
    db.change("transaction", made, createdfrom=key, currency=row["currency"])
    compute(db, made)
    return made


def lines_to_copy(db: AccountDatabase, key: int, quantities: dict[int, float]) -> dict[str, Any]:
    """The body of a transformation with some quantities of lines. An amount belongs to the whole line."""
    lines = []
    for line in db.lines(key):
        if quantity := quantities.get(line["id"]):
            amount = None if line["amount"] is None else line["amount"] * quantity / -line["quantity"]
            lines.append(_copied_line(line | {"quantity": -quantity, "amount": amount}))
    return {"item": {"items": lines}}


def _copied_line(line: dict[str, Any]) -> dict[str, Any]:
    copied: dict[str, Any] = {"item": {"id": str(line["item"])}, "price": {"id": "-1"}}
    if line["quantity"] is not None:
        copied["quantity"] = -line["quantity"]
    if line["rate"] is not None:
        copied["rate"] = line["rate"]
    if line["amount"] is not None:
        copied["amount"] = line["amount"]
    return copied
