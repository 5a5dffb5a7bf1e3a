"""Health checks: a process that reports is healthy until it should have reported again (O2)."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from common import health
from hub import clock, workers
from staging_copy import services, tasks
from synccenter.healthcheck import find_problem

Check = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def health_dir(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUNTIME_DIR", str(tmp_path))
    settings.RUNTIME_DIR = tmp_path
    return tmp_path / "health"


@pytest.fixture
def check(root: Path) -> Check:
    """Runs the check as containers do."""

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-I", "synccenter/healthcheck.py", *arguments]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)

    return run


def test_a_process_that_never_reported_is_not_healthy(check: Check) -> None:
    result = check("copier")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("No copier on this machine has reported yet")
    with pytest.raises(CommandError, match="No beat on this machine"):
        call_command("healthy", "beat")


def test_a_report_counts_until_the_next_is_due(check: Check) -> None:
    health.report("beat", within=timedelta(minutes=1))
    assert check("beat").returncode == 0
    health.report("beat", within=timedelta(seconds=-30))
    assert check("beat").stderr.startswith("The beat should have reported 30 seconds ago")


def test_workers_report_with_every_heartbeat(db: None) -> None:
    workers.record_heartbeat(name="here:1", now=clock.now())
    assert find_problem("worker") == ""


def test_a_copier_may_be_busy_for_hours(db: None, monkeypatch: pytest.MonkeyPatch, health_dir: Path) -> None:
    """A report tells what it was busy with; when the task ends, however it ends, the next report is due soon."""
    seen: list[str] = []

    def copy() -> None:
        seen.append((health_dir / "copier").read_text())
        raise RuntimeError("the copy broke")

    monkeypatch.setattr(services, "run_due_copies", copy)
    with pytest.raises(RuntimeError):
        tasks.run_due_copies()
    assert '"busy_with": "copies"' in seen[0]
    (health_dir / "copier").write_text('{"until": 0, "busy_with": "copies"}')
    assert find_problem("copier").endswith("it was busy with copies.")
    monkeypatch.setattr(services, "run_due_copies", lambda: 0)
    tasks.run_due_copies()
    assert find_problem("copier") == ""


def test_the_web_server_answers_at_its_port(live_server: Any, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    port = live_server.url.rpartition(":")[2]
    monkeypatch.setenv("ALLOWED_HOSTS", "localhost,shop.example")
    assert check("web", "--port", port).returncode == 0
    monkeypatch.setenv("ALLOWED_HOSTS", "unknown.example")
    assert check("web", "--port", port).stderr == "The web server responded with status 400.\n"
    assert check("web", "--port", "1").stderr.startswith("The web server is not responding")
