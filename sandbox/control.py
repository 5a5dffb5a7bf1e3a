"""The control API under `/_sandbox/` (call log, faults, state, reset) and the middleware that records calls for it."""

import itertools
import time
from collections import deque
from dataclasses import asdict, dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.contracts.middleware import ViolationLog
from sandbox.faults import FaultRegistry, InvalidFault, inject_fault
from sandbox.platforms.base import Platform, UnknownStateKind, json_response

MAX_LOGGED_CALLS = 50_000


@dataclass(slots=True)
class Call:
    """One request to the platform. `items` is the number of items written or returned.

    `status` 0 means that the caller got no answer; `ignored` lists fields of the body that the platform silently
    ignores.
    """

    n: int
    at: float
    method: str
    path: str
    query: str
    status: int = 0
    account: str | None = None
    items: int | None = None
    ignored: tuple[str, ...] = ()


class CallLog:
    """The latest calls, oldest first. Clearing the log does not restart the numbering."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._calls: deque[Call] = deque(maxlen=MAX_LOGGED_CALLS)
        self.last = 0

    def open(self, scope: Scope) -> Call:
        self.last = next(self._numbers)
        call = Call(self.last, time.time(), scope["method"], scope["path"], scope["query_string"].decode("latin-1"))
        self._calls.append(call)
        return call

    def since(self, n: int) -> list[dict[str, Any]]:
        newer = itertools.dropwhile(lambda call: call.n <= n, self._calls)
        return [asdict(call) | {"query": dict(parse_qsl(call.query, keep_blank_values=True))} for call in newer]

    def clear(self) -> None:
        self._calls.clear()


class ControlMiddleware:
    """Wraps a platform: logs each call and injects the configured faults."""

    def __init__(self, app: ASGIApp, platform: Platform, log: CallLog, faults: FaultRegistry) -> None:
        self.app = app
        self.platform = platform
        self.log = log
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_sandbox/"):
            await self.app(scope, receive, send)
            return
        call = scope["sandbox.call"] = self.log.open(scope)

        async def recording_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
                if not any(name.lower() == b"date" for name, _ in message["headers"]):
                    message["headers"] = [*message["headers"], (b"date", formatdate(usegmt=True).encode())]
            await send(message)

        async def abort_connection() -> None:
            # ASGI cannot abort a connection; uvicorn's `send` is a method of the object that holds the transport.
            send.__self__.transport.close()  # type: ignore[attr-defined]
            while (await receive())["type"] != "http.disconnect":
                pass

        fault = self.faults.next_match(scope["method"], scope["path"])
        if fault is None:
            await self.app(scope, receive, recording_send)
        else:
            rate_limited = self.platform.rate_limited()
            await inject_fault(fault, self.app, rate_limited, abort_connection, scope, receive, recording_send)


def control_routes(platform: Platform, log: CallLog, faults: FaultRegistry, violations: ViolationLog) -> list[Route]:
    """Return the routes that every platform has; `Platform.control_routes` adds its own."""

    async def health(request: Request) -> Response:
        return json_response({"platform": platform.name, "accounts": list(platform.accounts), "ok": True})

    async def calls(request: Request) -> Response:
        if request.method == "DELETE":
            log.clear()
            return Response(status_code=204)
        since = request.query_params.get("since", "0")
        if not since.isdecimal():
            return json_response({"error": "since must be the number of a call"}, 400)
        return json_response({"calls": log.since(int(since)), "next": log.last})

    async def violation_collection(request: Request) -> Response:
        if request.method == "DELETE":
            violations.clear()
            return Response(status_code=204)
        return json_response({"violations": violations.as_dicts()})

    async def fault_collection(request: Request) -> Response:
        if request.method == "GET":
            return json_response({"faults": faults.as_dicts()})
        if request.method == "DELETE":
            faults.clear()
            return Response(status_code=204)
        try:
            fault = faults.add(orjson.loads(await request.body()))
        except (InvalidFault, orjson.JSONDecodeError) as error:
            return json_response({"error": str(error)}, 400)
        return json_response({"id": fault.id}, 201)

    async def one_fault(request: Request) -> Response:
        removed = faults.faults.pop(request.path_params["fault_id"], None)
        return Response(status_code=204) if removed else json_response({"error": "no such fault"}, 404)

    async def state(request: Request) -> Response:
        query = request.query_params
        try:
            items, following = platform.state(
                query.get("account") or next(iter(platform.accounts)),
                query.get("kind", ""),
                query.get("after"),
                int(query.get("limit", "1000")),
            )
        except (UnknownStateKind, ValueError) as error:
            return json_response({"error": str(error)}, 400)
        return json_response({"items": items, "next": following})

    async def reset(request: Request) -> Response:
        faults.clear()
        log.clear()
        await platform.reset()
        return Response(status_code=204)

    return [
        Route("/_sandbox/health", health),
        Route("/_sandbox/calls", calls, methods=["GET", "DELETE"]),
        Route("/_sandbox/violations", violation_collection, methods=["GET", "DELETE"]),
        Route("/_sandbox/faults", fault_collection, methods=["GET", "POST", "DELETE"]),
        Route("/_sandbox/faults/{fault_id:int}", one_fault, methods=["DELETE"]),
        Route("/_sandbox/state", state),
        Route("/_sandbox/reset", reset, methods=["POST"]),
    ]
