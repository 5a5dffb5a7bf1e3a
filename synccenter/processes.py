"""Child processes of one parent: started, their lines named, restarted when wanted, never left behind."""

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
    """A child ended, or kept silent, before it said what was waited for. The message holds its last lines."""


class _Child(threading.Thread):
    """One process: started, read, waited for, started again.

    All in one thread that outlives the process: Linux sends the death signal when the *thread* that forked it
    ends.
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
        self.output_changed = threading.Condition()  # reentrant: `log` is read while waiting for news
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
                self._add_line(f"cannot be started again: {error}\n")
            else:
                if not self.started.done():
                    self.started.set_result(None)
                self._follow()
            if not self._restart() or self._stopping.is_set():
                break
            if time.monotonic() - started_at > _MAX_RESTART_DELAY:
                pause = 0.0
            pause = min(max(2 * pause, _MIN_RESTART_DELAY), _MAX_RESTART_DELAY)
            self._add_line(f"started again in {pause:g} s\n")
            if self._stopping.wait(pause):
                break
        with self.output_changed:
            self.finished = True
            self.output_changed.notify_all()

    def _follow(self) -> None:
        reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        reader.start()
        if self._stopping.is_set():
            # Killed while it was being started again: the signal went to the one before.
            self.signal(signal.SIGKILL)
        code = self.process.wait()
        # Whatever it started and left behind must not outlive it. One that escaped to a session of its own may
        # hold the output open for as long as it likes, but is not waited for.
        self.signal(signal.SIGKILL)
        reader.join(_FINAL_OUTPUT_TIMEOUT)
        self._add_line(f"ended with {code}\n")

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
    """A group of named children; as a context manager it stops them all at the end.

    `restart`: a child that ends by itself is started again, after a pause that grows while it keeps failing;
    may be changed at any time.
    `echo`: where every line of every child goes, prefixed by its name; None keeps lines for `log()` alone.
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
        """Starts `argv` as `name`; `env` is added to our own environment.

        `stop_signal` asks it to end; `death_signal` reaches it (on Linux) when this process dies without
        asking. `options` go to `subprocess.Popen` (cwd, user, pass_fds …). Raises OSError if it cannot be
        started, and ValueError if a child of that name is running.
        """
        if self.running(name):
            raise ValueError(f"A process named {name!r} is running already.")
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
        """Asks all to end; after `grace` seconds those still there are killed, with whatever they started."""
        children = [child for child in self._children.values() if child.is_alive()]
        for child in children:
            child.terminate()
        deadline = time.monotonic() + grace
        for child in children:
            child.join(max(0.0, deadline - time.monotonic()))
            if child.is_alive():
                child.kill()

    def kill(self, name: str) -> None:
        """SIGKILL for one child and whatever it started; returns when they are gone, and leaves it so."""
        self._children[name].kill()

    def signal(self, name: str, number: signal.Signals) -> None:
        """Sends a signal to one child and whatever it started, for example SIGSTOP."""
        self._children[name].signal(number)

    def names(self) -> list[str]:
        """All that were started, in that order."""
        return list(self._children)

    def running(self, name: str) -> bool:
        """Whether the child runs, or waits to be started again."""
        return name in self._children and self._children[name].is_alive()

    def pid(self, name: str) -> int:
        """The process id, and the id of its group, of the child as last started."""
        return self._children[name].process.pid

    def log(self, name: str) -> str:
        """The last lines (up to 5,000) of the child's stdout and stderr, over all its restarts."""
        child = self._children[name]
        with child.output_changed:
            return "".join(child.lines)

    def wait_for(self, name: str, text: str, *, timeout: float = 30.0) -> None:
        """Returns once `text` stands in the child's log.

        Raises ProcessFailed if the child ends first, or `timeout` seconds pass.
        """
        child = self._children[name]
        with child.output_changed:
            child.output_changed.wait_for(lambda: text in self.log(name) or child.finished, timeout)
        if text not in self.log(name):
            tail = "".join(self.log(name).splitlines(keepends=True)[-20:])
            raise ProcessFailed(f"{name} never said {text!r}. Its last lines:\n{tail}")

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
