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

pytestmark = pytest.mark.system

# A view that fails, called with personal data in all places; then a line of the log.
FAILING = """
import io
import logging
import django
django.setup()
from django.core.wsgi import get_wsgi_application
from django.urls import path
from synccenter import urls
from common.log_context import log_context

def fail(request, token):
    name = "jane@shop.example"
    raise ValueError(f"no customer {name}")

urls.urlpatterns.insert(0, path("broken/<slug:token>", fail))
environ = {
    "REQUEST_METHOD": "GET", "PATH_INFO": "/broken/x", "QUERY_STRING": "mail=jane@shop.example",
    "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": "14", "wsgi.input": io.BytesIO(b'["jane", "x y"]'),
    "HTTP_COOKIE": "sessionid=jane", "HTTP_X_FORWARDED_FOR": "192.0.2.7", "REMOTE_ADDR": "192.0.2.7",
    "wsgi.url_scheme": "http", "SERVER_NAME": "localhost", "SERVER_PORT": "80", "HTTP_HOST": "localhost",
}
b"".join(get_wsgi_application()(environ, lambda status, headers: None))
with log_context(run=7):
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
    assert (error["request"]["method"], error["tags"].keys()) == ("GET", {"request"})
    assert message["tags"] == {"run": 7}
    assert message["logentry"]["message"] == "order of %s is lost"
    for private in ("jane", "192.0.2.7"):
        assert private not in content
