"""Fixtures: a seller with a shop to import from, targets to export to, and workers that crash."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.services.connections import install_connection
from hub.models import Connection
from sandbox.process import SandboxProcess
from synccenter.processes import Processes
from tests.engine.worker import CrashingWorkers
from tests.factories import make_seller

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def shop_platform(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("bigcommerce", accounts={"shop": "token"}, products=60, quota=100_000)


@pytest.fixture
def shop(transactional_db: None, shop_platform: SandboxProcess) -> Connection:
    """A connected BigCommerce shop whose first full sync is waiting for a worker."""
    return install_connection(
        seller=make_seller("acme"),
        platform="bigcommerce",
        name="Acme shop",
        slug="acme-shop",
        base_url=f"{shop_platform.url}/stores/shop",
        credentials={"access_token": "token"},
    )


@pytest.fixture
def search_platform(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("elevate", accounts={"cluster": "key"}, market="uk:en-GB")


@pytest.fixture
def search(shop: Connection, search_platform: SandboxProcess) -> Connection:
    """A search engine that gets the shop's products; nothing has been sent to it yet."""
    return install_connection(
        seller=shop.seller,
        platform="elevate",
        name="Acme search",
        slug="acme-search",
        base_url=search_platform.url,
        settings={
            "markets": ["uk"],
            "locale": "en-GB",
            "price_list": "acme-shop-price",
            "drain_every": 1,
        },
        credentials={"api_key": "key"},
        start=False,
    )


@pytest.fixture
def custom_platform(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("rest", accounts={"erp": "token"})


@pytest.fixture
def custom(transactional_db: None, custom_platform: SandboxProcess) -> Connection:
    """A custom system that takes products in batches of 100; nothing has been sent to it yet."""
    return install_connection(
        seller=make_seller("acme"),
        platform="rest",
        name="Acme ERP",
        slug="acme-erp",
        base_url=custom_platform.url,
        credentials={"token": "token"},
        start=False,
    )


@pytest.fixture
def store_platform(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("bigcommerce", accounts={"shop": "token"}, products=3, quota=100_000)


@pytest.fixture
def store(custom: Connection, store_platform: SandboxProcess) -> Connection:
    """A store that takes products, and has three of its own."""
    return install_connection(
        seller=custom.seller,
        platform="bigcommerce_target",
        name="Second store",
        slug="second-store",
        base_url=f"{store_platform.url}/stores/shop",
        credentials={"access_token": "token"},
        start=False,
    )


@pytest.fixture
def crashing_workers(processes: Processes, process_environment: dict[str, str]) -> CrashingWorkers:
    """`crashing_workers(*points)`: workers that crash at these points one after the other, and a last one that
    finishes their work. Returns the number of crashes.
    """

    def run_workers(*arguments: object) -> int:
        name = f"crashing_workers {len(processes.names())}"
        argv = [sys.executable, "-m", "tests.engine.crashing_workers", *map(str, arguments)]
        processes.start(name, argv, process_environment, cwd=ROOT)
        processes.wait_for(name, "idle after", timeout=90)
        return int(re.findall(r"idle after (\d+)", processes.log(name))[-1])

    return run_workers
