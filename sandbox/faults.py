"""Injected faults: an answer is delayed, replaced, corrupted or lost."""

import asyncio
import itertools
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

import orjson
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.recording import RecordedResponse

Kind = Literal["status", "rate_limited", "slow", "drop", "half_body", "garbage", "overlap", "rewrite", "repeat"]
KINDS = get_args(Kind)
TYPES: dict[str, Any] = {
    "method": str,
    "path": str,
    "status": int,
    "headers": dict,
    "delay": int | float,
    "items": int,
    "times": int | None,
    "after": int,
    "find": str,
    "replace": str,
}


class InvalidFault(ValueError):
    """The description of a fault is invalid; the message says why."""


@dataclass
class Fault:
    """A configured fault: `after` matching requests pass, then the next `times` (None: all) are affected.

    `rewrite` changes the answer; `repeat` gives the first answer of a path again, as a server that ignores its cursor.
    """

    id: int
    fault: Kind
    method: str | None = None
    path: str | None = None
    when: Literal["before", "after"] = "before"
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    delay: float = 1.0
    items: int = 5
    times: int | None = None
    after: int = 0
    find: str = ""
    replace: str = ""
    hits: int = 0
    seen: int = 0
    recorded: dict[str, RecordedResponse] = field(default_factory=dict, repr=False)

    def should_apply(self, method: str, path: str) -> bool:
        """Count this request and return whether the fault applies to it."""
        if self.method and self.method.upper() != method:
            return False
        if self.path and not re.search(self.path, path):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True

    def response(self) -> Response:
        """Return the replacement answer of a `status` fault."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        if isinstance(self.body, str):
            return Response(self.body, self.status, headers)
        body = {"status": self.status, "title": "Ordered by the sandbox"} if self.body is None else self.body
        return Response(orjson.dumps(body), self.status, {"content-type": "application/json", **headers})

    def rewrite(self, answer: RecordedResponse) -> RecordedResponse:
        """The answer with each match of `find` replaced, and with these headers.

        `find` and `replace` are Latin-1 text that stands for bytes, so that a replacement can be invalid UTF-8.
        """
        if self.find:
            pattern, replacement = self.find.encode("latin-1"), self.replace.encode("latin-1")
            answer.body = re.sub(pattern, lambda _: replacement, answer.body, count=self.items)
        changed = {name.lower(): value for name, value in self.headers.items()} | {
            "content-length": str(len(answer.body))
        }
        kept = [(name, value) for name, value in answer.headers if name.decode("latin-1").lower() not in changed]
        answer.headers = kept + [(name.encode(), value.encode()) for name, value in changed.items()]
        return answer


class FaultRegistry:
    """The configured faults. The first one that matches a request applies."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self.faults: dict[int, Fault] = {}

    def add(self, spec: Any) -> Fault:
        """Add a fault described by a JSON object. Raises `InvalidFault`."""
        if not isinstance(spec, dict):
            raise InvalidFault("a fault must be a JSON object")
        known = set(Fault.__dataclass_fields__) - {"id", "hits", "seen", "recorded"}
        if unknown := set(spec) - known:
            raise InvalidFault(f"unknown fields: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
        if spec.get("fault") not in KINDS:
            raise InvalidFault(f"fault must be one of {', '.join(KINDS)}")
        if spec.get("when", "before") not in ("before", "after"):
            raise InvalidFault("when must be before or after")
        if spec.get("when") == "after" and spec["fault"] == "overlap":
            raise InvalidFault("overlap cannot be combined with when=after: it changes how the answer is built")
        for name, types in TYPES.items():
            if name in spec and not isinstance(spec[name], types):
                raise InvalidFault(f"{name} has the wrong type")
        for name in ("path", "find"):
            try:
                re.compile(spec.get(name) or "")
            except re.error as error:
                raise InvalidFault(f"{name} is not a valid regular expression: {error}") from error
        fault = Fault(id=next(self._ids), **spec)
        self.faults[fault.id] = fault
        return fault

    def next_match(self, method: str, path: str) -> Fault | None:
        return next((fault for fault in self.faults.values() if fault.should_apply(method, path)), None)

    def clear(self) -> None:
        self.faults.clear()

    def as_dicts(self) -> list[dict[str, Any]]:
        return [
            {name: value for name, value in asdict(replace(fault, recorded={})).items() if name != "recorded"}
            for fault in self.faults.values()
        ]


async def inject_fault(
    fault: Fault,
    app: ASGIApp,
    rate_limited: Response,
    abort_connection: Callable[[], Awaitable[None]],
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Apply a fault to a request; with `when="after"`, only after the platform has processed the request."""
    answer = RecordedResponse()
    if fault.fault == "rewrite":
        await app(scope, receive, answer.send)
        await fault.rewrite(answer).replay(send)
        return
    if fault.fault == "repeat":
        first = fault.recorded.setdefault(scope["path"], answer)
        if first is answer:
            await app(scope, receive, answer.send)
        await first.replay(send)
        return
    if fault.fault == "overlap":
        scope["sandbox.overlap"] = fault.items
        await app(scope, receive, send)
        return
    if fault.when == "after":
        await app(scope, receive, answer.send)
    if fault.fault == "slow":
        await asyncio.sleep(fault.delay)
        await (answer.replay(send) if fault.when == "after" else app(scope, receive, send))
    elif fault.fault == "status":
        await fault.response()(scope, receive, send)
    elif fault.fault == "rate_limited":
        rate_limited.headers.update(fault.headers)
        await rate_limited(scope, receive, send)
    elif fault.fault == "drop":
        await abort_connection()
    elif fault.fault == "half_body":
        await _send_half(answer.body or b'{"data": [{"id": 1, "name": "torn in two"}], "meta": {}}', send)
        await abort_connection()
    else:
        garbage = fault.body if isinstance(fault.body, str) else "<html><body>It works! \ufffd{]</body></html>"
        headers = {"content-type": "application/json", **fault.headers}
        await Response(garbage, 200, headers)(scope, receive, send)


async def _send_half(body: bytes, send: Send) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
