"""The records API: customers, sales orders, credit memos and return authorizations by internal or external ID.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545297048.html
"""

import json
import re
from typing import Any

from sandbox.platforms.netsuite import transactions
from sandbox.platforms.netsuite.database import AccountDatabase
from sandbox.platforms.netsuite.responses import ApiError

_EXTERNAL = re.compile(r"^[A-Za-z0-9_-]+$")
KINDS = {"customer", *transactions.TYPES}
_ADDRESS = {"addressee", "attention", "addr1", "addr2", "addr3", "city", "state", "zip", "country", "addrPhone"}
_FIELDS = {
    "customer": {
        "isPerson", "firstName", "lastName", "companyName", "email", "phone", "isInactive", "subsidiary", "addressBook",
        "accountNumber", "vatRegNumber", "category", "externalId",
    },
}  # fmt: skip
_REFERENCES = ("entity", "currency", "subsidiary", "location", "orderStatus")


def put(db: AccountDatabase, kind: str, key: str, body: Any, replace: str, *, strict: bool) -> int:
    """Upsert, only by external ID. Unless it is `strict`, fields that do not exist are dropped."""
    check_kind(kind)
    if not key.startswith("eid:"):
        raise ApiError(400, "USER_ERROR", "PUT requires an external ID: eid:….")
    external_id = key.removeprefix("eid:")
    if not _EXTERNAL.match(external_id):
        raise ApiError(400, "INVALID_ID", "An external ID can contain letters, digits, _ and - only.")
    row_id = _by_external(db, kind, external_id)
    body = body if strict else _known_fields(kind, body)
    return _write(db, kind, row_id, body, set(filter(None, replace.split(","))), external_id)


def patch(db: AccountDatabase, kind: str, key: str, body: Any, replace: str, *, strict: bool) -> None:
    row_id = find(db, kind, key)
    body = body if strict else _known_fields(kind, body)
    _write(db, kind, row_id, body, set(filter(None, replace.split(","))), "")


def _known_fields(kind: str, body: Any) -> Any:
    """What is left of a body without fields that no account has."""
    if not isinstance(body, dict):
        return body
    known = _FIELDS["customer"] if kind == "customer" else transactions.FIELDS
    kept = {name: value for name, value in body.items() if name in known or name.startswith("cust")}
    if kind != "customer" and isinstance(items := (kept.get("item") or {}).get("items"), list):
        lines = [
            {name: line[name] for name in line if name in transactions.LINE_FIELDS or name.startswith("custcol")}
            for line in items
        ]
        kept["item"] = kept["item"] | {"items": lines}
    return kept


def find(db: AccountDatabase, kind: str, key: str) -> int:
    check_kind(kind)
    found = _by_external(db, kind, key[4:]) if key.startswith("eid:") else None
    if key.isdecimal():
        query = "SELECT id FROM customer WHERE id = ?"
        if kind != "customer":
            query = f"SELECT id FROM \"transaction\" WHERE type = '{transactions.TYPES[kind]}' AND id = ?"
        rows = db.all(query, int(key))
        found = rows[0]["id"] if rows else None
    if found is None:
        raise ApiError(404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID.")
    return int(found)


def check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise ApiError(404, "NONEXISTENT_RECORD_TYPE", f"Record type '{kind}' does not exist.")


def _by_external(db: AccountDatabase, kind: str, external_id: str) -> int | None:
    query = "SELECT id FROM customer WHERE externalid = ?"
    if kind != "customer":
        query = f"SELECT id FROM \"transaction\" WHERE type = '{transactions.TYPES[kind]}' AND externalid = ?"
    rows = db.all(query, external_id)
    return rows[0]["id"] if rows else None


# Seen in rejections that public issues quote.
_LENGTHS = {"addr1": 150, "city": 50, "state": 30, "firstName": 30, "lastName": 30}


def _check_lengths(body: dict[str, Any]) -> None:
    """https://github.com/getlago/lago-api/pull/3649, /4689 and /3233"""
    for name, value in body.items():
        limit = _LENGTHS.get(name)
        if limit is not None and isinstance(value, str) and len(value) > limit:
            text = f"The field {name.lower()} contained more than the maximum number ( {limit} ) of characters allowed."
            raise ApiError(400, "USER_ERROR", text, name)


def _write(db: AccountDatabase, kind: str, row_id: int | None, body: Any, replace: set[str], external_id: str) -> int:
    if not isinstance(body, dict):
        raise ApiError(400, "INVALID_CONTENT", "Invalid content in the request body.")
    for name in _REFERENCES:
        if name in body and not str((body[name] or {}).get("id", "")).strip():
            raise ApiError(400, "INVALID_CONTENT", f"Invalid reference in the field {name}.", name)
    if other := replace - {"item", "addressBook", "taxDetails"}:
        raise ApiError(400, "INVALID_PARAMETER", f"Unknown sublist: {', '.join(sorted(other))}.", "replace")
    if kind == "customer":
        return _customer(db, row_id, body, external_id)
    for name in transactions.ADDRESS_FIELDS:
        if name in body:
            _address(body[name], name)
    return transactions.write(db, kind, row_id, body, replace, external_id)


def get(db: AccountDatabase, kind: str, key: str, *, expand: bool) -> dict[str, Any]:
    """A record as it is shown. Raises a 404."""
    row_id = find(db, kind, key)
    if kind != "customer":
        return transactions.view(db, kind, row_id, expand=expand)
    [row] = db.all("SELECT * FROM customer WHERE id = ?", row_id)
    shown: dict[str, Any] = json.loads(row["body"])
    return shown | {"links": [], "id": str(row_id), "externalId": row["externalid"]}


def transform(db: AccountDatabase, kind: str, key: str, target: str, body: Any) -> int:
    """Create a record from another one, and return its ID."""
    if not isinstance(body, dict):
        raise ApiError(400, "INVALID_CONTENT", "Invalid content in the request body.")
    check_kind(kind)
    return transactions.transform(db, kind, find(db, kind, key), target, dict(body))


def _customer(db: AccountDatabase, row_id: int | None, body: dict[str, Any], external_id: str) -> int:
    for name in body:
        if name not in _FIELDS["customer"] and not name.startswith("custentity"):
            raise ApiError(400, "INVALID_CONTENT", f"Unknown reference or field '{name}'.", name)
    if row_id is None and not (body.get("companyName") or body.get("lastName")):
        wanted = "Last Name" if body.get("isPerson") else "Company Name"
        raise ApiError(400, "USER_ERROR", f"Please enter value(s) for: {wanted}")
    _check_lengths(body)
    for each in (body.get("addressBook") or {}).get("items", []):
        _address(each.get("addressBookAddress"), "addressBook")
    values: dict[str, Any] = {
        "companyname": body.get("companyName"),
        "firstname": body.get("firstName"),
        "lastname": body.get("lastName"),
        "phone": body.get("phone"),
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
    _check_lengths(address)
    country = (address.get("country") or {"id": "US"}).get("id", "")
    if not re.fullmatch(r"[A-Z]{2}", country):
        raise ApiError(400, "INVALID_KEY_OR_REF", f"Invalid country reference key {country}.", f"{path}.country")
