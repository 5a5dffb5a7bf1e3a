"""Fixtures: the documented example, installed as a platform and connected to a simulator of its vendor."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors import platforms
from connectors.adapters import registry
from connectors.services.connections import install_connection
from hub.models import Connection
from sandbox.process import SandboxProcess
from tests.adapters import documented_platform
from tests.factories import make_seller


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the example's package."""
    documented_platform.install(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def simulator() -> Iterator[SandboxProcess]:
    with documented_platform.start_simulator() as process:
        yield process


@pytest.fixture
def acme(
    transactional_db: None, folder: Path, simulator: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Connection]:
    """A connection to Acme that was just created with its first refresh token."""
    monkeypatch.setattr(platforms, "__path__", [*platforms.__path__, str(folder)])
    registry.adapters.cache_clear()
    simulator.reset()
    name, token = documented_platform.ACCOUNT
    yield install_connection(
        seller=make_seller("acme"),
        platform=documented_platform.KEY,
        name=name,
        slug=name,
        base_url=simulator.url,
        settings=documented_platform.SETTINGS,
        credentials={"refresh_token": token},
    )
    registry.adapters.cache_clear()
    for module in [name for name in sys.modules if name.startswith("connectors.platforms.acme")]:
        del sys.modules[module]
