"""Errors: problem details (RFC 7807) with `errors[]` of code, message and property, or an array of errors by line."""

from typing import Any

from starlette.responses import Response

from sandbox.platforms.base import json_response


class ApiError(Exception):
    """A rejected request."""

    code = "invalid"

    def __init__(self, status: int, title: str, **errors: str) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.errors = errors

    def response(self) -> Response:
        return error_response(self.status, self.title, self.code, **self.errors)


class IdMismatch(ApiError):
    """The body and the URL name different customers."""

    code = "idMismatch"

    def __init__(self, name: str) -> None:
        super().__init__(400, "Invalid request", **{name: "the body and the URL name different customers"})


class ListError(ApiError):
    """A rejected array: one entry of `line`, `field` and `message` for each error."""

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        super().__init__(400, "Invalid request")
        self.entries = entries

    def response(self) -> Response:
        return json_response(self.entries, self.status)


def error_response(status: int, title: str, code: str = "invalid", /, **errors: str) -> Response:
    """`errors`: property → error message."""
    body: dict[str, Any] = {"title": title, "status": status, "detail": title}
    if errors:
        body["errors"] = [{"code": code, "message": message, "property": name} for name, message in errors.items()]
    return json_response(body, status)


def require(condition: Any, name: str, message: str) -> None:
    if not condition:
        raise ApiError(400, "Invalid request", **{name: message})


def known_fields(body: Any, known: set[str]) -> dict[str, Any]:
    """Return the body if it has only known fields. SparkLayer does not document that it ignores unknown ones."""
    require(isinstance(body, dict), "body", "must be an object")
    if unknown := sorted(set(body) - known):
        raise ApiError(400, "Invalid request", **{unknown[0]: "unknown field"})
    found: dict[str, Any] = body
    return found


def is_text(value: Any, max_length: int = 255) -> bool:
    return isinstance(value, str) and 0 < len(value) <= max_length


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
