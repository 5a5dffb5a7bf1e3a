"""API clients that Shopify wrote work against the sandbox, and accept the signatures of our tests.

Each runs in a process of its own, with the versions of packages that it asks for. What they call the store is the
sandbox; nothing else of them is changed. The fixture of the sandbox fails a test whose client breaks the contract.
"""

import base64
import hmac
import json
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from connectors.platforms.shopify.installation import ShopifyInstallation
from connectors.sdk.installation import App
from connectors.webhooks.schemes import verify
from hub import clock
from sandbox.process import SandboxProcess
from tests.node import node, node_packages
from tests.packages import python_packages, run
from tests.tiers import TIERS

pytestmark = pytest.mark.clients

CACHE = TIERS["clients"].cache
SCRIPTS = Path(__file__).parent / "scripts"
SECRET = "sandbox-secret"


@pytest.fixture
def store(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("shopify", accounts={"alpha": "token"}, products=12, dirty=False)


def titles(store: SandboxProcess) -> list[str]:
    return [row["title"] for row in store.state("products")]


def test_shopify_api_for_python(store: SandboxProcess) -> None:
    """https://pypi.org/project/ShopifyAPI/"""
    packages = python_packages("ShopifyAPI==12.7.0", cache=CACHE)
    command = [sys.executable, "-S", str(SCRIPTS / "shopify_api.py")]
    environment = {"PYTHONPATH": f"{packages}:{SCRIPTS}", "SANDBOX": store.url, "NO_PROXY": "127.0.0.1"}
    found = json.loads(run(command, SCRIPTS, **environment))
    assert found["signed"] == [True, False] and found["token"] and found["shop"] == "Alpha store"
    assert found["titles"] == titles(store)[:3] and "colour" in found["unknown"]
    created, again = found["written"]
    assert created["userErrors"] == [] and created == again and created["product"]["handle"] == "chair-of-a-client"
    assert [(each["sku"], each["price"]) for each in created["product"]["variants"]["nodes"]] == [
        ("CHAIR-S", "79.99"), ("CHAIR-M", "79.99"),
    ]  # fmt: skip
    done = {"inventoryAdjustmentGroup": {"reason": "correction"}, "userErrors": []}
    assert found["stock"] == [done, done] and found["without_key"] == "BAD_REQUEST"
    assert titles(store).count("Chair of a client") == 1
    assert found["cost"] == ["actualQueryCost", "requestedQueryCost", "throttleStatus"]
    store.clear_violations()  # the unknown field


def test_shopify_api_for_node(store: SandboxProcess) -> None:
    """https://www.npmjs.com/package/@shopify/shopify-api"""
    body = json.dumps({"id": 17, "title": "Lámp"})
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body.encode(), "sha256")).decode()
    headers = {
        "X-Shopify-Topic": "products/update",
        "X-Shopify-Hmac-Sha256": signature,
        "X-Shopify-Webhook-Id": "b54557e4",
        "X-Shopify-Shop-Domain": "alpha.myshopify.com",
        "X-Shopify-API-Version": "2026-07",
    }
    query = {"code": "1", "shop": "alpha.myshopify.com", "state": "s", "timestamp": str(int(time.time()))}
    text = urlencode(sorted(query.items()))
    query["hmac"] = hmac.new(SECRET.encode(), text.encode(), sha256).hexdigest()
    found = run_node(store, DELIVERY=json.dumps({"headers": headers, "body": body}), CALLBACK=json.dumps(query))
    assert found["titles"] == titles(store)[:5] and found["more"]
    assert found["rejected"] != "accepted" and "throttleStatus" in found["cost"]
    assert found["webhooks"] == found["callbacks"] == [True, False]
    written = found["written"]
    assert written["set"]["userErrors"] == written["reduced"]["userErrors"] == []
    assert [each["sku"] for each in written["set"]["product"]["variants"]["nodes"]] == ["STOOL-S", "STOOL-M"]
    prices = [(each["price"], each["compareAtPrice"]) for each in written["reduced"]["productVariants"]]
    assert prices == [("24.50", "30.00")] * 2 and written["rejected"]["userErrors"]
    assert "Stool of a client" in titles(store)
    # What the vendor's own client accepts, we accept.
    ours = {"X-Shopify-Hmac-SHA256": signature, "X-Shopify-Webhook-Id": "b54557e4"}
    assert verify({"shopify": SECRET}, ours, body.encode(), clock.latest()) == "b54557e4"
    ShopifyInstallation.verify(App("sandbox-client", SECRET), "https://alpha.myshopify.com", query)
    store.clear_violations()


def run_node(store: SandboxProcess, **environment: str) -> Any:
    modules = node_packages("@shopify/shopify-api@15.0.0", cache=CACHE) / "node_modules"
    options = {"NODE_PATH": str(modules), "SANDBOX": store.url, **environment}
    return json.loads(node(str(SCRIPTS / "shopify_api.js"), cwd=SCRIPTS, cache=CACHE, **options))
