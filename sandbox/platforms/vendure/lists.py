"""Lists of the Admin API: filter, sort, and page by number."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from graphql import GraphQLError

MAX_TAKE = 1000
Row = dict[str, Any]


def page(rows: Iterable[Row], options: Row | None) -> Row:
    """`{"items", "totalItems"}`. At most 1,000 rows, also if the request names no number."""
    options = options or {}
    take = options.get("take")
    if take is not None and take > MAX_TAKE:
        raise GraphQLError(
            f"Cannot take more than {MAX_TAKE} results from a list query", extensions={"code": "USER_INPUT_ERROR"}
        )
    found = [row for row in rows if _matches(row, options.get("filter") or {})]
    for name, direction in reversed((options.get("sort") or {"id": "ASC"}).items()):
        found.sort(key=lambda row: _sort_key(row, name), reverse=direction == "DESC")
    start = options.get("skip") or 0
    return {"items": found[start : start + (take or MAX_TAKE)], "totalItems": len(found)}


def _sort_key(row: Row, name: str) -> tuple[int, str]:
    """IDs are numbers as text."""
    value = str(row.get(name) or "")
    return (len(value), value) if name == "id" else (0, value)


def _matches(row: Row, condition: Row) -> bool:
    for name, wanted in condition.items():
        if name == "_and":
            if not all(_matches(row, each) for each in wanted):
                return False
        elif name == "_or":
            if not any(_matches(row, each) for each in wanted):
                return False
        elif not all(_holds(operator, row.get(name), operand) for operator, operand in wanted.items()):
            return False
    return True


def _holds(operator: str, value: Any, operand: Any) -> bool:
    match operator:
        case "isNull":
            return (value is None) is operand
        case "eq":
            return str(value) == str(operand)
        case "notEq":
            return str(value) != str(operand)
        case "in":
            return str(value) in operand
        case "notIn":
            return str(value) not in operand
        case "contains":
            return operand.lower() in str(value).lower()
        case "after":
            return value is not None and _time(value) > _time(operand)
        case "before":
            return value is not None and _time(value) < _time(operand)
        case "between":
            return value is not None and _time(operand["start"]) <= _time(value) <= _time(operand["end"])
    raise GraphQLError(f"unknown operator {operator}")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
