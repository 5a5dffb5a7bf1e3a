"""API clients that others wrote for Magento work against the sandbox.

Each runs in a process of its own, with the versions of packages that it asks for. The fixture of the sandbox fails a
test whose client breaks the contract.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.process import SandboxProcess
from tests.node import node, node_packages
from tests.packages import python_packages, run
from tests.tiers import TIERS

pytestmark = pytest.mark.clients

CACHE = TIERS["clients"].cache
SCRIPTS = Path(__file__).parent / "scripts"


@pytest.fixture
def shop(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("magento", accounts={"alpha": "token"}, products=20, customers=3, orders=10, dirty=False)


def test_pymagento(shop: SandboxProcess) -> None:
    """https://pypi.org/project/pymagento/, with a Bearer token."""
    packages = python_packages("pymagento==2.14.0", cache=CACHE)
    skus = [row["sku"] for row in shop.state("goods")]
    command = [sys.executable, "-S", str(SCRIPTS / "pymagento_client.py")]
    found = json.loads(run(command, SCRIPTS, PYTHONPATH=str(packages), SANDBOX=shop.url, NO_PROXY="127.0.0.1"))
    assert found["products"] == [*skus, "LAMP/1"] and found["created"] == "LAMP/1"
    # What the shop does not take, it says in three ways, or not at all.
    assert found["twin"] == "URL key for specified store already exists." and found["statuses"] == [1, 3]
    assert found["stock"] == [["LAMP/1", 7]] and found["rejected_prices"] == [["SKU", "NOPE"]]
    assert len(found["orders"]) == 10 and found["shipments"] == [found["shipment"]] and found["invoices"]
    assert found["customers"] == [row["email"] for row in shop.state("customers")]
    assert (found["groups"], found["websites"]) == (["NOT LOGGED IN", "General", "Wholesale"], ["admin", "base"])
    assert (found["links"], found["sources"], found["currency"]) == (["default"], ["default", "overflow"], "GBP")
    assert found["categories"] > 0 and found["media"] > 0 and found["memos"] == 0 and len(found["brands"]) > 1


def test_magento_api_rest(shop: SandboxProcess) -> None:
    """https://www.npmjs.com/package/magento-api-rest, which signs with OAuth 1; SHA-1 is not accepted."""
    modules = node_packages("magento-api-rest@2.0.4", cache=CACHE) / "node_modules"
    script = str(SCRIPTS / "magento_api_rest.js")
    found = json.loads(node(script, cwd=SCRIPTS, cache=CACHE, NODE_PATH=str(modules), SANDBOX=shop.url))
    assert found["orders"] == [row["increment_id"] for row in shop.state("orders")]
    assert next(row["id"] for row in shop.state("goods") if row["name"] == "Shade") == found["created"]
    assert (found["weak"], found["wrong"]) == (400, 401)
