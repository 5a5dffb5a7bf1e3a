"""Webhooks: response time at 300 events per second, no lost or duplicate events, throughput relative to a bare view."""

import argparse
import asyncio
import base64
import json
import os
import random
import socket
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import perf_counter, process_time

from django.db import connection
from standardwebhooks import Webhook

from accounts.models import Seller
from benchmarks.reporting import Figure
from connectors.models import WebhookEvent
from connectors.services.connections import install_connection
from hub.models import Connection
from synccenter import roles
from synccenter.processes import Processes

ROOT = Path(__file__).resolve().parent.parent
SECRET = "client-secret"  # noqa: S105 - test data
SENDERS = 8
DUPLICATE_SHARE = 0.02
WARM_UP = 1000
CHUNK = 1000

_numbers = count(1)


@dataclass(frozen=True)
class Answer:
    status: int
    seconds: float


@dataclass(frozen=True)
class RoundResult:
    answers: Sequence[Answer]
    seconds: float


def run(argv: list[str]) -> list[Figure]:
    """One shop, a web server as in production, and a sender with eight connections on the same machine.

    The same processes serve both views, which are measured alternately at full speed.
    """
    parser = argparse.ArgumentParser(prog="./dev bench webhooks")
    parser.add_argument("--events", type=int, default=10_000, help="distinct events")
    parser.add_argument("--rate", type=int, default=300, help="events per second")
    parser.add_argument("--full-speed", type=int, default=1_000, help="events per round at full speed")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args(argv)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_bare (id bigserial PRIMARY KEY, at timestamptz, body jsonb)")
    shop = make_shop()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with Processes() as processes:
        command = ["benchmarks.bare_view" if part == "synccenter.wsgi" else part for part in roles.web(port=port)]
        processes.start("web", command, dict(os.environ), cwd=ROOT)
        processes.wait_for("web", "Listening at", timeout=60)
        asyncio.run(_send(port, [make_event(shop) for _ in range(WARM_UP)], [_bare() for _ in range(WARM_UP)]))
        return [*_steady(port, shop, options.events, options.rate), *_side_by_side(port, shop, options)]


def _steady(port: int, shop: Connection, events: int, rate: int) -> list[Figure]:
    WebhookEvent.objects.all().delete()
    distinct = [make_event(shop) for _ in range(events)]
    duplicates = random.Random(1).sample(range(events), int(events * DUPLICATE_SHARE))
    # Duplicates are sent a little later.
    order = sorted([(index, index) for index in range(events)] + [(index + 50, index) for index in duplicates])
    own = process_time()
    answers, empty = asyncio.run(_take_turns(port, [distinct[index] for _, index in order], rate))
    own = (process_time() - own) / (2 * len(order))
    rows = WebhookEvent.objects.count()
    deliveries = sum(WebhookEvent.objects.values_list("deliveries", flat=True))
    return [
        Figure.at_most(f"response at {rate}/s, p99", _quantile(answers, 99), "ms", 25),
        Figure("response, p50", _quantile(answers, 50), "ms"),
        Figure(f"for comparison: an empty view at {rate}/s, p99", _quantile(empty, 99), "ms"),
        Figure("an empty view, p50", _quantile(empty, 50), "ms"),
        Figure.at_most("p99 relative to an empty view", _quantile(answers, 99) / _quantile(empty, 99), "", 10),
        Figure("CPU time of the sender", 1000 * own, "ms/request"),
        Figure.at_most("responses other than 200", sum(answer.status != 200 for answer in answers), "responses", 0),
        Figure("rows", rows, "events", f"= {events}", rows == events),
        Figure("recorded deliveries", deliveries, "deliveries", f"= {len(order)}", deliveries == len(order)),
    ]


def _quantile(answers: Sequence[Answer], percent: int) -> float:
    return 1000 * statistics.quantiles([answer.seconds for answer in answers], n=100)[percent - 1]


