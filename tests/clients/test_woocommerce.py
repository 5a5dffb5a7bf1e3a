"""The vendor's own API clients for WooCommerce work against the sandbox.

Each runs in a process of its own, with the versions of packages that it asks for.
"""

import json
import math
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
    return sandbox(
        "woocommerce", accounts={"ck_alpha": "alpha-secret"}, products=20, customers=3, orders=10, dirty=False
    )


def test_woocommerce(shop: SandboxProcess) -> None:
    """https://pypi.org/project/WooCommerce/"""
    packages = python_packages("woocommerce==3.0.0", cache=CACHE)
    ids = [row["id"] for row in shop.state("products")]
    command = [sys.executable, "-S", str(SCRIPTS / "woocommerce_client.py")]
    found = json.loads(run(command, SCRIPTS, PYTHONPATH=str(packages), SANDBOX=shop.url, NO_PROXY="127.0.0.1"))
    assert found["products"] == ids and found["variations"] == found["named"]
    assert (found["created"], found["again"]) == ("Lamp & Shade", "product_invalid_sku")
    assert (found["updated"], found["missing"]) == ("20", "woocommerce_rest_product_invalid_id")
    assert (found["deleted"], found["wrong"]) == (200, 401) and "CLIENT" not in {
        row["sku"] for row in shop.state("goods")
    }
    assert found["orders"] == [row["number"] for row in shop.state("orders")]
    assert sorted(found["customers"]) == sorted(row["email"] for row in shop.state("customers"))


@pytest.mark.breaks_contract  # one of its requests has a topic that does not exist
def test_woocommerce_rest_api(shop: SandboxProcess) -> None:
    """https://www.npmjs.com/package/@woocommerce/woocommerce-rest-api"""
    modules = node_packages("@woocommerce/woocommerce-rest-api@1.0.2", cache=CACHE) / "node_modules"
    script = str(SCRIPTS / "woocommerce_rest_api.js")
    found = json.loads(node(script, cwd=SCRIPTS, cache=CACHE, NODE_PATH=str(modules), SANDBOX=shop.url))
    number = len(list(shop.state("products")))
    assert (found["total"], found["pages"]) == (number, math.ceil(number / 5))
    assert (found["status"], found["refused"]) == ("paused", "woocommerce_rest_shop_webhook_invalid_topic")
    assert found["categories"] == len(list(shop.state("categories"))) and found["denied"] == 401
