"""Magento's response formats: plain JSON, and errors whose message has placeholders filled from `parameters`."""

from typing import Any

from starlette.responses import Response

from sandbox.platforms.base import json_response

Row = dict[str, Any]


class ApiError(Exception):
    """A rejected request. Parameters are named (`%name`) or numbered (`%1`), as the message requires."""

    def __init__(
        self, status: int, message: str, *positional: object, errors: list[Row] | None = None, **named: object
    ):
        super().__init__(message)
        self.status = status
        self.message = message
        self.parameters: Row | list[object] = named or list(positional)
        self.errors = errors

    @property
    def formatted_message(self) -> str:
        """Return the message with its placeholders filled, as in the shop's logs and queues."""
        text = self.message
        named = self.parameters if isinstance(self.parameters, dict) else dict(enumerate(self.parameters, 1))
        for name, value in named.items():
            text = text.replace(f"%{name}", str(value))
        return text

    def response(self) -> Response:
        body: Row = {"message": self.message}
        if self.errors:
            body["errors"] = self.errors
        if self.parameters:
            body["parameters"] = self.parameters
        return json_response(body | {"trace": "#0 [internal function]"}, self.status)


def unknown(name: str, value: object) -> ApiError:
    return ApiError(404, "No such entity with %fieldName = %fieldValue", fieldName=name, fieldValue=value)


def denied(right: str) -> ApiError:
    """The answer to wrong credentials, and to an integration that lacks a right."""
    return ApiError(401, "The consumer isn't authorized to access %resources.", resources=right)


def required(name: str) -> ApiError:
    return ApiError(400, '"%fieldName" is required. Enter and try again.', fieldName=name)


def validated(body: Any, shape: Any, path: str = "request") -> Any:
    """Return the body if it has the shape: a type, `[shape]`, or a dictionary in which `!` marks required names."""
    if isinstance(shape, list):
        if not isinstance(body, list):
            raise _mistyped(path, body, "array")
        for each in body:
            validated(each, shape[0], path)
    elif isinstance(shape, dict):
        if not isinstance(body, dict):
            raise _mistyped(path, body, "object")
        names = {name.rstrip("!"): each for name, each in shape.items()}
        for name, value in body.items():
            if name not in names:
                raise ApiError(400, 'Property "%1" does not have accessor method "%2" in class "%3".', name, name, path)
            if value is not None:
                validated(value, names[name], name)
        for name in shape:
            if name.endswith("!") and body.get(name.rstrip("!")) is None:
                raise required(name.rstrip("!"))
    elif not _is(body, shape):
        raise _mistyped(path, body, shape.__name__)
    return body


def _is(value: Any, wanted: type) -> bool:
    if wanted is object:
        return True
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))


def _mistyped(path: str, value: object, wanted: str) -> ApiError:
    return ApiError(
        400,
        'Error occurred during "%1" processing. The "%2" value\'s type is invalid. The "%3" type was expected. '
        "Verify and try again.",
        path,
        str(value)[:40],
        wanted,
    )
