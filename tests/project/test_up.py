"""`./dev up` starts all processes and leaves none behind."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

pytestmark = pytest.mark.system

PROCESSES = re.compile(r"\bweb .*?\[(\d+)\] \[INFO\] (?:Starting gunicorn|Booting worker)")


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def up(root: Path, process_environment: dict[str, str], port: int) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "manage.py", "up", "--port", str(port), "--workers", "1"]
    with subprocess.Popen(
        argv,
        cwd=root,
        env=os.environ | process_environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process
        process.kill()


def read_until(process: subprocess.Popen[str], *texts: str) -> str:
    """The output up to the line that completes `texts`."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if all(text in seen for text in texts):
            return seen
    pytest.fail(f"It exited before printing {texts}:\n{seen}")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_after_any_signal(
    up: subprocess.Popen[str], port: int, end: signal.Signals, process_ended: Callable[[int], bool]
) -> None:
    seen = read_until(up, f"http://127.0.0.1:{port}/", "Booting worker", " ready.", "is starting")
    assert requests.get(f"http://127.0.0.1:{port}/admin/login/", timeout=60).status_code == 200
    up.send_signal(end)
    up.communicate(timeout=30)
    assert up.returncode == (0 if end != signal.SIGKILL else -signal.SIGKILL)
    pids = {int(number) for number in PROCESSES.findall(seen)}
    assert len(pids) >= 2
    assert all(process_ended(pid) for pid in pids)
