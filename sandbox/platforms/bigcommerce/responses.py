"""BigCommerce's response formats: envelopes, errors, pagination. V3 unless the name says V2."""

import base64
import binascii
import operator
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.platforms.base import json_response
from sandbox.tables import Row

PAGE = 250
DEFAULT_PAGE = 50
TYPE = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"


class ApiError(Exception):
    """A rejected request, rendered as the vendor's error body."""

    def __init__(self, status: int, title: str, errors: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.errors = errors or {}
        self.more = more

    def body(self) -> Row:
        return {"status": self.status, "title": self.title, "type": TYPE, "errors": self.errors, **self.more}

    def response(self) -> Response:
        return json_response(self.body(), self.status)


class V2ApiError(ApiError):
    """V2 errors are a list of `{"status", "message"}`."""

    def response(self) -> Response:
        return json_response([{"status": self.status, "message": self.title}], self.status)


class InvalidRequest(Response):
    """The answer to a request that breaks the contract, in the format of the version that it was sent to."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        rejected = ApiError(422, detail).response()
        super().__init__(rejected.body, rejected.status_code, dict(rejected.headers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "/v2/" in scope["path"]:
            await V2ApiError(400, self.detail).response()(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class BatchApiError(ApiError):
    """The 422 of a batch: `{"batch_errors": [...]}`."""

    def __init__(self, batch_errors: list[Row]) -> None:
        super().__init__(422, "The batch contains invalid items")
        self.batch_errors = batch_errors

    def response(self) -> Response:
        return json_response({"batch_errors": self.batch_errors}, self.status)


def invalid(errors: dict[str, str]) -> ApiError:
    return ApiError(422, "JSON data is missing or invalid", errors)


def not_found(what: str) -> ApiError:
    return ApiError(404, f"{what} not found")


def too_many(maximum: int) -> ApiError:
    return ApiError(413, f"The request payload is too large. The maximum items allowed in the array is {maximum}.")


def item_response(row: Row, status: int = 200) -> Response:
    return json_response({"data": row, "meta": {}}, status)


def list_response(rows: list[Row], status: int = 200) -> Response:
    return json_response({"data": rows, "meta": {}}, status)


def no_content() -> Response:
    return Response(status_code=204)


def positive_int_param(query: dict[str, str], name: str, default: int, maximum: int | None = None) -> int:
    """Return a query parameter from 1 to `maximum`. Raises a 422 otherwise."""
    text = query.get(name, "")
    if name not in query:
        return default
    if not text.isdecimal() or int(text) < 1 or (maximum is not None and int(text) > maximum):
        allowed = f"a whole number from 1 to {maximum}" if maximum else "a whole number from 1"
        raise ApiError(422, f"{name} must be {allowed}", {name: f"must be {allowed}"})
    return int(text)


class Pager:
    """Pagination by page number, used by most listings: `page`, `limit`, `meta.pagination`."""

    def __init__(
        self, query: dict[str, str], overlap: int, *, maximum: int = PAGE, default: int = DEFAULT_PAGE
    ) -> None:
        self.query = query
        self.page = positive_int_param(query, "page", 1)
        self.limit = positive_int_param(query, "limit", default, maximum)
        self.overlap = overlap

    @property
    def bounds(self) -> tuple[int, int]:
        """Return the positions of this page in the whole list. An injected overlap moves its start back."""
        start = (self.page - 1) * self.limit
        return max(0, start - self.overlap), start + self.limit

    def page_response(self, rows: list[Row], total: int) -> Response:
        pages = -(-total // self.limit)
        links = {"current": self._link(self.page)}
        if self.page > 1:
            links["previous"] = self._link(self.page - 1)
        if self.page < pages:
            links["next"] = self._link(self.page + 1)
        pagination = {
            "total": total,
            "count": len(rows),
            "per_page": self.limit,
            "current_page": self.page,
            "total_pages": pages,
            "links": links,
        }
        return json_response({"data": rows, "meta": {"pagination": pagination}})

    def _link(self, page: int) -> str:
        return "?" + urlencode({**self.query, "page": page, "limit": self.limit})


def encode_cursor(position: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(position)).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[Any, ...]:
    try:
        return tuple(orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))))
    except (binascii.Error, ValueError, TypeError) as error:
        raise ApiError(422, "The cursor is not valid", {"cursor": "not valid"}) from error


class CursorPager:
    """Pagination by cursor (`after`, `before`), with page numbers as long as no cursor is given."""

    count = 0

    def __init__(
        self, query: dict[str, str], overlap: int, *, maximum: int = PAGE, default: int = DEFAULT_PAGE
    ) -> None:
        self.pager = Pager(query, overlap, maximum=maximum, default=default)
        self.query = query
        if "after" in query and "before" in query:
            raise ApiError(422, "after and before cannot be combined", {"before": "cannot be combined with after"})
        if ("after" in query or "before" in query) and "page" in query:
            raise ApiError(422, "page cannot be combined with a cursor", {"page": "cannot be combined with a cursor"})

    def page_response(
        self,
        rows: list[Row],
        position: Callable[[Row], tuple[Any, ...]],
        render: Callable[[Row], Row],
        *,
        descending: bool = False,
    ) -> Response:
        """`rows` are all matching rows, ordered by `position`."""
        limit = self.pager.limit
        start = self._start(rows, position, operator.ge if descending else operator.le)
        end = start + limit
        chosen = rows[max(0, start - self.pager.overlap) : end]
        self.count = len(chosen)
        cursor: Row = {"count": len(chosen), "per_page": limit, "links": {}}
        if chosen:
            cursor["start_cursor"] = encode_cursor(position(chosen[0]))
            cursor["end_cursor"] = encode_cursor(position(chosen[-1]))
            cursor["links"]["current"] = "?" + urlencode(self.query)
            rest = {name: value for name, value in self.query.items() if name not in ("after", "before", "page")}
            if end < len(rows):
                cursor["links"]["next"] = "?" + urlencode({**rest, "after": cursor["end_cursor"]})
            if start > 0:
                cursor["links"]["previous"] = "?" + urlencode({**rest, "before": cursor["start_cursor"]})
        meta: Row = {"cursor_pagination": cursor}
        if "after" not in self.query and "before" not in self.query:
            meta["pagination"] = {
                "total": len(rows),
                "count": len(chosen),
                "per_page": limit,
                "current_page": self.pager.page,
                "total_pages": -(-len(rows) // limit),
            }
        return json_response({"data": [render(row) for row in chosen], "meta": meta})

    def _start(
        self,
        rows: list[Row],
        position: Callable[[Row], tuple[Any, ...]],
        passed: Callable[[tuple[Any, ...], tuple[Any, ...]], bool],
    ) -> int:
        given = self.query.get("after", self.query.get("before"))
        if given is None:
            return (self.pager.page - 1) * self.pager.limit
        at = decode_cursor(given)
        try:
            behind = sum(1 for row in rows if passed(position(row), at))
        except TypeError as error:
            raise ApiError(422, "The cursor belongs to another order", {"cursor": "not valid"}) from error
        return behind if "after" in self.query else max(0, behind - 1 - self.pager.limit)