async def _take_turns(port: int, events: Sequence[bytes], rate: float) -> tuple[list[Answer], list[Answer]]:
    """Answers to the events and to as many calls of an empty view, alternating every few seconds."""
    chunks = [events[start : start + CHUNK] for start in range(0, len(events), CHUNK)]
    batches = [batch for chunk in chunks for batch in (chunk, [_request("/empty", _body()) for _ in chunk])]
    results = await _send(port, *batches, rate=rate)
    ours, empty = ([answer for result in results[first::2] for answer in result.answers] for first in (0, 1))
    return ours, empty


def _side_by_side(port: int, shop: Connection, options: argparse.Namespace) -> list[Figure]:
    ratios, speeds = [], []
    for _ in range(options.rounds):
        request_batches = (
            [make_event(shop) for _ in range(options.full_speed)],
            [_bare() for _ in range(options.full_speed)],
        )
        ours, bare = asyncio.run(_send(port, *request_batches))
        assert all(answer.status == 200 for answer in [*ours.answers, *bare.answers])
        ratios.append(bare.seconds / ours.seconds)
        speeds.append(options.full_speed / ours.seconds)
    return [
        Figure("throughput", statistics.median(speeds), "events/s"),
        Figure.at_least("throughput relative to a bare view", statistics.median(ratios), "", 0.8),
    ]


async def _send(port: int, *request_batches: Sequence[bytes], rate: float | None = None) -> list[RoundResult]:
    """Sends all batches over the same eight connections, which are distributed randomly over the server's processes."""
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(SENDERS)]
    results = [await send_requests(connections, requests, rate) for requests in request_batches]
    for _, writer in connections:
        writer.close()
        await writer.wait_closed()
    return results


async def send_requests(
    connections: Sequence[tuple[asyncio.StreamReader, asyncio.StreamWriter]],
    requests: Sequence[bytes],
    rate: float | None,
) -> RoundResult:
    """Sends each request when it is due at the rate, or as fast as possible without a rate.

    Response times are measured from when the request was due.
    """
    started = perf_counter()
    waiting = iter(enumerate(requests))
    answers: list[Answer] = []

    async def sender(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for index, request in waiting:
            due = started + index / rate if rate else perf_counter()
            if (early := due - perf_counter()) > 0:
                await asyncio.sleep(early)
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            answers.append(Answer(int(head[9:12]), perf_counter() - due))
            assert b"Content-Length: 0" in head, head

    await asyncio.gather(*(sender(*connection) for connection in connections))
    return RoundResult(answers, perf_counter() - started)


def make_shop() -> Connection:
    return install_connection(
        seller=Seller.objects.create(slug="acme", name="Acme"),
        platform="bigcommerce",
        name="Acme shop",
        slug="acme-shop",
        base_url="http://127.0.0.1:9/stores/shop",
        credentials={"access_token": "token", "client_secret": SECRET},
        start=False,
    )


def make_event(shop: Connection) -> bytes:
    """A signed webhook request of a shop about a product, with a unique ID."""
    body, now, number = _body(), datetime.now(UTC), next(_numbers)
    message_id = f"msg_{number}"
    signature = Webhook(base64.b64encode(SECRET.encode()).decode()).sign(message_id, now, body.decode())
    return _request(
        f"/webhooks/{shop.webhook_token}",
        body,
        f"webhook-id: {message_id}",
        f"webhook-timestamp: {int(now.timestamp())}",
        f"webhook-signature: {signature}",
    )


def _bare() -> bytes:
    return _request("/bare", _body())


def _body() -> bytes:
    number = next(_numbers)
    event = {
        "scope": "store/product/updated",
        "store_id": "1025646",
        "data": {"type": "product", "id": number % 5000},
        "hash": f"{number:040x}",
        "created_at": number,
        "producer": "stores/shop",
    }
    return json.dumps(event).encode()


def _request(path: str, body: bytes, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body
