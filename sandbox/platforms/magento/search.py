"""`searchCriteria` in the URL: groups are joined by AND, the filters within a group by OR.

A page past the end repeats the last page; without a page size, everything is returned. Case and trailing spaces of
texts do not matter, as in the shop's database.
"""

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from starlette.requests import Request

from sandbox.platforms.magento.responses import ApiError, Row, required

MAX_PAGE_SIZE = 300
_NAME = re.compile(r"searchCriteria\[(\w+)\](?:\[(\d+)\](?:\[filters\]\[(\d+)\])?\[(\w+)\])?")
# The vendor accepts both notations.
_WORDS = {
    "filterGroups": "filter_groups",
    "conditionType": "condition_type",
    "sortOrders": "sort_orders",
    "pageSize": "page_size",
    "currentPage": "current_page",
}
Read = Callable[[Row, str], Any]
Test = Callable[[Any], bool]


def _in(value: str) -> Test:
    wanted = frozenset(each.lower() for each in value.split(","))
    return lambda stored: _text(stored) in wanted


def _not(test: Callable[[str], Test]) -> Callable[[str], Test]:
    def opposite(value: str) -> Test:
        holds = test(value)
        return lambda stored: not holds(stored)

    return opposite


def _order(fits: Callable[[int], bool]) -> Callable[[str], Test]:
    return lambda value: lambda stored: stored is not None and fits(_compare(stored, value))


# Condition → function that builds the test of a value.
CONDITIONS: dict[str, Callable[[str], Test]] = {
    "eq": lambda value: lambda stored: _compare(stored, value) == 0,
    "neq": lambda value: lambda stored: _compare(stored, value) != 0,
    "gt": _order(lambda sign: sign > 0),
    "gteq": _order(lambda sign: sign >= 0),
    "lt": _order(lambda sign: sign < 0),
    "lteq": _order(lambda sign: sign <= 0),
    "in": _in,
    "nin": _not(_in),
    "like": lambda value: lambda stored: fnmatchcase(str(stored).lower(), value.lower().replace("%", "*")),
    "null": lambda value: lambda stored: stored is None,
    "notnull": lambda value: lambda stored: stored is not None,
}


def search(request: Request, rows: Iterable[Row], read: Read, *, enforce_limits: bool, attributes: bool = False) -> Row:
    """Return the vendor's answer. `read` returns a row's value for a field, or raises LookupError for an unsearchable
    one: the shop names it where fields are attributes (`attributes`), and breaks where they are columns of a table.
    """
    criteria = _parsed(request)
    groups = [[_test(each) for each in group.values()] for group in criteria["filter_groups"].values()]
    unsearchable = _unsearchable_attribute if attributes else _unsearchable_column

    def value_of(row: Row, field: str) -> Any:
        try:
            return read(row, field)
        except LookupError:
            raise unsearchable(field) from None

    found = [row for row in rows if all(any(_holds(test, value_of(row, f)) for f, test in group) for group in groups)]
    for order in reversed(criteria["sort_orders"].values()):
        field, descending = order.get("field", ""), order.get("direction", "ASC").upper() == "DESC"
        found.sort(key=lambda row: _sortable(value_of(row, field)), reverse=descending)
    size, page = criteria.get("page_size"), criteria.get("current_page", 1)
    if enforce_limits and size is not None and size > MAX_PAGE_SIZE:
        raise ApiError(400, "Maximum SearchCriteria pageSize is %max", max=MAX_PAGE_SIZE)
    total = len(found)
    if size:
        last = max(1, -(-total // size))
        start = (min(max(page, 1), last) - 1) * size
        found = found[start : start + size]
    return {"items": found, "search_criteria": {"page_size": size, "current_page": page}, "total_count": total}


def _holds(test: Test, value: Any) -> bool:
    """Of several values, such as the websites of a product, one is enough."""
    return any(map(test, value)) if isinstance(value, list) else test(value)


def _parsed(request: Request) -> Row:
    """Return `{"filter_groups": {group: {filter: {"field", …}}}, "sort_orders": {…}, "page_size", "current_page"}`."""
    criteria: Row = {"filter_groups": {}, "sort_orders": {}}
    named = False
    for name, value in request.query_params.multi_items():
        if name == "searchCriteria":
            named = True
            continue
        match = _NAME.fullmatch(name)
        if match is None:
            continue
        named = True
        head, first, second, field = match.groups()
        head, field = _WORDS.get(head, head), _WORDS.get(field or "", field or "")
        if head in ("page_size", "current_page"):
            if not value.isdecimal():
                raise ApiError(400, "%fieldName must be an integer", fieldName=head)
            criteria[head] = int(value)
        elif head == "filter_groups" and second is not None:
            criteria[head].setdefault(int(first), {}).setdefault(int(second), {})[field] = value
        elif head == "sort_orders" and first is not None:
            criteria[head].setdefault(int(first), {})[field] = value
        else:
            raise ApiError(400, 'Property "%1" does not have accessor method "%2" in class "%3".', head, head, "search")
    if not named:
        raise required("searchCriteria")
    return criteria


def _test(each: Row) -> tuple[str, Test]:
    """Return the field of a filter and the test for its value. As in the shop, an unknown condition is ignored."""
    make = CONDITIONS.get(each.get("condition_type", "eq"), lambda value: lambda stored: True)
    return each.get("field", ""), make(each.get("value", "").rstrip(" "))


def _unsearchable_attribute(name: str) -> ApiError:
    return ApiError(400, "Invalid attribute name: %1", name)


def _unsearchable_column(name: str) -> ApiError:
    return ApiError(500, "Internal Error. Details are available in Magento log file. Report ID: webapi-1")


def _compare(stored: Any, value: str) -> int:
    """Compare as numbers if both are numbers, else as text. Returns −1, 0 or 1."""
    if isinstance(stored, int | float):
        try:
            other = float(value)
        except ValueError:
            return 1
        return (stored > other) - (stored < other)
    text = "" if stored is None else str(stored).lower()
    return (text > value.lower()) - (text < value.lower())


def _text(stored: Any) -> str:
    """Return a value as it appears in a list of values: whole numbers without a fraction."""
    return str(int(stored) if isinstance(stored, float) and stored.is_integer() else stored).lower()


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if isinstance(value, int | float) else str(value))
