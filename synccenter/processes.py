"""Manages child processes: labels their output, restarts them on request, and never leaves any behind."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TextIO

_MAX_LINES = 5_000
_FINAL_OUTPUT_TIMEOUT = 5.0
_MIN_RESTART_DELAY = 0.5
_MAX_RESTART_DELAY = 30.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class ProcessFailed(Exception):
    """A child exited or timed out before its expected output. The message contains its last lines."""


class _Child(threading.Thread):
    """One child process: starts it, reads its output, waits for it and restarts it.

    Everything happens in one thread that outlives the process, because Linux sends the death signal when the *thread*
    that forked the process ends.
    """

    def __init__(
        self,
        spawn: Callable[[], subprocess.Popen[str]],
        *,
        name: str,
        restart: Callable[[], bool],
        stop_signal: signal.Signals,
        on_line: Callable[[str, str], None],
    ) -> None:
        super().__init__(name=name, daemon=True)
        self.process: subprocess.Popen[str]
        self.started: Future[None] = Future()
        self.lines: deque[str] = deque(maxlen=_MAX_LINES)
        self.output_changed = threading.Condition()  # reentrant: `wait_for` calls `log` while holding it
        self.finished = False
        self._spawn = spawn
        self._restart = restart
        self._stop_signal = stop_signal
        self._echo_line = on_line
        self._stopping = threading.Event()

    def run(self) -> None:
        pause = 0.0
        while True:
            started_at = time.monotonic()
            try:
                self.process = self._spawn()
            except OSError as error:
                if not self.started.done():
                    self.started.set_exception(error)
                    return
                self._add_line(f"restart failed: {error}\n")
            else:
                if not self.started.done():
                    self.started.set_result(None)
                self._follow()
            if not self._restart() or self._stopping.is_set():
                break
            if time.monotonic() - started_at > _MAX_RESTART_DELAY:
                pause = 0.0
            pause = min(max(2 * pause, _MIN_RESTART_DELAY), _MAX_RESTART_DELAY)
            self._add_line(f"restarting in {pause:g} s\n")
            if self._stopping.wait(pause):
                break
        with self.output_changed:
            self.finished = True
            self.output_changed.notify_all()

    def _follow(self) -> None:
        reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        reader.start()
        if self._stopping.is_set():
            # `kill` was called during the restart, so its signal went to the previous process.
            self.signal(signal.SIGKILL)
        code = self.process.wait()
        # Kill any descendants it left behind. One in another session can keep the output open, so the reader has a
        # timeout.
        self.signal(signal.SIGKILL)
        reader.join(_FINAL_OUTPUT_TIMEOUT)
        self._add_line(f"exited with code {code}\n")

    def _read(self, output: TextIO) -> None:
        with output:
            for line in output:
                self._add_line(line)

    def _add_line(self, line: str) -> None:
        with self.output_changed:
            self.lines.append(line)
            self.output_changed.notify_all()
        self._echo_line(self.name, line)

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def terminate(self) -> None:
        self._stopping.set()
        self.process.send_signal(self._stop_signal)

    def kill(self) -> None:
        self._stopping.set()
        self.signal(signal.SIGKILL)
        self.join()


class Processes:
    """A group of named child processes. As a context manager, it stops them all at the end.

    `restart`: restart children that exit, with a growing delay while they keep failing; can be changed at any time.
    `echo`: a stream for the children's output, with each line prefixed by the child's name; None disables it.
    """

    def __init__(self, *, restart: bool = False, echo: TextIO | None = None) -> None:
        self.restart = restart
        self._echo = echo
        self._echo_lock = threading.Lock()
        self._children: dict[str, _Child] = {}

    def start(
        self,
        name: str,
        argv: Sequence[str | os.PathLike[str]],
        env: Mapping[str, str] | None = None,
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals = signal.SIGKILL,
        **options: Any,
    ) -> None:
        """Starts `argv` as `name`; `env` is added to this process's environment.

        `stop_signal` is sent to stop the child; `death_signal` is sent by Linux if this process dies. `options` are
        passed to `subprocess.Popen` (cwd, user, pass_fds …). Raises OSError if the program cannot be started, and
        ValueError if a child of this name is running.
        """
        if self.running(name):
            raise ValueError(f"A process named {name!r} is already running.")
        parent = os.getpid()

        def set_death_signal() -> None:
            if _libc is not None:
                _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))
                if os.getppid() != parent:
                    os._exit(1)

        def spawn() -> subprocess.Popen[str]:
            return subprocess.Popen(
                [os.fspath(part) for part in argv],
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
                preexec_fn=set_death_signal,
                **options,
            )

        child = _Child(spawn, name=name, restart=lambda: self.restart, stop_signal=stop_signal, on_line=self._echo_line)
        self._children[name] = child
        child.start()
        child.started.result()

    def stop(self, *, grace: float = 10.0) -> None:
        """Stops all children; after `grace` seconds, kills those still running and their descendants."""
        children = [child for child in self._children.values() if child.is_alive()]
        for child in children:
            child.terminate()
        deadline = time.monotonic() + grace
        for child in children:
            child.join(max(0.0, deadline - time.monotonic()))
            if child.is_alive():
                child.kill()

    def kill(self, name: str) -> None:
        """Kills one child and its descendants, waits for their end, and does not restart it."""
        self._children[name].kill()

    def signal(self, name: str, number: signal.Signals) -> None:
        """Sends a signal, e.g. SIGSTOP, to one child and its descendants."""
        self._children[name].signal(number)

    def names(self) -> list[str]:
        """The names of all children, in the order of their first start."""
        return list(self._children)

    def running(self, name: str) -> bool:
        """Whether the child is running or waiting to be restarted."""
        return name in self._children and self._children[name].is_alive()

    def pid(self, name: str) -> int:
        """The process ID of the child's latest start, which is also its process group ID."""
        return self._children[name].process.pid

    def log(self, name: str) -> str:
        """The last 5,000 lines of the child's stdout and stderr, across restarts."""
        child = self._children[name]
        with child.output_changed:
            return "".join(child.lines)

    def wait_for(self, name: str, text: str, *, timeout: float = 120.0) -> None:
        """Waits until `text` appears in the child's log.

        Raises ProcessFailed if the child exits first, or after `timeout` seconds.
        """
        child = self._children[name]
        with child.output_changed:
            child.output_changed.wait_for(lambda: text in self.log(name) or child.finished, timeout)
        if text not in self.log(name):
            tail = "".join(self.log(name).splitlines(keepends=True)[-20:])
            raise ProcessFailed(f"{name} did not print {text!r}. Last lines of its output:\n{tail}")

    def _echo_line(self, name: str, line: str) -> None:
        if self._echo is not None:
            with self._echo_lock:
                print(f"{name:<10} {line}", end="", file=self._echo, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
