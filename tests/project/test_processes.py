"""Child processes are labeled, restarted and stopped, and never outlive their parent."""

import io
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from synccenter.processes import Processes, ProcessFailed

Gone = Callable[[int], bool]


def python(source: str) -> list[str]:
    return [sys.executable, "-u", "-c", textwrap.dedent(source)]


SLEEPER = python("import signal; print('here', flush=True); signal.pause()")
# Starts a child process, prints its PID and ignores SIGTERM.
STUBBORN = python(
    """
    import signal, subprocess, sys
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    print("child", child.pid)
    signal.pause()
    """
)


def number_after(word: str, log: str) -> int:
    return int(log.split(f"{word} ", 1)[1].split()[0])


def test_lines_carry_the_name_of_their_process() -> None:
    everything = io.StringIO()
    with Processes(echo=everything) as processes:
        processes.start("greeter", python("import os; print('hello', os.environ['WHO'])"), {"WHO": "Alice"})
        processes.wait_for("greeter", "hello Alice")
    assert "greeter    hello Alice\n" in everything.getvalue()


def test_a_child_that_exits_early_is_reported_with_its_last_lines() -> None:
    with Processes() as processes:
        processes.start("broken", python("import sys; sys.exit('no database')"))
        with pytest.raises(ProcessFailed, match="no database"):
            processes.wait_for("broken", "ready")


def test_a_silent_child_is_not_waited_for_forever() -> None:
    with Processes() as processes:
        processes.start("silent", SLEEPER)
        with pytest.raises(ProcessFailed, match="did not print 'ready'"):
            processes.wait_for("silent", "ready", timeout=0.2)


def test_a_missing_program_is_an_immediate_error() -> None:
    with Processes() as processes, pytest.raises(FileNotFoundError):
        processes.start("missing", ["/nonexistent/program"])


def test_a_name_cannot_be_used_twice() -> None:
    with Processes() as processes:
        processes.start("only", SLEEPER)
        with pytest.raises(ValueError, match="already running"):
            processes.start("only", SLEEPER)


def test_a_child_that_exits_is_restarted(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    source = f"""
        import pathlib, signal
        memory = pathlib.Path({str(memory)!r})
        if not memory.exists():
            memory.touch()
            raise SystemExit("first life")
        print("second life")
        signal.pause()
    """
    with Processes(restart=True) as processes:
        processes.start("cat", python(source))
        processes.wait_for("cat", "second life")
        assert "first life" in processes.log("cat")
        assert processes.running("cat")


def test_a_killed_child_and_its_descendants_are_not_restarted(process_ended: Gone) -> None:
    with Processes(restart=True) as processes:
        processes.start("stubborn", STUBBORN)
        processes.wait_for("stubborn", "child")
        processes.kill("stubborn")
        assert not processes.running("stubborn")
        assert process_ended(number_after("child", processes.log("stubborn")))


def test_stopping_kills_children_that_ignore_sigterm(process_ended: Gone) -> None:
    processes = Processes()
    processes.start("stubborn", STUBBORN)
    processes.wait_for("stubborn", "child")
    processes.stop(grace=0.2)
    assert not processes.running("stubborn")
    assert process_ended(number_after("child", processes.log("stubborn")))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux signals a child when its parent dies")
def test_no_child_outlives_a_killed_parent(process_ended: Gone, root: Path) -> None:
    source = f"""
        import signal
        from synccenter.processes import Processes
        processes = Processes()
        processes.start("sleeper", {SLEEPER!r})
        print(processes.pid("sleeper"), flush=True)
        signal.pause()
    """
    with subprocess.Popen(python(source), cwd=root, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    assert process_ended(child)
