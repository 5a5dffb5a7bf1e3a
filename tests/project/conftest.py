"""What the tests of the house itself share: waiting for the end of processes that are not our children."""

import os
import select
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def process_ended() -> Callable[[int], bool]:
    """`process_ended(pid)`: whether the process ends within 15 seconds, or has ended."""

    def wait(pid: int) -> bool:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([handle], [], [], 15)[0])
        finally:
            os.close(handle)

    return wait


@pytest.fixture
def development(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of somebody who has just cloned the project and set nothing."""
    for name in ("DATABASE_URL", "REDIS_URL", "SYNCCENTER_VAR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENVIRONMENT", "development")
