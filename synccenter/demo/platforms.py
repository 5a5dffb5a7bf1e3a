"""The stage: stand-ins of the platforms, web, workers and beat, as processes of the demo."""

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
    """A stand-in of a platform: a process of its own that speaks HTTP, and shows what it holds."""

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
        """One request to the stand-in's control interface."""
        answer = self._http.request(method, f"{self.url}/_sandbox/{path}", timeout=_TIMEOUT, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def holds(self, account: str, kind: str) -> Iterator[dict[str, Any]]:
        """Everything of a kind that an account holds there."""
        after = None
        while True:
            query = {"account": account, "kind": kind, "after": after, "limit": 1000}
            page = self.control("GET", "state", params=query)
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    def writes(self) -> int:
        """How many calls that change something the platform has had so far."""
        calls = self.control("GET", "calls")["calls"]
        return sum(call["method"] in ("POST", "PUT", "PATCH", "DELETE") for call in calls)


def free_port(wanted: int) -> int:
    """The wanted port, or any other if that one is taken."""
    for port in (wanted, 0):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("No port is free.")


def start_services(processes: Processes, *, port: int, workers: int) -> None:
    """Web, workers and beat, as `./dev up` runs them."""
    processes.start("web", roles.web(port=port), cwd=settings.BASE_DIR)
    for number in range(1, workers + 1):
        processes.start(f"worker-{number}", roles.worker(f"worker-{number}"), cwd=settings.BASE_DIR)
    processes.start("beat", roles.beat(), cwd=settings.BASE_DIR)
    processes.wait_for("web", "Listening at")
    for number in range(1, workers + 1):
        processes.wait_for(f"worker-{number}", " ready.")
