"""SuiteQL on SQLite: read-only, ordered, at most 1,000 rows per call, values as text.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_157909186990.html
"""

import re
import sqlite3
from typing import Any

from sandbox.platforms.netsuite.database import LISTS, AccountDatabase
from sandbox.platforms.netsuite.responses import ApiError

MAX_ROWS = 1000
MAX_TOTAL_ROWS = 100_000
# Literals are kept; outside of them, keywords and syntax that SQLite cannot parse are rewritten.
_PARTS = re.compile(r"('(?:[^']|'')*')")
_FORBIDDEN = re.compile(r"\b(insert|update|delete|drop|alter|create|attach|pragma|limit|offset|fetch)\b|;|--|/\*", re.I)
_LIST = re.compile(r"\bIN\s*\(([^()]*)\)", re.I)


def run_query(db: AccountDatabase, body: Any, limit: str, offset: str) -> dict[str, Any]:
    query = body.get("q") if isinstance(body, dict) else None
    if not isinstance(query, str) or set(body) != {"q"}:
        raise ApiError(400, "INVALID_CONTENT", 'Invalid content in the request body. Send {"q": "SELECT …"}.')
    number, first = _parse_int(limit, "limit"), _parse_int(offset, "offset")
    if not 1 <= number <= MAX_ROWS:
        raise ApiError(400, "INVALID_PARAMETER", f"The limit must be between 1 and {MAX_ROWS}.", "limit")
    if first % number or first + number > MAX_TOTAL_ROWS:
        raise ApiError(400, "INVALID_PARAMETER", "The offset must be divisible by the limit, up to 100,000 rows.")
    rows = _rows(db, query)
    page = rows[first : first + number]
    return {
        "links": [{"rel": "self", "href": "…"}],
        "count": len(page),
        "hasMore": first + number < len(rows),
        "items": [{"links": []} | {k.lower(): _text(v) for k, v in row.items() if v is not None} for row in page],
        "offset": first,
        "totalResults": len(rows),
    }


def _rows(db: AccountDatabase, query: str) -> list[dict[str, Any]]:
    code = [part for n, part in enumerate(_PARTS.split(query)) if n % 2 == 0]
    outside = "''".join(code)
    if not re.match(r"\s*select\b", outside, re.I) or _FORBIDDEN.search(outside):
        raise ApiError(400, "INVALID_PARAMETER", "Invalid search query: only SELECT is supported.", "q")
    if not re.search(r"\border\s+by\b", outside, re.I):
        raise ApiError(400, "INVALID_PARAMETER", "The sandbox requires ORDER BY: pages are not stable without it.", "q")
    if any(group.count(",") >= MAX_ROWS for group in _LIST.findall(outside)):
        raise ApiError(400, "INVALID_PARAMETER", "ORA-01795: maximum number of expressions in a list is 1000", "q")
    parts = [part if n % 2 else _rewritten(part) for n, part in enumerate(_PARTS.split(query))]
    database = db.connection
    database.create_function("to_timestamp", 2, lambda value, _: value, deterministic=True)
    database.create_function("to_char", 2, lambda value, _: value and value[:10], deterministic=True)
    database.create_function("builtin_df", 2, lambda name, value: LISTS.get(name, {}).get(value, value))
    try:
        return db.all("".join(parts))
    except sqlite3.Error as error:
        raise ApiError(400, "INVALID_PARAMETER", f"Invalid search query: {error}.", "q") from error


def _rewritten(code: str) -> str:
    code = re.sub(r"\btransaction\b", '"transaction"', code, flags=re.I)
    return re.sub(r"\bBUILTIN\.DF\(\s*((?:\w+\.)?(\w+))\s*\)", r"builtin_df('\2', \1)", code, flags=re.I)


def _parse_int(value: str, name: str) -> int:
    if not value.isdecimal():
        raise ApiError(400, "INVALID_PARAMETER", f"{name} must be a number.", name)
    return int(value)


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
