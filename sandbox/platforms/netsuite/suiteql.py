"""SuiteQL, as far as SQLite speaks it: read-only, ordered, at most 1,000 rows a call, values as texts.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_157909186990.html
"""

import re
import sqlite3
from typing import Any

from sandbox.platforms.netsuite.answers import Refusal
from sandbox.platforms.netsuite.books import CARRIERS, Books

MOST = 1000
MOST_IN_ALL = 100_000
# Literals stay as they are; outside them, what SQLite would read as a keyword or cannot parse is rewritten.
_PARTS = re.compile(r"('(?:[^']|'')*')")
_FORBIDDEN = re.compile(r"\b(insert|update|delete|drop|alter|create|attach|pragma|limit|offset|fetch)\b|;|--|/\*", re.I)
_LIST = re.compile(r"\bIN\s*\(([^()]*)\)", re.I)


def answer(books: Books, body: Any, limit: str, offset: str) -> dict[str, Any]:
    query = body.get("q") if isinstance(body, dict) else None
    if not isinstance(query, str) or set(body) != {"q"}:
        raise Refusal(400, "INVALID_CONTENT", 'Invalid content in the request body. Send {"q": "SELECT …"}.')
    number, first = _whole(limit, "limit"), _whole(offset, "offset")
    if not 1 <= number <= MOST:
        raise Refusal(400, "INVALID_PARAMETER", f"The limit must be between 1 and {MOST}.", "limit")
    if first % number or first + number > MOST_IN_ALL:
        raise Refusal(400, "INVALID_PARAMETER", "The offset must be divisible by the limit, up to 100,000 rows.")
    rows = _rows(books, query)
    shown = rows[first : first + number]
    return {
        "links": [{"rel": "self", "href": "…"}],
        "count": len(shown),
        "hasMore": first + number < len(rows),
        "items": [{"links": []} | {k.lower(): _text(v) for k, v in row.items() if v is not None} for row in shown],
        "offset": first,
        "totalResults": len(rows),
    }


def _rows(books: Books, query: str) -> list[dict[str, Any]]:
    code = [part for n, part in enumerate(_PARTS.split(query)) if n % 2 == 0]
    outside = "''".join(code)
    if not re.match(r"\s*select\b", outside, re.I) or _FORBIDDEN.search(outside):
        raise Refusal(400, "INVALID_PARAMETER", "Invalid search query: only SELECT is understood.", "q")
    if not re.search(r"\border\s+by\b", outside, re.I):
        raise Refusal(400, "INVALID_PARAMETER", "The sandbox wants ORDER BY: pages would not be stable without.", "q")
    if any(group.count(",") >= MOST for group in _LIST.findall(outside)):
        raise Refusal(400, "INVALID_PARAMETER", "ORA-01795: maximum number of expressions in a list is 1000", "q")
    parts = [part if n % 2 else _rewritten(part) for n, part in enumerate(_PARTS.split(query))]
    database = books.db
    database.create_function("to_timestamp", 2, lambda value, _: value, deterministic=True)
    database.create_function("to_char", 2, lambda value, _: value and value[:10], deterministic=True)
    database.create_function("builtin_df", 1, lambda value: CARRIERS.get(value), deterministic=True)
    try:
        return books.all("".join(parts))
    except sqlite3.Error as error:
        raise Refusal(400, "INVALID_PARAMETER", f"Invalid search query: {error}.", "q") from error


def _rewritten(code: str) -> str:
    code = re.sub(r"\btransaction\b", '"transaction"', code, flags=re.I)
    return re.sub(r"\bBUILTIN\.DF\b", "builtin_df", code, flags=re.I)


def _whole(value: str, name: str) -> int:
    if not value.isdecimal():
        raise Refusal(400, "INVALID_PARAMETER", f"{name} is no number.", name)
    return int(value)


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
