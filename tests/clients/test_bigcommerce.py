"""API clients that others wrote for BigCommerce work against the sandbox.

Each runs in a process of its own, with the versions of packages that it asks for. What they call api.bigcommerce.com is
the sandbox; nothing else of them is changed. The fixture of the sandbox fails a test whose client breaks the contract.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.process import SandboxProcess
from tests.node import node, node_packages
from tests.packages import python_packages, run
from tests.tiers import TIERS

pytestmark = pytest.mark.clients

CACHE = TIERS["clients"].cache
SCRIPTS = Path(__file__).parent / "scripts"


@pytest.fixture
def store(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    """A store with clean data and a quota that nobody has to wait for."""
    options = {"products": 12, "customers": 8, "orders": 8, "dirty": False, "quota": 10_000}
    return sandbox("bigcommerce", accounts={"alpha": "token"}, **options)


def run_python(script: str, store: SandboxProcess, *requirements: str, **environment: str) -> Any:
    """What a script prints as JSON. It sees these packages, and none of the project's (-S)."""
    packages = python_packages(*requirements, cache=CACHE)
    path = f"{packages}:{SCRIPTS}"
    command = [sys.executable, "-S", str(SCRIPTS / script)]
    return json.loads(run(command, SCRIPTS, PYTHONPATH=path, SANDBOX=store.url, NO_PROXY="127.0.0.1", **environment))


def run_node(script: str, store: SandboxProcess, *packages: str) -> Any:
    modules = node_packages(*packages, cache=CACHE) / "node_modules"
    return json.loads(node(str(SCRIPTS / script), cwd=SCRIPTS, cache=CACHE, NODE_PATH=str(modules), SANDBOX=store.url))


def rows(store: SandboxProcess, kind: str) -> list[dict[str, Any]]:
    return list(store.state(kind))


def complete_orders(store: SandboxProcess) -> list[int]:
    return [row["id"] for row in rows(store, "orders") if row["status_id"]]


def test_bigcommerce(store: SandboxProcess) -> None:
    """https://pypi.org/project/bigcommerce/ by the vendor, for V2."""
    customers = rows(store, "customers")
    found = run_python("bigcommerce_v2.py", store, "bigcommerce==0.23.4")
    assert found["customers"] == [[row["id"], row["email"]] for row in customers]
    assert found["counts"] == [len(customers), 2] and found["addresses"] == [customers[0]["addresses"][0]["city"]]
    assert found["orders"] == complete_orders(store)
    assert (found["statuses"], found["currency"], found["groups"]) == (15, "GBP", ["Trade", "Press", "Staff"])
    assert found["shipped"] == [found["quantities"], "Shipped"] and found["limit"] < 10_000
    assert found["hooks"] == [["https://hub.example/hook", True], ["https://hub.example/hook", False], []]


def test_bigc(store: SandboxProcess) -> None:
    """https://pypi.org/project/bigc/"""
    found = run_python("bigc_client.py", store, "bigc==1.1.0")
    assert found["customers"] == [row["email"] for row in rows(store, "customers")]
    assert found["orders"] == complete_orders(store) and found["refund"] == found["refunds"] != []
    [product] = [row for row in rows(store, "products") if row["name"] == "Lamp"]
    assert found["product"] == [product["id"], 30] and product["price"] == 30
    assert found["variants"] == ["LAMP-RED", "LAMP-BLUE"] and found["removed"] == "DoesNotExistError"
    assert found["rejected"] == ["ConflictError", ["name"]] and found["currencies"] == ["GBP", "EUR", "USD"]
    assert found["hooks"] == ["store/order/*"]


def test_tap_bigcommerce(store: SandboxProcess) -> None:
    """https://pypi.org/project/tap-bigcommerce/, a Singer tap that follows the links to parts of an order."""
    found = run_python("tap.py", store, "tap-bigcommerce==1.1.3")
    assert sorted(found["customers"]) == [row["id"] for row in rows(store, "customers")]
    assert sorted(found["products"]) == [row["id"] for row in rows(store, "products")]
    assert sorted(found["orders"]) == complete_orders(store) and all(found["lines"])
    assert found["coupons"] == []


@pytest.mark.parametrize(
    ("script", "package"),
    [
        # https://www.npmjs.com/package/node-bigcommerce
        ("node_bigcommerce.js", "node-bigcommerce@4.1.0"),
        # https://www.npmjs.com/package/@space48/bigcommerce-api
        ("space48.js", "@space48/bigcommerce-api@0.3.1"),
    ],
)
def test_clients_for_node(store: SandboxProcess, script: str, package: str) -> None:
    found = run_node(script, store, package)
    assert found["products"] == [row["name"] for row in rows(store, "products") if row["name"] != "Lamp"]
    assert found["orders"] == complete_orders(store)
    [product] = [row for row in rows(store, "products") if row["name"] == "Lamp"]
    assert found["created"] == product["id"] and product["price"] == 30
    assert found["store"] == "Shop alpha" and found["rejected"] == 409
    assert found["customers"] == [row["email"] for row in rows(store, "customers")]
