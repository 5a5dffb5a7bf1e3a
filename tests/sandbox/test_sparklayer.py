"""The simulated SparkLayer rejects what the vendor rejects."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.sales import Sales


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
            return session.request(method, self.process.url + path, json=body, headers=sent, timeout=60)


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
    slow = Front(sandbox("sparklayer", accounts={"acme": "client-word"}, latency_ms=600))
    slow.call("POST", "/api/v1/price-lists", {"slug": "main", "name": "Main", "currency_code": "GBP"})
    entry = [{"sku": "A", "pricing": [{"quantity": 1, "price": 2}]}]
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(slow.call, "PATCH", PRICING, entry) for _ in range(2)]
    assert sorted(each.result().status_code for each in answers) == [204, 409]


# Purchases


def money(number: str) -> dict[str, str]:
    return {"number": number, "currency": "GBP"}


def purchase(*packages: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "type": "order",
        "purchase_identifiers": {"platform": "1", "visible": "1001"},
        "customer_identifiers": {},
        "dates": {},
        "packages": list(packages),
        "accounting_files": [],
        "custom_fields": [],
        **changes,
    }


def package(kind: str, quantity: int, net: str, **more: Any) -> dict[str, Any]:
    total = {"total_net": money(net), **more.pop("total", {})}
    line = {"identifiers": {"platform": "7"}, "sku": "A", "name_parent": "Lamp", "quantity": quantity}
    line["line_total"] = total
    return {"type": kind, "line_items": [line], **more}


@pytest.mark.parametrize(
    "missing", ["customer_identifiers", "dates", "packages", "accounting_files", "custom_fields", "type"]
)
def test_a_purchase_needs_every_documented_field(storefront: Front, missing: str) -> None:
    body = purchase(package("incoming", 1, "10"))
    del body[missing]
    rejected = storefront.call("PUT", "/api/v1/purchases/platform/1", body)
    assert rejected.status_code == 400 and set(reasons(rejected)) == {missing}


def test_a_purchase_is_the_sum_of_its_packages(storefront: Front) -> None:
    taxed = {"total_tax": money("18.00"), "total_gross": money("108.00"), "discount_net": money("10")}
    freight = {"name": "Courier", "line_total": {"total_net": money("5"), "total_tax": money("1")}}
    sent = package("shipment", 2, "90.00", total=taxed, shipping_method=freight)
    back = package("return", 1, "45.00", total={"total_tax": money("9.00")})
    stored = storefront.call("PUT", "/api/v1/purchases/platform/1", purchase(sent, back))
    assert stored.json()["calculated_total"] == money("168")
    found = Sales(storefront.process, "acme").view("1")
    assert (found["total"], found["tax"], found["refunded"]) == ("168", "28", "54")
    assert found["lines"] == [
        {"id": "7", "sku": "A", "ordered": "3", "cancelled": "0", "refunded": "1", "shipped": "2", "open": "0"}
    ]
    wrong = package("shipment", 2, "90.00", total=taxed | {"total_gross": money("109.00")})
    assert storefront.call("PUT", "/api/v1/purchases/platform/1", purchase(wrong)).status_code == 400
    # Lines without tax of their own leave it to the purchase.
    body = purchase(package("incoming", 1, "10"), tax_lines=[{"title": "VAT", "amount": money("2")}])
    assert storefront.call("PUT", "/api/v1/purchases/platform/1", body).json()["calculated_total"] == money("12")
