"""Runs one platform on a loopback port until it is told to end."""

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

from sandbox.control import CallLog, ControlMiddleware, control_routes
from sandbox.faults import FaultRegistry
from sandbox.platforms.base import Platform, json_response


class AnnouncingServer(uvicorn.Server):
    """Prints where it serves, as one line of JSON on standard output, once it does."""

    announcement: dict[str, object]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(orjson.dumps(self.announcement).decode(), flush=True)


def build_app(platform: Platform) -> ControlMiddleware:
    """The ASGI application: the platform, its control interface, and the harness around both."""
    log = CallLog()
    faults = FaultRegistry(platform.options.seed)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await platform.stop()

    routes = [*control_routes(platform, log, faults), *platform.control_routes(), *platform.routes()]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: handle_http_exception})
    return ControlMiddleware(app, platform, log, faults)


async def handle_http_exception(request: Request, error: Exception) -> Response:
    """404 and 405 of paths and methods that no platform has, as JSON like everything else."""
    assert isinstance(error, HTTPException)
    return json_response({"status": error.status_code, "title": error.detail}, error.status_code)


def serve(platform: Platform, port: int) -> None:
    """Serve on 127.0.0.1 (port 0 takes a free one) until SIGTERM or SIGINT."""
    # Without naming TCP here, asyncio would not turn Nagle's algorithm off, and each answer could wait 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        config = uvicorn.Config(build_app(platform), log_level="error", access_log=False, timeout_graceful_shutdown=1)
        server = AnnouncingServer(config)
        server.announcement = {
            "platform": platform.name,
            "url": f"http://127.0.0.1:{listener.getsockname()[1]}",
            "accounts": list(platform.accounts),
        }
        # Nothing that stands now will ever go, and the collector should not walk through it again and again.
        gc.freeze()
        server.run(sockets=[listener])
