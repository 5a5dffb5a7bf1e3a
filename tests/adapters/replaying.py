"""Reads a source again and again from recorded answers, of which one value is replaced (C4)."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

import orjson
import pytest

from connectors.sdk.http import HttpClient
from connectors.sdk.responses import Response

MARK = "§replaced§"
# Values as JSON that some system once sent, or could send, in place of what is documented.
ODD_VALUES = (
    *("1e30", "1e300", "1e400", "NaN", "9" * 60, '"1e30"', '"NaN"', "-3", "1e-30", "null", '"abc"', '""', "true"),
    *("[]", "{}", '["a", 1, null]', '"a\\ud83d"', '"a\\u0000b"', '"  "', f'"{"x" * 5000}"', "[" * 300 + "]" * 300),
    *('"0000-00-00 00:00:00"', '"9999-12-31T23:59:59-12:00"', '"0001-01-01T00:00:00+14:00"'),
)
Path = tuple[str | int, ...]


class Call(NamedTuple):
    method: str
    url: str
    content: str


class Replayer:
    """Answers calls from what was recorded at the first one, except for the `replaced` call."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.recorded: dict[Call, Response] = {}
        self.replaced: dict[Call, bytes] = {}
        call_platform = HttpClient._call

        def call(http: HttpClient, method: str, url: str, params: Any, data: Any, *rest: Any) -> Response:
            key = Call(method, url, f"{sorted((params or {}).items())} {data}")
            if (found := self.recorded.get(key)) is None:
                found = call_platform(http, method, url, params, data, *rest)
                if found.status != 401:  # a token has expired, so the call is repeated with another one
                    self.recorded[key] = found
            content = self.replaced.get(key, found.content)
            return Response(found.status, found.headers, content, http.note_repair, http.max_values)

        monkeypatch.setattr(HttpClient, "_call", call)

    def places(self) -> Iterator[tuple[Call, Path]]:
        """Every value of one row of every listing that was recorded; of rows that are alike, one."""
        seen = set()
        for call, answer in list(self.recorded.items()):
            body = orjson.loads(answer.content) if answer.content[:1] in b"[{" else None
            if (rows := _rows(body)) is None or not isinstance(max(rows, key=_size), dict):
                continue
            row = max(rows, key=_size)
            start = next(path for path, value in _values(body) if value is row)
            for path, _ in _values(row, start):
                shape = (call.method, "".join(each for each in call.url if not each.isdigit()), _shape(path))
                if shape not in seen:
                    seen.add(shape)
                    yield call, path

    def replace(self, call: Call, path: Path, value: str) -> None:
        body = deepcopy(orjson.loads(self.recorded[call].content))
        *above, name = path
        holder = body
        for each in above:
            holder = holder[each]
        holder[name] = MARK
        self.replaced = {call: orjson.dumps(body).replace(orjson.dumps(MARK), value.encode())}


def _rows(body: Any) -> list[Any] | None:
    """The rows of a listing; None for another answer."""
    if isinstance(body, dict):
        body = next((body[name] for name in ("data", "items", "bundle") if isinstance(body.get(name), list)), None)
    return body if isinstance(body, list) and body else None


def _size(row: Any) -> int:
    return len(orjson.dumps(row))


def _values(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """All values inside, of a list those of the first two elements."""
    named = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in named:
        yield (*path, name), each
        yield from _values(each, (*path, name))


def _shape(path: Path) -> str:
    return ".".join("*" if isinstance(each, int) else each for each in path)
