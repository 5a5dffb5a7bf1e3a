"""Errors and listings in the vendor's format.

https://github.com/woocommerce/woocommerce-rest-api-docs, source/includes/wp-api-v3/_introduction.md: errors are
`{"code", "message", "data": {"status"}}`; a listing has its totals in the headers `X-WP-Total` and `X-WP-TotalPages`,
and links to its pages in `Link`.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import json_response

Row = dict[str, Any]
MAX_PER_PAGE = 100


class ApiError(Exception):
    """An error answer. `details` are further fields of `data`."""

    def __init__(self, status: int, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.details = details

    def body(self) -> Row:
        return {"code": self.code, "message": str(self), "data": {"status": self.status, **self.details}}

    def response(self) -> Response:
        return json_response(self.body(), self.status)


def invalid_parameter(name: str, reason: str) -> ApiError:
    """As WordPress answers it."""
    return ApiError(400, "rest_invalid_param", f"Invalid parameter(s): {name}", params={name: reason})


def invalid_id(kind: str, status: int = 404) -> ApiError:
    """`kind` is part of the code: `product`, `shop_order`, `product_variation`; empty for users."""
    code = "_".join(filter(None, ("woocommerce_rest", kind, "invalid_id")))
    return ApiError(status, code, "Invalid ID.")


class Query:
    """The query of a listing. Raises ApiError for values that the vendor does not accept; unknown names are ignored."""

    def __init__(self, request: Request) -> None:
        self._raw = request.scope["query_string"].decode("latin-1")
        self._pairs = parse_qsl(self._raw, keep_blank_values=True)
        self.url = str(request.url).partition("?")[0]
        self.page_cap: int = getattr(request.state, "page_cap", MAX_PER_PAGE)

    def text(self, name: str) -> str | None:
        return next((value for key, value in reversed(self._pairs) if key == name), None)

    def number(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not value.isdecimal():
            raise invalid_parameter(name, f"{name} is not of type integer.")
        if int(value) < least or (most is not None and int(value) > most):
            raise invalid_parameter(name, f"{name} must be between {least} (inclusive) and {most} (inclusive)")
        return int(value)

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        value = self.text(name)
        if value is not None and value not in choices:
            raise invalid_parameter(name, f"{name} is not one of {', '.join(choices)}.")
        return value or default

    def values(self, name: str) -> list[str] | None:
        """A list is given with commas, or as `name[]`."""
        found = [value for key, value in self._pairs if key.partition("[")[0] == name]
        return [each for value in found for each in value.split(",") if each] if found else None

    def ids(self, name: str) -> list[int] | None:
        values = self.values(name)
        if values is not None and not all(each.isdecimal() for each in values):
            raise invalid_parameter(name, f"{name}[0] is not of type integer.")
        return None if values is None else [int(each) for each in values]

    def flag(self, name: str) -> bool | None:
        value = self.text(name)
        return None if value is None else value.lower() in ("1", "true")

    def with_page(self, number: int) -> str:
        pairs = [each for each in self._pairs if each[0] != "page"]
        return f"{self.url}?{urlencode([*pairs, ('page', str(number))])}"


def page_of(query: Query, rows: Sequence[Row]) -> Response:
    """One page of rows that are filtered and sorted already."""
    size = min(query.number("per_page", 10, least=1, most=MAX_PER_PAGE), query.page_cap)
    number = query.number("page", 1, least=1)
    offset = query.number("offset", -1)
    start = (number - 1) * size if offset < 0 else offset
    pages = math.ceil(len(rows) / size)
    links = [f'<{query.with_page(number - 1)}>; rel="prev"'] if number > 1 else []
    links += [f'<{query.with_page(number + 1)}>; rel="next"'] if number < pages else []
    headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)}
    if links:
        headers["Link"] = ", ".join(links)
    return json_response(only_fields(query, rows[start : start + size]), headers=headers)


def only_fields(query: Query, rows: Iterable[Row]) -> list[Row]:
    """The rows with the fields that `_fields` names, as every route of WordPress's REST API does it."""
    names = query.values("_fields")
    return [each if names is None else {name: each[name] for name in names if name in each} for each in rows]
