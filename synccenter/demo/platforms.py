"""The demo's processes: platform simulators, real servers, web, workers and beat."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import requests
from django.conf import settings

from synccenter import roles
from synccenter.embedded import postgres_binaries
from synccenter.processes import Processes

_TIMEOUT = 30
_START_TIMEOUT = 300


class _Controlled:
    """A process with a control interface at `url`. `ready` is what it prints when it is ready."""

    def __init__(self, processes: Processes, name: str, argv: Sequence[str], **options: Any) -> None:
        """`options` are those of `Processes.start`."""
        processes.start(name, argv, cwd=settings.BASE_DIR, **options)
        processes.wait_for(name, '"url"', timeout=_START_TIMEOUT)
        ready = next(line for line in processes.log(name).splitlines() if line.startswith("{"))
        self.ready: dict[str, Any] = json.loads(ready)
        self.url: str = self.ready["url"]
        self._http = requests.Session()
        self._http.trust_env = False

    def control(self, method: str, path: str, **options: Any) -> Any:
        """Sends a request to the control interface; returns the JSON response, or None if it is empty."""
        answer = self._http.request(method, f"{self.url}/_sandbox/{path}", timeout=_TIMEOUT, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None


class RealServer(_Controlled):
    """A real server, installed from a package registry, with a control interface for what people do in it."""

    def __init__(self, processes: Processes, server: str, **options: Any) -> None:
        command = [*_real_command(server), *_arguments(options)]
        # With any other signal, it would leave its own process behind if this one is killed.
        super().__init__(processes, server, command, death_signal=signal.SIGTERM)
        self.address: str = self.ready["server"]

    @staticmethod
    def prepare(server: str) -> str:
        """Installs the server and fills its database, if that has not been done yet. Returns the credential of its API.

        Raises subprocess.CalledProcessError, after the reason has been printed.
        """
        command = [*_real_command(server), "--prepare"]
        output = subprocess.run(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True, check=True).stdout
        return str(json.loads(output.splitlines()[-1])["credential"])


class Platform(_Controlled):
    """A platform simulator: a separate HTTP server with an interface to inspect its data."""

    def __init__(self, processes: Processes, platform: str, accounts: dict[str, str], **options: Any) -> None:
        self.accounts = accounts
        argv = [sys.executable, "-m", "sandbox", platform]
        for name, token in accounts.items():
            argv += ["--account", f"{name}={token}"]
        super().__init__(processes, platform, [*argv, *_arguments(options)])

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


def _arguments(options: dict[str, Any]) -> list[str]:
    return [text for name, value in options.items() for text in (f"--{name.replace('_', '-')}", str(value))]


def _real_command(server: str) -> list[str]:
    # The tests of real servers use the same cache.
    cache = settings.BASE_DIR / "var" / "cache" / "real"
    paths = ["--cache", str(cache), "--binaries", str(postgres_binaries())]
    return [sys.executable, "-m", "sandbox.real", server, *paths]


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
