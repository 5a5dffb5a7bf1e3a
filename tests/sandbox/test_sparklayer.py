"""The simulated SparkLayer rejects what the vendor rejects."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess


class Front:
    """Calls to one site with a token."""

    def __init__(self, process: SandboxProcess) -> None:
        self.process = process
        self.token = ""
        self.token = self.call("POST", "/api/auth/token", CREDENTIALS).json()["access_token"]

    def call(self, method: str, path: str, body: Any = None, **headers: str | None) -> requests.Response:
        sent = {"Site-Id": "acme", "Authorization": f"Bearer {self.token}", **headers}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, self.process.url + path, json=body, headers=sent, timeout=10)


CREDENTIALS = {"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "client-word"}
PRICING = "/api/v1/price-lists/main/pricing"


@pytest.fixture
def storefront(sandbox: Callable[..., SandboxProcess]) -> Front:
    return Front(sandbox("sparklayer", accounts={"acme": "client-word", "other": "other-word"}))


def reasons(answer: requests.Response) -> dict[str, str]:
    return {each["property"]: each["message"] for each in answer.json().get("errors", [])}


def test_tokens_belong_to_one_site_and_expire(storefront: Front) -> None:
    assert storefront.call("GET", "/api/v2/price-lists").status_code == 200
    assert storefront.call("GET", "/api/v2/price-lists", **{"Site-Id": "other"}).status_code == 401
    assert storefront.call("GET", "/api/v2/price-lists", Authorization="Bearer made-up").status_code == 401
    assert storefront.call("POST", "/api/auth/token", CREDENTIALS | {"client_secret": "x"}).status_code == 401
    storefront.process.control("POST", "expire", json={"site": "acme"})
    assert storefront.call("GET", "/api/v2/price-lists").status_code == 401


def test_a_user_agent_is_required(storefront: Front) -> None:
    assert storefront.call("GET", "/api/v2/price-lists", **{"User-Agent": ""}).status_code == 400


@pytest.mark.parametrize(
    ("entries", "named"),
    [
        ([{"stock_location_external_id": "moon", "sku": "A", "stock_level": 1}], "[0].stock_location_external_id"),
        ([{"stock_location_external_id": "default", "sku": "A", "stock_level": 1}] * 2, "[1].sku"),
        ([{"stock_location_external_id": "default", "sku": "A", "stock_level": 1.5}], "[0].stock_level"),
        ([{"stock_location_external_id": "default", "sku": "A", "level": 1}], "level"),
    ],
)
def test_a_stock_batch_is_rejected_as_a_whole(storefront: Front, entries: list[dict[str, Any]], named: str) -> None:
    good = {"stock_location_external_id": "default", "sku": "Z", "stock_level": 1}
    answer = storefront.call("POST", "/api/v1/batch-update-stock", [*entries, good])
    assert answer.status_code == 400 and list(reasons(answer)) == [named]
    assert list(storefront.process.state("stock")) == []


def test_a_product_is_unique_by_its_external_id(storefront: Front) -> None:
    product = {"external_id": "1", "title": "Lamp", "slug": "lamp"}
    assert storefront.call("POST", "/api/v1/products", product).status_code == 200
    assert storefront.call("POST", "/api/v1/products", product).status_code == 409
    assert storefront.call("PATCH", "/api/v1/products/2", product).status_code == 404
    assert storefront.call("POST", "/api/v1/products", product | {"external_id": "pp_1"}).status_code == 400


def test_prices_of_an_unknown_list_are_404(storefront: Front) -> None:
    assert storefront.call("PATCH", PRICING, [{"sku": "A", "pricing": []}]).status_code == 404


def test_a_price_list_accepts_one_change_at_a_time(sandbox: Callable[..., SandboxProcess]) -> None:
    slow = Front(sandbox("sparklayer", accounts={"acme": "client-word"}, latency_ms=200))
    slow.call("POST", "/api/v1/price-lists", {"slug": "main", "name": "Main", "currency_code": "GBP"})
    entry = [{"sku": "A", "pricing": [{"quantity": 1, "price": 2}]}]
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(slow.call, "PATCH", PRICING, entry) for _ in range(2)]
    assert sorted(each.result().status_code for each in answers) == [204, 409]
