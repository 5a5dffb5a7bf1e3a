"""Traces by OpenTelemetry (O1): requests, Celery tasks, SQL statements, calls to platforms, lanes, jobs and runs.

Only imported if OTEL_EXPORTER_OTLP_ENDPOINT is set; OpenTelemetry's own variables (OTEL_…) set everything else.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.psycopg2 import Psycopg2Instrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from common import log_context

# All that a span may tell besides our numbers. URLs, headers, the address of the client, and the messages of exceptions
# may hold personal data or secrets.
_KEPT = {
    *("http.method", "http.request.method", "http.status_code", "http.response.status_code", "http.route"),
    *("net.peer.name", "server.address", "db.system", "db.name", "db.statement", "error.type"),
    *("celery.action", "celery.state", "celery.task_name", "messaging.destination"),
}
_PREFIX = "synccenter."
_MAX_STATEMENT = 2_000
# String constants: '…' with '' and, after E, \' inside; $tag$…$tag$.
_CONSTANT = re.compile(r"(?<=\b[Ee])'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)


def start() -> None:
    """Trace this process from now on."""
    os.environ.setdefault("OTEL_SERVICE_NAME", "synccenter")
    provider = TracerProvider()
    provider.add_span_processor(_Numbers())
    provider.add_span_processor(BatchSpanProcessor(_SafeExporter(OTLPSpanExporter())))
    trace.set_tracer_provider(provider)
    propagate.set_global_textmap(_InsidePropagator())
    for instrumentor in (DjangoInstrumentor(), CeleryInstrumentor(), Psycopg2Instrumentor(), RequestsInstrumentor()):
        # psycopg2-binary is not the distribution that it looks for.
        instrumentor.instrument(skip_dep_check=True)
    log_context.observers.append(_span_of_work)


@contextmanager
def _span_of_work(numbers: Mapping[str, int | str]) -> Iterator[None]:
    """A span for the work on a lane, job or run. A request has one already."""
    if "request" in numbers:
        trace.get_current_span().set_attributes(_attributes())
        yield
        return
    with trace.get_tracer(__name__).start_as_current_span(list(numbers)[-1] if numbers else "work"):
        yield


def _attributes() -> dict[str, int | str]:
    return {_PREFIX + name: number for name, number in log_context.current().items()}


class _Numbers(SpanProcessor):
    """Every span tells which seller, lane, job, run and request it belongs to."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        span.set_attributes(_attributes())


class _InsidePropagator(TraceContextTextMapPropagator):
    """Traces go on from web to workers, in Celery's messages. Platforms get no IDs of ours, and give us none."""

    def inject(self, carrier: Any, *arguments: Any, **options: Any) -> None:
        if type(carrier) is dict:  # a platform's request has headers of another type
            super().inject(carrier, *arguments, **options)

    def extract(self, carrier: Any, context: Context | None = None, *arguments: Any, **options: Any) -> Context:
        if isinstance(carrier, Mapping):  # the WSGI environment
            return context or Context()
        return super().extract(carrier, context, *arguments, **options)


class _SafeExporter(SpanExporter):
    """Removes what may be personal or secret from spans before they leave the process."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_safe(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _safe(span: ReadableSpan) -> ReadableSpan:
    attributes = {
        name: value for name, value in (span.attributes or {}).items() if name in _KEPT or name.startswith(_PREFIX)
    }
    if "db.statement" in attributes:
        # Parameters are not part of it.
        attributes["db.statement"] = _CONSTANT.sub("'…'", str(attributes["db.statement"]))[:_MAX_STATEMENT]
    events = [
        Event(event.name, {"exception.type": str((event.attributes or {}).get("exception.type", ""))}, event.timestamp)
        for event in span.events
        if event.name == "exception"
    ]
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes=attributes,
        events=events,
        links=[trace.Link(link.context) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
