"""Reports of errors have the code and no personal data (O1)."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

# A view that fails, called with personal data in all places; then a line of the log.
FAILING = """
import django
django.setup()
import logging
from django.test import Client
from django.urls import path
from synccenter import urls
from common.log_context import log_context

def fail(request, token):
    name = "jane@shop.example"
    with log_context(run=7):
        raise ValueError(f"no customer {name}")

urls.urlpatterns.insert(0, path("broken/<slug:token>", fail))
client = Client(raise_request_exception=False)
client.cookies["sessionid"] = "cookie-of-jane"
client.post("/broken/x?mail=jane@shop.example", {"note": "body-of-jane"}, headers={"X-Forwarded-For": "192.0.2.7"})
logging.getLogger("orders").error("order of %s is lost", "jane@shop.example")
import sentry_sdk
sentry_sdk.flush(10)
"""


@pytest.fixture
def reports() -> Iterator[tuple[str, list[bytes]]]:
    """A server that takes reports: its DSN, and what it received."""
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Nothing: it would be in the output of the tests."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://key@127.0.0.1:{server.server_port}/1", received
        server.shutdown()


def test_a_report_names_the_error_and_nobody(reports: tuple[str, list[bytes]], root: Path) -> None:
    dsn, received = reports
    environment = {**os.environ, "SENTRY_DSN": dsn, "DJANGO_SETTINGS_MODULE": "synccenter.settings"}
    subprocess.run([sys.executable, "-c", FAILING], cwd=root, env=environment, check=True, capture_output=True)
    content = b"\n".join(received).decode()
    events = [json.loads(line) for line in content.splitlines() if '"event_id"' in line and '"platform"' in line]
    [error] = [event for event in events if "exception" in event]
    [message] = [event for event in events if "logentry" in event]
    [exception] = error["exception"]["values"]
    assert (exception["type"], exception["value"]) == ("ValueError", "")
    assert exception["stacktrace"]["frames"][-1]["function"] == "fail"
    assert (error["tags"]["run"], error["request"]["method"]) == (7, "POST")
    assert message["logentry"]["message"] == "order of %s is lost"
    for private in ("jane", "192.0.2.7"):
        assert private not in content
