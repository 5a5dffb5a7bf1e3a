"""The records API: customers and sales orders by internal or external ID, with NetSuite's sublist rules.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545297048.html
"""

import json
import re
from typing import Any

from sandbox.platforms.netsuite.database import AccountDatabase, now
from sandbox.platforms.netsuite.responses import ApiError

_EXTERNAL = re.compile(r"^[A-Za-z0-9_-]+$")
_KINDS = {"customer", "salesOrder"}
_ADDRESS = {"addressee", "attention", "addr1", "addr2", "addr3", "city", "state", "zip", "country", "addrPhone"}
_FIELDS = {
    "customer": {
        "isPerson", "firstName", "lastName", "companyName", "email", "phone", "isInactive", "subsidiary", "addressBook",
        "accountNumber", "vatRegNumber", "category", "externalId",
    },
    "salesOrder": {
        "entity", "tranDate", "otherRefNum", "memo", "currency", "subsidiary", "location", "shippingAddress", "item",
        "orderStatus", "externalId",
    },
    "line": {"line", "item", "quantity", "rate", "price", "location", "isClosed", "description"},
}  # fmt: skip
_REFERENCES = ("entity", "currency", "subsidiary", "location", "orderStatus")


def put(db: AccountDatabase, kind: str, key: str, body: Any, replace: str) -> int:
    """Upsert, only by external ID."""
    _check_kind(kind)
    if not key.startswith("eid:"):
        raise ApiError(400, "USER_ERROR", "PUT requires an external ID: eid:….")
    external_id = key.removeprefix("eid:")
    if not _EXTERNAL.match(external_id):
        raise ApiError(400, "INVALID_ID", "An external ID can contain letters, digits, _ and - only.")
    row_id = _by_external(db, kind, external_id)
    return _write(db, kind, row_id, body, set(filter(None, replace.split(","))), external_id)


def patch(db: AccountDatabase, kind: str, key: str, body: Any, replace: str) -> None:
    row_id = find(db, kind, key)
    _write(db, kind, row_id, body, set(filter(None, replace.split(","))), "")


def find(db: AccountDatabase, kind: str, key: str) -> int:
    _check_kind(kind)
    found = _by_external(db, kind, key[4:]) if key.startswith("eid:") else None
    if key.isdecimal():
        table = "customer" if kind == "customer" else '"transaction"'
        rows = db.all(f"SELECT id FROM {table} WHERE id = ?", int(key))
        found = rows[0]["id"] if rows else None
    if found is None:
        raise ApiError(404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID.")
    return int(found)


def _check_kind(kind: str) -> None:
    if kind not in _KINDS:
        raise ApiError(404, "NONEXISTENT_RECORD_TYPE", f"Record type '{kind}' does not exist.")


def _by_external(db: AccountDatabase, kind: str, external_id: str) -> int | None:
    query = "SELECT id FROM customer WHERE externalid = ?"
    if kind == "salesOrder":
        query = "SELECT id FROM \"transaction\" WHERE type = 'SalesOrd' AND externalid = ?"
    rows = db.all(query, external_id)
    return rows[0]["id"] if rows else None


def _write(db: AccountDatabase, kind: str, row_id: int | None, body: Any, replace: set[str], external_id: str) -> int:
    if not isinstance(body, dict):
        raise ApiError(400, "INVALID_CONTENT", "Invalid content in the request body.")
    for name in body:
        if name not in _FIELDS[kind] and not name.startswith(("custbody", "custentity")):
            raise ApiError(400, "INVALID_CONTENT", f"Unknown reference or field '{name}'.", name)
    for name in _REFERENCES:
        if name in body and not str((body[name] or {}).get("id", "")).strip():
            raise ApiError(400, "INVALID_CONTENT", f"Invalid reference in the field {name}.", name)
    if other := replace - {"item", "addressBook"}:
        raise ApiError(400, "INVALID_PARAMETER", f"Unknown sublist: {', '.join(sorted(other))}.", "replace")
    if kind == "customer":
        return _customer(db, row_id, body, external_id)
    return _order(db, row_id, body, "item" in replace, external_id)


def _customer(db: AccountDatabase, row_id: int | None, body: dict[str, Any], external_id: str) -> int:
    if row_id is None and not (body.get("companyName") or body.get("lastName")):
        wanted = "Last Name" if body.get("isPerson") else "Company Name"
        raise ApiError(400, "USER_ERROR", f"Please enter value(s) for: {wanted}")
    for each in (body.get("addressBook") or {}).get("items", []):
        _address(each.get("addressBookAddress"), "addressBook")
    values: dict[str, Any] = {
        "companyname": body.get("companyName"),
        "lastname": body.get("lastName"),
        "email": body.get("email"),
    }
    if "isInactive" in body:
        values["isinactive"] = "T" if body["isInactive"] else "F"
    if row_id is None:
        return db.add("customer", externalid=external_id, body=json.dumps(body), **values)
    before = json.loads(db.all("SELECT body FROM customer WHERE id = ?", row_id)[0]["body"])
    given = {name: value for name, value in values.items() if value is not None}
    db.change("customer", row_id, body=json.dumps(before | body), **given)
    return row_id


def _address(address: Any, path: str) -> None:
    if not isinstance(address, dict) or (unknown := set(address) - _ADDRESS):
        raise ApiError(400, "INVALID_CONTENT", f"Unknown field of an address: {sorted(unknown)}.", path)
    country = (address.get("country") or {"id": "US"}).get("id", "")
    if not re.fullmatch(r"[A-Z]{2}", country):
        raise ApiError(400, "INVALID_KEY_OR_REF", f"Invalid country reference key {country}.", f"{path}.country")


def _order(db: AccountDatabase, row_id: int | None, body: dict[str, Any], replaces: bool, external_id: str) -> int:
    lines = (body.get("item") or {}).get("items", [])
    if row_id is None and not lines:
        raise ApiError(400, "USER_ERROR", "You must enter at least one line item for this transaction.", "item")
    if row_id is None and "entity" not in body:
        raise ApiError(400, "USER_ERROR", "Please enter value(s) for: Customer", "entity")
    if "entity" in body and not db.all("SELECT 1 FROM customer WHERE id = ?", body["entity"]["id"]):
        raise ApiError(400, "INVALID_KEY_OR_REF", f"Invalid entity reference key {body['entity']['id']}.", "entity")
    if "tranDate" in body and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(body["tranDate"])):
        raise ApiError(400, "INVALID_CONTENT", "Invalid date in the field tranDate.", "tranDate")
    if "shippingAddress" in body:
        _address(body["shippingAddress"], "shippingAddress")
    for position, line in enumerate(lines):
        _check_line(db, row_id, line, f"item.items[{position}]")
    kept = {name: value for name, value in body.items() if name not in ("item", "entity")}
    values: dict[str, Any] = {"lastmodifieddate": now()}
    if "entity" in body:
        values["entity"] = int(body["entity"]["id"])
    if row_id is None:
        own = {"type": "SalesOrd", "status": "SalesOrd:B", "externalid": external_id, "trandate": body.get("tranDate")}
        row_id = db.add("transaction", body=json.dumps(kept), **own, **values)
        db.change("transaction", row_id, tranid=f"SO{row_id}")
    else:
        before = json.loads(db.all('SELECT body FROM "transaction" WHERE id = ?', row_id)[0]["body"])
        db.change("transaction", row_id, body=json.dumps(before | kept), **values)
    if replaces:
        _drop_lines(db, row_id, {line["line"] for line in lines if "line" in line})
    for line in lines:
        _write_line(db, row_id, line)
    return row_id


