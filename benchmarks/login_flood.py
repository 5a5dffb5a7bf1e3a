"""Webhooks beside a flood of logins: response times and losses, relative to the same minute without the flood."""

import argparse
import asyncio
import multiprocessing
import os
import re
import socket
import statistics
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from urllib.parse import urlencode

from benchmarks.reporting import Figure
from benchmarks.webhooks import ROOT, SENDERS, RoundResult, make_event, make_shop, send_requests
from hub.models import Connection
from synccenter import roles
from synccenter.processes import Processes

_attempts = count(1)


def run(argv: list[str]) -> list[Figure]:
    """Two web servers as in docker-compose.yml: one for webhooks, one for everything else. `--together`: one for all.

    Each attempt has a client address and an account of its own, so that no limit but the cap on hashing helps.
    """
    parser = argparse.ArgumentParser(prog="./dev bench login_flood")
    parser.add_argument("--clients", type=int, default=50, help="clients that log in as fast as they can")
    parser.add_argument("--events", type=int, default=1_000, help="webhooks per round")
    parser.add_argument("--rate", type=int, default=50, help="webhooks per second")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--together", action="store_true", help="one web server for webhooks and logins")
    options = parser.parse_args(argv)
    shop = make_shop()
    with Processes() as processes:
        port = _start(processes, "webhooks")
        login_port = port if options.together else _start(processes, "web")
        asyncio.run(_round(port, shop, 500, options.rate * 4))
        quiet, flooded, logins = [], [], Counter[int]()
        for _ in range(options.rounds):
            quiet.append(asyncio.run(_round(port, shop, options.events, options.rate)))
            with _flood(login_port, options.clients) as answers:
                flooded.append(asyncio.run(_round(port, shop, options.events, options.rate)))
            logins += answers
    ratio = statistics.median(_p99(loud) / _p99(still) for still, loud in zip(quiet, flooded, strict=True))
    lost = sum(answer.status != 200 for result in flooded for answer in result.answers)
    return [
        Figure("webhook response, p99, quiet", statistics.median(map(_p99, quiet)), "ms"),
        Figure("webhook response, p99, in the flood", statistics.median(map(_p99, flooded)), "ms"),
        Figure.at_most("p99 in the flood relative to quiet", ratio, "", 3),
        Figure.at_most("webhooks not answered with 200", lost, "responses", 0),
        *(Figure(f"logins answered with {status}", number, "responses") for status, number in sorted(logins.items())),
    ]


def _p99(result: RoundResult) -> float:
    return 1000 * statistics.quantiles([answer.seconds for answer in result.answers], n=100)[98]


def _start(processes: Processes, name: str) -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    processes.start(name, roles.web(port=port), os.environ | {"TRUSTED_PROXY_COUNT": "1"}, cwd=ROOT)
    processes.wait_for(name, "Listening at", timeout=60)
    return port


async def _round(port: int, shop: Connection, events: int, rate: float) -> RoundResult:
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(SENDERS)]
    result = await send_requests(connections, [make_event(shop) for _ in range(events)], rate)
    for _reader, writer in connections:
        writer.close()
    return result


@contextmanager
def _flood(port: int, clients: int) -> Iterator[Counter[int]]:
    """Clients that log in for the length of the block, in a process of their own, because they would delay the sender.

    The counter is filled at the end of the block: answers by status.
    """
    receiver, sender = multiprocessing.Pipe(duplex=False)
    stop = multiprocessing.Event()
    process = multiprocessing.Process(target=_run_flood, args=(port, clients, stop, sender))
    process.start()
    statuses: Counter[int] = Counter()
    try:
        yield statuses
    finally:
        stop.set()
        statuses.update(receiver.recv())
        process.join()


def _run_flood(port: int, clients: int, stop: Any, result: Any) -> None:
    statuses: Counter[int] = Counter()

    async def run() -> None:
        tasks = [asyncio.create_task(_log_in(port, statuses)) for _ in range(clients)]
        await asyncio.to_thread(stop.wait)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(run())
    result.send(statuses)


async def _log_in(port: int, statuses: Counter[int]) -> None:
    """Attempts with wrong passwords, one after another, until it is cancelled."""
    head, _body = await _ask(port, "GET /login/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    (token,) = re.findall(r"csrftoken=(\w+)", head)
    while True:
        number = next(_attempts)
        form = urlencode({"username": f"user{number}@x.example", "password": "wrong", "csrfmiddlewaretoken": token})
        head, _body = await _ask(
            port,
            "POST /login/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"X-Forwarded-For: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\r\n"
            f"Cookie: csrftoken={token}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(form)}\r\n\r\n{form}",
        )
        statuses[int(head[9:12])] += 1


async def _ask(port: int, request: str) -> tuple[str, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode())
    answer = (await reader.read()).decode()
    writer.close()
    head, _blank, body = answer.partition("\r\n\r\n")
    return head, body
