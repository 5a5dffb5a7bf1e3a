"""Serves one platform on a loopback port until it is stopped."""

import contextlib
import gc
import socket
from collections.abc import AsyncIterator

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from sandbox.contracts import contract_of
from sandbox.contracts.middleware import ContractMiddleware, ViolationLog
from sandbox.control import CallLog, ControlMiddleware, control_routes
from sandbox.faults import FaultRegistry
from sandbox.platforms.base import Platform, json_response


class AnnouncingServer(uvicorn.Server):
    """Prints its URL as one line of JSON on standard output as soon as it serves."""

    announcement: dict[str, object]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(orjson.dumps(self.announcement).decode(), flush=True)


def build_app(platform: Platform) -> ControlMiddleware:
    """Build the ASGI application: the platform, its control API, and the middleware around both.

    The contract is checked inside of the faults: an answer that was broken on request is no violation.
    """
    log = CallLog()
    violations = ViolationLog()
    faults = FaultRegistry()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await platform.stop()

    routes = [*control_routes(platform, log, faults, violations), *platform.control_routes(), *platform.routes()]
    app: ASGIApp = Starlette(
        routes=routes, lifespan=lifespan, exception_handlers={HTTPException: handle_http_exception}
    )
    if platform.options.contract == "enforce":
        app = ContractMiddleware(app, platform, contract_of(platform.name), violations)
    return ControlMiddleware(app, platform, log, faults)


async def handle_http_exception(request: Request, error: Exception) -> Response:
    """Return 404 and 405 for unknown paths and methods as JSON."""
    assert isinstance(error, HTTPException)
    return json_response({"status": error.status_code, "title": error.detail}, error.status_code)


def serve(platform: Platform, port: int) -> None:
    """Serve on 127.0.0.1 (port 0 picks a free one) until SIGTERM or SIGINT."""
    # Unless the protocol is TCP explicitly, asyncio leaves Nagle's algorithm on, which can delay an answer by 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        # The middleware adds the date, so that a fault can replace it.
        config = uvicorn.Config(
            build_app(platform), log_level="error", access_log=False, date_header=False, timeout_graceful_shutdown=1
        )
        server = AnnouncingServer(config)
        server.announcement = {
            "platform": platform.name,
            "url": f"http://127.0.0.1:{listener.getsockname()[1]}",
            "accounts": list(platform.accounts),
        }
        # The objects created so far live until the process exits, so the garbage collector can skip them.
        gc.freeze()
        server.run(sockets=[listener])
