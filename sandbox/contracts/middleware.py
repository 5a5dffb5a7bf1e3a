"""Validates requests and responses of a simulated platform by its contract, and records every violation."""

import gzip
import zlib
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.contracts.contract import Contract, RequestMessage, ResponseMessage, is_json
from sandbox.contracts.problems import Problem
from sandbox.platforms.base import Platform
from sandbox.recording import RecordedResponse

MAX_VIOLATIONS = 1000


@dataclass(frozen=True)
class Violation:
    """`direction` is `request` (the caller broke the contract) or `response` (the simulated platform did)."""

    direction: str
    method: str
    path: str
    status: int
    kind: str
    detail: str


class ViolationLog:
    """The latest violations, oldest first. A reset of the sandbox keeps them."""

    def __init__(self) -> None:
        self._violations: deque[Violation] = deque(maxlen=MAX_VIOLATIONS)

    def add(self, violation: Violation) -> None:
        self._violations.append(violation)

    def as_dicts(self) -> list[dict[str, Any]]:
        return [asdict(violation) for violation in self._violations]

    def clear(self) -> None:
        self._violations.clear()


class ContractMiddleware:
    """Wraps a platform.

    A request that breaks the contract is recorded. The platform answers it, since it knows the vendor's words and
    status; if it accepts what the contract forbids, the caller gets `platform.invalid_request` instead. An answer that
    breaks the contract becomes a 500, so that no test builds on it.
    """

    def __init__(self, app: ASGIApp, platform: Platform, contract: Contract, log: ViolationLog) -> None:
        self.app = app
        self.platform = platform
        self.contract = contract
        self.log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox/"):
            await self.app(scope, receive, send)
            return
        if parameter := self.contract.document.get("x-route-parameter"):
            scope = _with_route(scope, parameter["name"], parameter["prefix"])
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        body = None
        # Only JSON is validated; a simulated platform may have reasons to read a large upload itself, as it arrives.
        if is_json(headers.get("content-type", "application/json")):
            body, receive = await _read(receive)
            if headers.get("content-encoding") == "gzip":
                body = _decompressed(body)
        path = scope["raw_path"].decode("latin-1").partition("?")[0]
        if self.contract.document.get("x-trailing-slash") == "ignored":
            path = path.rstrip("/")
            scope = {**scope, "path": scope["path"].rstrip("/")}
        request = RequestMessage.of(
            scope["method"],
            path,
            scope["query_string"].decode("latin-1"),
            headers,
            body,
        )
        operation = self.contract.find(scope["method"], request.path)
        problems = [operation] if isinstance(operation, Problem) else operation.request_problems(request)
        answer = RecordedResponse()
        await self.app(scope, receive, answer.send)
        if problems and not self.platform.is_rejection(answer.status, answer.body):
            answer = RecordedResponse()
            await self.platform.invalid_request(problems[0])(scope, receive, answer.send)
        if not isinstance(operation, Problem):
            broken = list(operation.response_problems(request, _message(answer)))
            self._record("response", scope, answer.status, broken)
            if broken:
                answer = RecordedResponse()
                await Response(f"The simulated platform broke its contract: {broken[0].detail}", 500)(
                    scope, receive, answer.send
                )
        self._record("request", scope, answer.status, problems)
        await answer.replay(send)

    def _record(self, direction: str, scope: Scope, status: int, problems: list[Problem]) -> None:
        for problem in problems:
            found = (scope["method"], scope["path"], status, problem.kind.value, problem.detail)
            self.log.add(Violation(direction, *found))


def _with_route(scope: Scope, name: str, prefix: str) -> Scope:
    """The request as one for the path that a parameter of its query names. `sandbox.sent` is what was sent: path and
    query."""
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    route = dict(pairs).get(name)
    if route is None:
        return scope
    path = prefix + route
    query = urlencode([each for each in pairs if each[0] != name])
    sent = (scope["path"], scope["query_string"])
    changed = {"path": path, "raw_path": quote(path).encode(), "query_string": query.encode(), "sandbox.sent": sent}
    return {**scope, **changed}


def _decompressed(body: bytes) -> bytes:
    """The content of a compressed body; an unreadable one as it is, which is then no JSON."""
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return body


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """The whole body, and a `receive` that delivers it once more."""
    messages: list[Message] = []
    while True:
        messages.append(await receive())
        if messages[-1]["type"] != "http.request" or not messages[-1].get("more_body"):
            break
    body = b"".join(message.get("body", b"") for message in messages)
    pending = deque(messages)

    async def again() -> Message:
        return pending.popleft() if pending else await receive()

    return body, again


def _message(answer: RecordedResponse) -> ResponseMessage:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
    return ResponseMessage.of(answer.status, headers, answer.body)