def _check_line(db: AccountDatabase, order_id: int | None, line: Any, path: str) -> None:
    if not isinstance(line, dict):
        raise ApiError(400, "INVALID_CONTENT", "A line must be an object.", path)
    for name in line:
        if name not in _FIELDS["line"] and not name.startswith("custcol"):
            raise ApiError(400, "INVALID_CONTENT", f"Unknown reference or field '{name}'.", f"{path}.{name}")
    if "line" in line:
        if order_id is None or all(each["id"] != line["line"] for each in db.lines(order_id)):
            raise ApiError(400, "INVALID_KEY_OR_REF", f"The line {line['line']} does not exist.", f"{path}.line")
    elif "item" not in line:
        raise ApiError(400, "USER_ERROR", "Please choose an item to add", f"{path}.item")
    if "item" in line:
        item_id = (line["item"] or {}).get("id")
        if not db.all("SELECT 1 FROM item WHERE id = ? AND isinactive = 'F'", item_id):
            raise ApiError(400, "INVALID_KEY_OR_REF", f"Invalid item reference key {item_id}.", f"{path}.item")
    if "rate" in line and line.get("price", {}).get("id") != "-1":
        raise ApiError(400, "USER_ERROR", "A custom rate requires the custom price level.", f"{path}.rate")
    quantity = line.get("quantity", 1)
    if isinstance(quantity, bool) or not isinstance(quantity, int | float) or quantity < 0:
        raise ApiError(400, "INVALID_CONTENT", "Invalid value in the field quantity.", f"{path}.quantity")


def _drop_lines(db: AccountDatabase, order_id: int, kept: set[int]) -> None:
    for line in db.lines(order_id):
        if line["id"] in kept:
            continue
        shipped = "SELECT 1 FROM previoustransactionlinelink WHERE previousdoc = ? AND previousline = ?"
        if db.all(shipped, order_id, line["id"]):
            raise ApiError(400, "USER_ERROR", "You cannot delete a line that has been fulfilled.", "item")
        db.connection.execute("DELETE FROM transactionline WHERE uniquekey = ?", [line["uniquekey"]])


def _write_line(db: AccountDatabase, order_id: int, line: dict[str, Any]) -> None:
    """Update the line with the given number. A line without a number is always added."""
    values: dict[str, Any] = {}
    if "item" in line:
        values["item"] = int(line["item"]["id"])
    if "quantity" in line:
        values["quantity"] = -line["quantity"]
    if "isClosed" in line:
        values["isclosed"] = "T" if line["isClosed"] else "F"
    if "rate" in line:
        values["rate"] = line["rate"]
    if "custcol_hub_line" in line:
        values["custcol_hub_line"] = line["custcol_hub_line"]
    if "line" in line:
        assignments = ", ".join(f"{name} = ?" for name in values)
        where = 'WHERE "transaction" = ? AND id = ?'
        query = f"UPDATE transactionline SET {assignments} {where}"
        db.connection.execute(query, [*values.values(), order_id, line["line"]])
        return
    # Line numbers have gaps: tax lines and discounts have numbers too.
    last = db.all('SELECT COALESCE(MAX(id), 0) AS id FROM transactionline WHERE "transaction" = ?', order_id)
    db.add("transactionline", transaction=order_id, id=last[0]["id"] + 3, **({"quantity": -1} | values))
