"""Clients of the sandbox's platforms, and a receiver for its webhooks."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess


class Api:
    """One account of one platform: `get("/v3/…")` and so on, with its credentials."""

    def __init__(self, process: SandboxProcess, base: str, headers: dict[str, str]) -> None:
        self.process = process
        self.base = process.url + base
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers.update(headers)

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        return self.http.request(method, self.base + path, timeout=60, **arguments)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: Any) -> requests.Response:
        return self.call("POST", path, json=body)

    def put(self, path: str, body: Any) -> requests.Response:
        return self.call("PUT", path, json=body)

    def delete(self, path: str) -> requests.Response:
        return self.call("DELETE", path)

    def data(self, path: str, **query: Any) -> Any:
        """Return the `data` of a V3 answer. Raises on an error status."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@pytest.fixture
def may_break_contracts() -> bool:
    """These tests show what the sandbox rejects."""
    return True


@pytest.fixture
def api() -> Iterator[Callable[..., Api]]:
    """`api(process, base, headers)`: a client that is closed after the test."""
    created: list[Api] = []

    def make(process: SandboxProcess, base: str, headers: dict[str, str]) -> Api:
        created.append(Api(process, base, headers))
        return created[-1]

    yield make
    for each in created:
        each.http.close()


@pytest.fixture
def shop(sandbox: Callable[..., SandboxProcess], api: Callable[..., Api]) -> Api:
    """A BigCommerce store with products, customers and orders, and a rate limit that no test reaches."""
    process = sandbox(
        "bigcommerce",
        accounts={"alpha": "alpha-token", "beta": "beta-token"},
        products=60,
        customers=25,
        orders=40,
        quota=100_000,
        retry_scale=0.00001,
        client_secret="shop-secret",
    )
    return api(process, "/stores/alpha", {"X-Auth-Token": "alpha-token"})


class HookServer:
    """Records each webhook as (parsed body, headers, raw body) and answers with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.calls: list[tuple[Any, dict[str, str], bytes]] = []
        self._arrived = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                with outer._arrived:
                    outer.calls.append((json.loads(body), {k.lower(): v for k, v in self.headers.items()}, body))
                    outer._arrived.notify_all()
                self.send_response(outer.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                """Quiet: failing tests show what matters."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def wait_for(self, count: int, seconds: float = 60) -> list[Any]:
        """Return the bodies of the first `count` calls, as soon as they have arrived."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.calls) >= count, seconds), f"{len(self.calls)} calls"
            return [body for body, _, _ in self.calls[:count]]


@pytest.fixture
def receiver() -> Iterator[HookServer]:
    receiving = HookServer()
    thread = threading.Thread(target=receiving.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield receiving
    receiving.server.shutdown()
    thread.join()
    receiving.server.server_close()
