"""What the calls of V2 share: pages, dates, links to parts of an item, and the count of a listing."""

from datetime import UTC, datetime
from email.utils import format_datetime

from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce.api import ApiRequest
from sandbox.platforms.bigcommerce.responses import V2ApiError, no_content
from sandbox.platforms.bigcommerce.store import Store
from sandbox.tables import Row

PAGE = 250


def page_of(request: ApiRequest, rows: list[Row]) -> list[Row]:
    """One page of rows. Assumed: a `limit` above 250 is reduced."""
    numbers = []
    for name, default in (("page", "1"), ("limit", "50")):
        given = request.query.get(name, default)
        if not given.isdecimal() or int(given) < 1:
            raise V2ApiError(400, f"The field '{name}' is invalid.")
        numbers.append(int(given))
    limit = min(numbers[1], PAGE)
    start = (numbers[0] - 1) * limit
    return rows[max(0, start - request.overlap) : start + limit]


def listing(request: ApiRequest, rows: list[Row]) -> Response:
    """V2 answers an empty page with 204."""
    request.annotate_call(items=len(rows))
    return json_response(rows) if rows else no_content()


def date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC))


def resource(store: Store, path: str) -> Row:
    """A link to a part of an order that has an address of its own."""
    return {"url": f"https://api.bigcommerce.com/stores/{store.name}/v2{path}", "resource": path}


def count(rows: list[Row]) -> Response:
    return json_response({"count": len(rows)})


def found(row: Row | None) -> Row:
    """Raises a 404 for a row that does not exist."""
    if row is None:
        raise V2ApiError(404, "The requested resource was not found.")
    return row
