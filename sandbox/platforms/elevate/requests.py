"""Requests of Elevate's Admin API: how they are rejected, their parameters, and the lines of v4."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.elevate.catalog import CatalogErrors

MAX_WAIT_S = 300
VERBS = ("replace", "edit", "remove")
DURATION = re.compile(r"PT(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")


class ImportRejected(Exception):
    """A rejected import. `problems` holds the errors in the catalog data, if any."""

    def __init__(self, reason: str, problems: CatalogErrors | None = None, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.problems = problems
        self.status = status

    def response(self, *, xml: bool = False) -> Response:
        if not self.problems:
            return json_response({"reason": self.reason}, self.status)
        details = {"errors": self.problems.texts()} if xml else {"errorDetails": self.problems.details()}
        return json_response({"reason": self.reason, **details}, self.status)


def operations(body: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the operations of a gzipped JSON Lines body as (verb, content). Raises `ImportRejected` for invalid
    syntax.
    """
    for number, line in enumerate(_lines(body), 1):
        if not line.strip():
            continue
        try:
            operation = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ImportRejected(f"line {number}: not JSON: {error}") from error
        if not isinstance(operation, dict) or len(operation) != 1 or next(iter(operation)) not in VERBS:
            raise ImportRejected(f"line {number}: exactly one of {', '.join(VERBS)} is expected")
        verb, content = next(iter(operation.items()))
        if not isinstance(content, dict) or not isinstance(content.get("key"), str) or not content["key"]:
            raise ImportRejected(f"line {number}: '{verb}' requires a 'key'")
        yield verb, content


def _lines(body: bytes) -> Iterator[bytes]:
    try:
        with gzip.open(io.BytesIO(body)) as lines:
            yield from lines
    except (OSError, EOFError, zlib.error) as error:
        raise ImportRejected(f"The request body must be compressed using gzip: {error}") from error


def check_headers(request: Request) -> None:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/jsonlines":
        raise ImportRejected("Content-Type must be application/jsonlines", status=415)
    if request.headers.get("content-encoding") != "gzip":
        raise ImportRejected("Content-Encoding must be gzip", status=415)


def flag(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "false")
    if given not in ("true", "false"):
        raise ImportRejected(f"'{name}' must be true or false")
    return given == "true"


def blocking_timeout(given: str | None) -> float:
    """Return the seconds of an ISO 8601 duration such as PT3M or PT30S."""
    if given is None:
        return MAX_WAIT_S
    match = DURATION.fullmatch(given)
    seconds = float(match[1] or 0) * 60 + float(match[2] or 0) if match and given != "PT" else -1
    if not 0 <= seconds <= MAX_WAIT_S:
        raise ImportRejected("'blockingTimeout' must be a duration from PT0S to PT5M")
    return seconds
