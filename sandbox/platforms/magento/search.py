"""`searchCriteria` of the address: groups are joined by AND, the filters of a group by OR.

A page past the end repeats the last page; without a page size everything comes.
"""

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from starlette.requests import Request

from sandbox.platforms.magento.answers import Refusal, Row, required

MOST_A_PAGE = 300
_NAME = re.compile(r"searchCriteria\[(\w+)\](?:\[(\d+)\](?:\[filters\]\[(\d+)\])?\[(\w+)\])?")
# The vendor takes both ways of writing them.
_WORDS = {
    "filterGroups": "filter_groups",
    "conditionType": "condition_type",
    "sortOrders": "sort_orders",
    "pageSize": "page_size",
    "currentPage": "current_page",
}
Test = Callable[[Any, str], bool]
CONDITIONS: dict[str, Test] = {
    "eq": lambda held, value: _compared(held, value) == 0,
    "neq": lambda held, value: _compared(held, value) != 0,
    "gt": lambda held, value: held is not None and _compared(held, value) > 0,
    "gteq": lambda held, value: held is not None and _compared(held, value) >= 0,
    "lt": lambda held, value: held is not None and _compared(held, value) < 0,
    "lteq": lambda held, value: held is not None and _compared(held, value) <= 0,
    "in": lambda held, value: any(_compared(held, each) == 0 for each in value.split(",")),
    "nin": lambda held, value: all(_compared(held, each) != 0 for each in value.split(",")),
    "like": lambda held, value: fnmatchcase(str(held).lower(), value.lower().replace("%", "*")),
    "null": lambda held, value: held is None,
    "notnull": lambda held, value: held is not None,
}


def search(request: Request, rows: Iterable[Row], read: Callable[[Row, str], Any], *, limited: bool) -> Row:
    """The vendor's answer. `read` gives a row's value for a field, LookupError for one that cannot be searched by."""
    criteria = _parsed(request)
    found = [row for row in rows if all(_matches(row, group, read) for group in criteria["filter_groups"].values())]
    for order in reversed(criteria["sort_orders"].values()):
        field, descending = order.get("field", ""), order.get("direction", "ASC").upper() == "DESC"
        found.sort(key=lambda row: _sortable(_value(row, field, read)), reverse=descending)
    size, page = criteria.get("page_size"), criteria.get("current_page", 1)
    if limited and size is not None and size > MOST_A_PAGE:
        raise Refusal(400, "Maximum SearchCriteria pageSize is %max", max=MOST_A_PAGE)
    total = len(found)
    if size:
        last = max(1, -(-total // size))
        start = (min(max(page, 1), last) - 1) * size
        found = found[start : start + size]
    return {"items": found, "search_criteria": {"page_size": size, "current_page": page}, "total_count": total}


def _parsed(request: Request) -> Row:
    """`{"filter_groups": {group: {filter: {"field", …}}}, "sort_orders": {…}, "page_size", "current_page"}`."""
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
                raise Refusal(400, "%fieldName is a whole number", fieldName=head)
            criteria[head] = int(value)
        elif head == "filter_groups" and second is not None:
            criteria[head].setdefault(int(first), {}).setdefault(int(second), {})[field] = value
        elif head == "sort_orders" and first is not None:
            criteria[head].setdefault(int(first), {})[field] = value
        else:
            raise Refusal(400, 'Property "%1" does not have accessor method "%2" in class "%3".', head, head, "search")
    if not named:
        raise required("searchCriteria")
    return criteria


def _matches(row: Row, group: dict[int, Row], read: Callable[[Row, str], Any]) -> bool:
    return any(_passes(row, each, read) for each in group.values())


def _passes(row: Row, each: Row, read: Callable[[Row, str], Any]) -> bool:
    test = CONDITIONS.get(each.get("condition_type", "eq"))
    if test is None:
        raise Refusal(400, "The condition %1 is not known.", each["condition_type"])
    return test(_value(row, each.get("field", ""), read), each.get("value", ""))


def _value(row: Row, field: str, read: Callable[[Row, str], Any]) -> Any:
    try:
        return read(row, field)
    except LookupError:
        raise Refusal(400, "Invalid attribute name: %1", field) from None


def _compared(held: Any, value: str) -> int:
    """Numbers as numbers, the rest as text; −1, 0 or 1."""
    if isinstance(held, int | float):
        try:
            other = float(value)
        except ValueError:
            return 1
        return (held > other) - (held < other)
    text = "" if held is None else str(held).lower()
    return (text > value.lower()) - (text < value.lower())


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if isinstance(value, int | float) else str(value))
