"""Starts sandboxes for tests by forking a process that has imported what they need, which takes most of a start."""

import multiprocessing
import os
import subprocess
from multiprocessing.connection import Connection
from typing import Any

import orjson

from sandbox import __main__ as program
from sandbox.process import SandboxProcess, arguments

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])


class ForkedProcess:
    """A process with those methods of `subprocess.Popen` that `SandboxProcess` calls."""

    def __init__(self, process: Any, stdout: Connection) -> None:
        self._process = process
        self.stdout = stdout
        self.terminate = process.terminate
        self.kill = process.kill

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return self._process.exitcode


def start(platform: str, *, accounts: dict[str, str], **options: Any) -> SandboxProcess:
    """Start a sandbox as `sandbox.process.start` does."""
    reader, writer = _context.Pipe(duplex=False)
    chosen = arguments(platform, accounts=accounts, **options)
    # A daemon is stopped when this process exits.
    process = _context.Process(target=_serve, args=(writer, chosen), name=f"sandbox {platform}", daemon=True)
    process.start()
    writer.close()
    forked = ForkedProcess(process, reader)
    line = b""
    while not line.endswith(b"\n"):
        received = os.read(reader.fileno(), 65_536)
        if not received:
            reader.close()
            raise RuntimeError(f"the sandbox exited with {forked.wait()} before it served: {chosen}")
        line += received
    return SandboxProcess(forked, platform, orjson.loads(line)["url"], accounts)


def _serve(stdout: Connection, chosen: list[str]) -> None:
    os.dup2(stdout.fileno(), 1)
    stdout.close()
    program.main(chosen)
