"""Fixtures for the tests of the project's own tooling."""

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
    """`process_ended(pid)`: whether the process has ended or ends within 15 seconds. Works for any process."""

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
    """The environment of a fresh clone without any settings."""
    for name in ("DATABASE_URL", "REDIS_URL", "SYNCCENTER_VAR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ENVIRONMENT", "development")
