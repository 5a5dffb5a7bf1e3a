"""Starts a sandbox process and talks to its control API, for tests, benchmarks and the demo."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
import requests

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 30


class SandboxProcess:
    """A running sandbox. Use it as a context manager, or call `stop`."""

    def __init__(self, process: subprocess.Popen[str], platform: str, url: str, accounts: dict[str, str]) -> None:
        self.process = process
        self.platform = platform
        self.url = url
        self.accounts = accounts
        self._http = requests.Session()
        self._http.trust_env = False

    def control(self, method: str, path: str, **arguments: Any) -> Any:
        """Send one request to `/_sandbox/…`. Returns the parsed answer, or None for an empty one. Raises on an error
        status.
        """
        answer = self._http.request(method, f"{self.url}/_sandbox/{path}", timeout=TIMEOUT, **arguments)
        if answer.status_code >= 400:
            raise requests.HTTPError(f"{method} {path}: {answer.status_code} {answer.text}", response=answer)
        return orjson.loads(answer.content) if answer.content else None

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the calls to the platform after number `since`, oldest first."""
        calls: list[dict[str, Any]] = self.control("GET", "calls", params={"since": since})["calls"]
        return calls

    def clear_calls(self) -> None:
        self.control("DELETE", "calls")

    def violations(self) -> list[dict[str, Any]]:
        """Return what broke the platform's contract, oldest first; `reset` keeps it."""
        violations: list[dict[str, Any]] = self.control("GET", "violations")["violations"]
        return violations

    def clear_violations(self) -> None:
        self.control("DELETE", "violations")

    def state(self, kind: str, account: str | None = None) -> Iterator[dict[str, Any]]:
        """Return all items of a kind in an account (default: the first), in key order."""
        after: Any = None
        while True:
            query = {"kind": kind, "account": account, "after": after, "limit": 1000}
            page = self.control("GET", "state", params=query)
            yield from page["items"]
            after = page["next"]
            if after is None:
                return

    def fault(self, fault: str, **details: Any) -> int:
        """Configure a fault (details: `sandbox.faults.Fault`). Returns its ID."""
        return int(self.control("POST", "faults", json={"fault": fault, **details})["id"])

    def clear_faults(self) -> None:
        """Remove all faults."""
        self.control("DELETE", "faults")

    def reset(self) -> None:
        """Restore the initial state, with an empty call log and no faults."""
        self.control("POST", "reset")

    def stop(self) -> None:
        self._http.close()
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> "SandboxProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(platform: str, *, accounts: dict[str, str], **options: Any) -> SandboxProcess:
    """Start a sandbox and wait until it serves.

    Options are those of the command line with underscores: `products=1000`, `dirty=False`, `markets={"uk": ["en-GB"]}`.
    Raises `RuntimeError` if the process exits before it serves; standard error has the reason.
    """
    command = [sys.executable, "-m", "sandbox", *arguments(platform, accounts=accounts, **options)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.stdout.close()
        raise RuntimeError(f"the sandbox exited with {process.wait()} before it served: {' '.join(command)}")
    return SandboxProcess(process, platform, orjson.loads(line)["url"], accounts)


def arguments(platform: str, *, accounts: dict[str, str], **options: Any) -> list[str]:
    """The arguments of `python -m sandbox` for what `start` accepts."""
    found = [platform]
    for name, token in accounts.items():
        found += ["--account", f"{name}={token}"]
    for market, locales in options.pop("markets", {}).items():
        found += ["--market", f"{market}:{','.join(locales)}"]
    if not options.pop("dirty", True):
        found.append("--clean")
    for name, value in options.items():
        found += [f"--{name.replace('_', '-')}", str(value)]
    return found
