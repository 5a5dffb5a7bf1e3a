"""The vendor's search syntax, as far as it is used: `updated_at:>='2026-01-01T00:00:00Z' status:active,draft`.

Source: https://shopify.dev/docs/api/usage/search-syntax. The vendor ignores a filter that it does not know, and says so
beside the data; here it is an error, because a filter that is ignored returns too much.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from graphql import GraphQLError

_QUOTED = r"\"(?:[^\"\\]|\\.)*\""
_TERM = re.compile(rf"(?P<name>[a-z_]+):(?P<sign>>=|<=|>|<)?(?P<value>'[^']*'|{_QUOTED}|\S+)")
_OR = re.compile(rf"({_QUOTED}|'[^']*')|\sOR\s")
_COMPARE = {
    "": lambda left, right: left == right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
}
# Filter → the field of a row, and what it holds.
FIELDS = {
    "updated_at": ("updatedAt", "time"),
    "created_at": ("createdAt", "time"),
    "id": ("id", "number"),
    "status": ("status", "words"),
    "media_type": ("mediaContentType", "words"),
    "sku": ("sku", "text"),
    "name": ("name", "text"),
}


def matching(rows: Iterable[Any], query: str | None) -> list[Any]:
    """The rows that all terms of the query match, or of one part of it, if parts are joined by OR."""
    parts = [list(_terms(part)) for part in _parts(query or "")]
    return [row for row in rows if any(all(_matches(row, *term) for term in terms) for terms in parts)]


def _parts(query: str) -> list[str]:
    """Split at OR, except within quotes."""
    return _OR.sub(lambda match: match[1] or "\0", query).split("\0")


def _terms(query: str) -> Iterable[tuple[str, str, str]]:
    rest = _TERM.sub("", query).strip()
    if rest:
        raise GraphQLError(f"the search syntax is not understood: {rest}", extensions={"code": "BAD_REQUEST"})
    for match in _TERM.finditer(query):
        if match["name"] not in FIELDS:
            raise GraphQLError(f"unknown filter {match['name']}", extensions={"code": "BAD_REQUEST"})
        yield match["name"], match["sign"] or "", _unquoted(match["value"])


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value.strip("'")


def _matches(row: dict[str, Any], name: str, sign: str, value: str) -> bool:
    field, kind = FIELDS[name]
    held = row.get(field)
    if kind == "words":
        return str(held).lower() in value.lower().split(",")
    if kind == "time":
        return bool(_COMPARE[sign](_time(str(held)), _time(value)))
    if kind == "number":
        return bool(_COMPARE[sign](held, int(value)))
    return str(held).lower() == value.lower()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
