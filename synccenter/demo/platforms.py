"""The demo's processes: platform simulators, web, workers and beat."""

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import requests
from django.conf import settings

from synccenter import roles
from synccenter.processes import Processes

_TIMEOUT = 30


class Platform:
    """A platform simulator: a separate HTTP server with an interface to inspect its data."""

    def __init__(self, processes: Processes, platform: str, accounts: dict[str, str], **options: Any) -> None:
        self.accounts = accounts
        argv = [sys.executable, "-m", "sandbox", platform]
        for name, token in accounts.items():
            argv += ["--account", f"{name}={token}"]
        for option, value in options.items():
            argv += [f"--{option.replace('_', '-')}", str(value)]
        processes.start(platform, argv, cwd=settings.BASE_DIR)
        processes.wait_for(platform, '"url"', timeout=120)
        ready = next(line for line in processes.log(platform).splitlines() if line.startswith("{"))
        self.url: str = json.loads(ready)["url"]
        self._http = requests.Session()
        self._http.trust_env = False

    def control(self, method: str, path: str, **options: Any) -> Any:
        """Sends a request to the simulator's control interface; returns the JSON response, or None if it is empty."""
        answer = self._http.request(method, f"{self.url}/_sandbox/{path}", timeout=_TIMEOUT, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def holds(self, account: str, kind: str) -> Iterator[dict[str, Any]]:
        """Yields all items of a kind in an account."""
        after = None
        while True:
            query = {"account": account, "kind": kind, "after": after, "limit": 1000}
            page = self.control("GET", "state", params=query)
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    def writes(self) -> int:
        """The number of write requests that the platform has received."""
        calls = self.control("GET", "calls")["calls"]
        return sum(call["method"] in ("POST", "PUT", "PATCH", "DELETE") for call in calls)


def free_port(wanted: int) -> int:
    """The wanted port if it is free, otherwise another free port. Raises OSError."""
    for port in (wanted, 0):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("No free port was found.")


def start_services(processes: Processes, *, port: int, workers: int) -> None:
    """Starts web, workers and beat, like `./dev up`, and waits until they are ready."""
    processes.start("web", roles.web(port=port), cwd=settings.BASE_DIR)
    for number in range(1, workers + 1):
        processes.start(f"worker-{number}", roles.worker(f"worker-{number}"), cwd=settings.BASE_DIR)
    processes.start("beat", roles.beat(), cwd=settings.BASE_DIR)
    processes.wait_for("web", "Listening at")
    for number in range(1, workers + 1):
        processes.wait_for(f"worker-{number}", " ready.")
