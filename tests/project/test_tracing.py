"""Traces reach an OTLP collector, go on in workers, and have no personal data (O1)."""

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

pytestmark = pytest.mark.system

# A view that queries, calls a platform, sends a message and fails, called with personal data in all places; then a
# worker that gets the message.
TRACED = """
import io
import sys
import django
django.setup()
import requests
from celery.worker.request import Request
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import path
from accounts.models import Seller
from common.log_context import log_context
from connectors.engine.tasks import push_sync_logs
from synccenter import urls
from synccenter.celery import app

def fail(request, token):
    with log_context(lane=6, seller=7), log_context(job=8, run=9):
        Seller.objects.filter(name="jane@shop.example").exists()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 'jane''s', E'jane\\\\'s', $x$jane$x$")
        requests.get(f"{sys.argv[1]}/customers/jane?email=jane", headers={"X-Api-Key": "jane"})
        push_sync_logs.apply_async()
    raise ValueError("no customer jane")

urls.urlpatterns.insert(0, path("broken/<slug:token>", fail))
environ = {
    "REQUEST_METHOD": "GET", "PATH_INFO": "/broken/jane", "QUERY_STRING": "mail=jane", "wsgi.input": io.BytesIO(b""),
    "HTTP_COOKIE": "sessionid=jane", "HTTP_USER_AGENT": "jane", "REMOTE_ADDR": "192.0.2.7",
    "HTTP_TRACEPARENT": "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    "wsgi.url_scheme": "http", "SERVER_NAME": "localhost", "SERVER_PORT": "80", "HTTP_HOST": "localhost",
}
b"".join(get_wsgi_application()(environ, lambda status, headers: None))
with app.connection_for_read() as broker:
    message = app.amqp.queues["turns"](broker.default_channel).get()
    Request(message, app=app, task=push_sync_logs, on_ack=lambda *_: None).execute()
"""


class Collector(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        self.server.received.append((self.path, body))  # type: ignore[attr-defined]
        self._answer()

    def do_GET(self) -> None:
        """As a platform."""
        self.server.traced_calls.append("traceparent" in self.headers)  # type: ignore[attr-defined]
        self._answer()

    def _answer(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Nothing: it would be in the output of the tests."""


@pytest.fixture
def collector() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.received, server.traced_calls = [], []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_traces_go_on_in_workers_and_have_no_personal_data(
    collector: Any, root: Path, process_environment: dict[str, str]
) -> None:
    url = f"http://127.0.0.1:{collector.server_port}"
    environment = os.environ | process_environment | {"DJANGO_SETTINGS_MODULE": "synccenter.settings"}
    environment |= {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_SERVICE_NAME": "hub"}
    subprocess.run([sys.executable, "-c", TRACED, url], check=True, cwd=root, env=environment, capture_output=True)
    assert {path for path, _body in collector.received} == {"/v1/traces"}
    assert collector.traced_calls == [False]
    bodies = [body for _path, body in collector.received]
    for personal in (b"jane", b"192.0.2.7"):
        assert not any(personal in body for body in bodies), bodies
    resources = [each for body in bodies for each in ExportTraceServiceRequest.FromString(body).resource_spans]
    for each in resources:  # one, or several if the exporter sent what there was before the end
        assert ("service.name", "hub") in [(one.key, one.value.string_value) for one in each.resource.attributes]
    scopes = [scope for each in resources for scope in each.scope_spans]
    found = [(scope.scope.name.rpartition(".")[2], span) for scope in scopes for span in scope.spans]
    spans = {(scope, span.name): span for scope, span in found}
    request = spans["django", "GET broken/<slug:token>"]
    task = spans["celery", "run/connectors.tell_logs"]
    for name in [("celery", "apply_async/connectors.tell_logs"), ("requests", "GET"), ("tracing", "run")]:
        assert spans[name].trace_id == request.trace_id, spans.keys()
        numbers = {each.key: each.value.int_value for each in spans[name].attributes}
        assert [numbers[f"synccenter.{each}"] for each in ("seller", "job", "run")] == [7, 8, 9]
    assert task.trace_id == request.trace_id != bytes.fromhex("a" * 32)
    statements = [a.value.string_value for _, span in found for a in span.attributes if a.key == "db.statement"]
    assert "SELECT '…', E'…', '…'" in statements
    [failure] = request.events
    assert [(each.key, each.value.string_value) for each in failure.attributes] == [("exception.type", "ValueError")]
