"""Values in Tryton's JSON, and the errors of its REST interface, as a real 8.2 server gives them."""

import binascii
from base64 import urlsafe_b64decode
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
from starlette.responses import Response

from sandbox.platforms.base import json_response

_TIME = ("hour", "minute", "second", "microsecond")
_DATE = ("year", "month", "day")


class UserError(Exception):
    """Tryton refuses what was asked; the message is for people."""

    def response(self) -> Response:
        return json_response({"status": 400, "message": str(self), "description": ""}, 400)


class HttpError(Exception):
    """An answer of the web server, as an HTML page: unknown addresses, missing rights, and bugs of the caller."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    def response(self) -> Response:
        page = f"<!doctype html>\n<html lang=en>\n<title>{self.status}</title>\n<p>{self}</p>\n"
        return Response(page, self.status, {"content-type": "text/html; charset=utf-8"})


def encode(value: Any) -> Any:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": f"{value:f}"}
        case datetime():
            return {"__class__": "datetime"} | {name: getattr(value, name) for name in (*_DATE, *_TIME)}
        case date():
            return {"__class__": "date"} | {name: getattr(value, name) for name in _DATE}
        case dict():
            return {name: encode(each) for name, each in value.items()}
        case list():
            return [encode(each) for each in value]
    return value


def decode(value: Any) -> Any:
    match value:
        case {"__class__": "Decimal", "decimal": text}:
            return Decimal(text)
        case {"__class__": "datetime"}:
            return datetime(**{name: value[name] for name in (*_DATE, *_TIME)}, tzinfo=UTC)
        case {"__class__": "date"}:
            return date(*(value[name] for name in _DATE))
        case dict():
            return {name: decode(each) for name, each in value.items()}
        case list():
            return [decode(each) for each in value]
    return value


def decode_parameter(text: str) -> Any:
    """A query parameter or header: JSON in the URL-safe alphabet of Base64."""
    try:
        return decode(orjson.loads(urlsafe_b64decode(text)))
    except (binascii.Error, ValueError) as error:
        raise HttpError(500, "The parameter is not JSON in Base64.") from error
