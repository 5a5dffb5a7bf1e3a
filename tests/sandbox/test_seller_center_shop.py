"""Seller Center's simulated shop: signed calls, a strict queue, callbacks, accounts that diverge."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.sandbox.conftest import HookServer
from tests.sandbox.seller_center import call


@pytest.fixture
def shop(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox(
        "seller_center_shop", accounts={"live": "live-key", "staging": "staging-key"}, products=12, dirty=False
    )


def entry(sku: str, **changes: Any) -> dict[str, Any]:
    plain = {"seller_sku": sku, "id_catalog_product": "1", "product_set": sku, "title": "Lamp", "status": "active"}
    names: tuple[str, ...] = (
        "attribute_set",
        "brand",
        "config_id",
        "description",
        "price",
        "primary_category",
        "product_identifier",
    )
    names += ("rsin", "seller", "shipment_type", "special_from_date", "special_price", "special_to_date", "tax_class")
    fixed = {"approval_status": 1, "platform_identifier": "SellerCenter", "stock": 0, "attributes": {}}
    lists: dict[str, Any] = {"categories": [], "shipment_matrix_template": []}
    return dict.fromkeys(names) | fixed | lists | plain | changes


def images(number: Any, *urls: str) -> dict[str, Any]:
    return {
        "productSetSrcId": number,
        "images": [{"url": url, "hash": f"{place:032x}"} for place, url in enumerate(urls)],
    }


def push(shop: SandboxProcess, method: str, *entries: Any, **call_: Any) -> Any:
    body = {"api": 1, "method": f"Product.{method}", "params": {"productsInfo": list(entries)}, "id": "r-1"} | call_
    answer = call(shop, "/", body)
    assert answer.status_code == 200
    return answer.json()


def results(shop: SandboxProcess) -> list[dict[str, Any]]:
    return [result for callback in shop.state("callbacks") for result in callback["params"]["result"]]


ACKNOWLEDGED = [{"api": 1, "result": [{"status": "success"}], "id": "r-1"}]


def test_only_signed_calls_of_known_services_are_accepted(shop: SandboxProcess) -> None:
    body = {"kind": "products", "ids": ["1"]}
    assert call(shop, "/lookup", body).status_code == 200
    assert call(shop, "/lookup", body, key="wrong").status_code == 401
    assert call(shop, "/lookup", body, account="nobody", key="live-key").status_code == 401
    for late in (timedelta(minutes=6), timedelta(minutes=-6)):
        assert call(shop, "/lookup", body, late=late).status_code == 401
    assert call(shop, "/lookup", body, late=timedelta(minutes=4)).status_code == 200
    assert requests.post(f"{shop.url}/lookup", json=body, timeout=60).status_code == 401


def test_accounts_start_equal_and_diverge(shop: SandboxProcess) -> None:
    assert list(shop.state("products", "live")) == list(shop.state("products", "staging"))
    shop.control("POST", "delete", json={"account": "staging", "kind": "products", "ids": ["3", "5", "99"]})
    body = {"kind": "products", "ids": ["3", "4", "5"]}
    assert call(shop, "/lookup", body, account="staging").json() == {"found": ["4"]}
    assert call(shop, "/lookup", body).json() == {"found": ["3", "4", "5"]}
    shop.reset()
    assert len(list(shop.state("products", "staging"))) == 12


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/lookup", {"kind": "products"}),
        ("/lookup", {"kind": "lamps", "ids": []}),
        ("/lookup", {"kind": "products", "ids": [1]}),
        ("/lookup", {"kind": "products", "ids": ["1"] * 1001}),
        ("/lookup", {"kind": "products", "ids": [], "all": True}),
        ("/list", {"kind": "products", "after": None, "limit": 0}),
        ("/list", {"kind": "products", "after": None, "limit": 1001}),
        ("/read", {"kind": "sellers", "limit": 1}),
        ("/read", {"kind": "products", "limit": 1, "after": "5"}),
        ("/read", {"kind": "products", "limit": 1, "updated_since": "yesterday"}),
        ("/read", []),
    ],
    ids=str,
)
def test_malformed_queries_are_rejected(shop: SandboxProcess, path: str, body: Any) -> None:
    assert call(shop, path, body).status_code == 400


def test_pages_follow_the_order_of_change(shop: SandboxProcess) -> None:
    seen: list[str] = []
    after = None
    while True:
        page = call(shop, "/read", {"kind": "products", "limit": 5, "after": after}).json()
        seen += [row["updated_at"] for row in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == sorted(seen) and len(seen) == 12
    late = call(shop, "/read", {"kind": "products", "limit": 50, "updated_since": seen[8]}).json()["items"]
    assert [row["updated_at"] for row in late] == seen[8:]


def test_a_push_is_acknowledged_processed_and_reported(shop: SandboxProcess) -> None:
    assert push(shop, "createProducts", entry("A"), entry("B", product_set="A"), entry("A")) == ACKNOWLEDGED
    one, two, three = results(shop)
    assert one["product"]["config_id"] == two["product"]["config_id"] and one["product"]["id"] != two["product"]["id"]
    assert three["status"] == "failure" and "exists" in three["error"]["message"]
    push(shop, "updateStock", {"seller_sku": "A", "quantity": "5"}, {"product_id": "9999", "quantity": "5"})
    push(shop, "updatePrices", {"product_id": two["product"]["id"], "price": "4.50", "special_price": None})
    push(shop, "updatePrices", {"product_id": two["product"]["id"], "price": "4.50", "special_price": "4.00"})
    [*found, undated] = results(shop)[3:]
    assert [each["status"] for each in found] == ["success", "failure", "success"] and "product" not in found[1]
    assert "No special from" in undated["error"]["message"]
    number = int(one["product"]["config_id"])
    push(shop, "updateImageCollection", params=images(number, "https://x.example/1.jpg", "https://x.example/2.jpg"))
    reported = list(shop.state("callbacks"))[-1]["params"]["result"]
    assert reported["productSetSrcId"] == number and [each["srcId"] for each in reported["images"]] == [1, 2]
    [article] = [row for row in shop.state("products") if row["id"] == one["product"]["config_id"]]
    assert [(each["stock"], each["price"]) for each in article["variants"]] == [(5, None), (0, "4.50")]
    push(shop, "updateProducts", {"seller_sku": "A", "status": "deleted"})
    push(shop, "updateProducts", {"config_id": article["id"], "status": "deleted"})
    assert article["id"] not in {row["id"] for row in shop.state("products")}


@pytest.mark.parametrize(
    ("method", "entries", "changes"),
    [
        ("createProducts", [], {}),
        ("createProducts", ["A"], {}),
        ("createProducts", [entry("A", colour="red")], {}),
        ("createProducts", [entry("A", title="T" * 256)], {}),
        ("createProducts", [entry("A", status="live")], {}),
        ("createProducts", [{"seller_sku": "A"}], {}),
        ("createProducts", [entry("A")], {"api": 2}),
        ("createProducts", [entry("A")], {"id": None}),
        ("createProducts", [entry("A")], {"params": [entry("A")]}),
        ("createProducts", [entry("A")], {"extra": 1}),
        ("deleteProducts", [entry("A")], {}),
        ("createProducts", [{k: v for k, v in entry("A").items() if k != "tax_class"}], {}),
        ("updateStock", [{"seller_sku": "A", "stock": 1}], {}),
        ("updateStock", [{"seller_sku": "A", "quantity": 1}], {}),
        ("updateStock", [{"seller_sku": "A", "quantity": "-1"}], {}),
        ("updateStock", [{"quantity": "1"}], {}),
        ("updatePrices", [{"seller_sku": "A", "price": 4.5}], {}),
        ("updatePrices", [{"seller_sku": "A", "price": "-1"}], {}),
        ("updateImageCollection", [{"seller_sku": "A", "images": ["x"]}], {}),
        ("updateImageCollection", [], {"params": images("7", "x")}),
        ("updateImageCollection", [], {"params": {"productSetSrcId": 7, "images": ["x"]}}),
    ],
)
def test_a_malformed_push_is_rejected_as_a_whole(
    shop: SandboxProcess, method: str, entries: list[Any], changes: dict[str, Any]
) -> None:
    [answer] = push(shop, method, *entries, **changes)
    assert answer["error"]["message"] and "result" not in answer
    assert list(shop.state("requests")) == []


def test_the_queue_can_be_paused(shop: SandboxProcess) -> None:
    shop.control("POST", "queue", json={"paused": True})
    assert push(shop, "createProducts", entry("A")) == ACKNOWLEDGED
    assert push(shop, "updateStock", {"seller_sku": "A", "quantity": "5"}) == ACKNOWLEDGED
    question = {"kind": "products", "seller_skus": ["A"]}
    assert call(shop, "/lookup", question).json() == {"found": []} and results(shop) == []
    assert shop.control("POST", "queue", json={"paused": False}) == {"paused": False, "waiting": 2}
    [found] = call(shop, "/lookup", question).json()["found"]
    assert found["seller_sku"] == "A" and [each["status"] for each in results(shop)] == ["success", "success"]


def test_the_next_id_can_be_set(shop: SandboxProcess) -> None:
    shop.control("POST", "sequence", json={"kind": "products", "next": 3})
    shop.control("POST", "sequence", json={"kind": "variants", "next": 777})
    push(shop, "createProducts", entry("A"))
    product = results(shop)[0]["product"]
    assert product.pop("updated_at")[:2] == "20"
    assert product == {"seller_sku": "A", "sku": "A-777", "id": "777", "config_id": "3"}


def test_callbacks_are_delivered_with_their_key_and_can_be_replayed(shop: SandboxProcess, receiver: HookServer) -> None:
    shop.control("POST", "callbacks", json={"account": "live", "url": receiver.url, "key": "callback-key"})
    push(shop, "createProducts", entry("A"))
    [batch] = receiver.wait_for(1)
    assert batch[0] == {"jsonrpc": "2.0", "method": "auth", "params": {"apiKey": "callback-key"}}
    assert (batch[1]["method"], batch[1]["id"]) == ("Callback.process", "r-1")
    assert batch[1]["params"]["result"] == results(shop)
    assert shop.control("POST", "replay", json={"account": "live"}) == {"replayed": 1}
    assert receiver.wait_for(2)[1] == batch


def test_invalid_control_calls_are_rejected(shop: SandboxProcess) -> None:
    for path, body in (
        ("delete", {"kind": "lamps", "ids": []}),
        ("delete", {"kind": "products", "ids": "3"}),
        ("delete", {"account": "nobody", "kind": "products", "ids": []}),
        ("sequence", {"kind": "products", "next": 0}),
        ("callbacks", {"url": "http://127.0.0.1:9"}),
    ):
        with pytest.raises(requests.HTTPError):
            shop.control("POST", path, json=body)
    with pytest.raises(requests.HTTPError):
        list(shop.state("lamps"))


def test_a_synchronous_shop_answers_with_the_results(shop: SandboxProcess) -> None:
    shop.control("POST", "flow", json={"synchronous": True})
    [answer] = push(shop, "createProducts", entry("A"), entry("A"))
    assert [each["status"] for each in answer["result"]] == ["success", "failure"] and answer["id"] == "r-1"
    number = int(answer["result"][0]["product"]["config_id"])
    one = push(shop, "updateImageCollection", params=images(number, "https://x.example/1.jpg"))
    assert one["result"]["productSetSrcId"] == number, "an object, as the vendor prints it"
    assert list(shop.state("callbacks")) == []


def test_a_log_in_replaces_the_signature(shop: SandboxProcess) -> None:
    shop.control("POST", "login", json={"account": "live", "username": "hub", "password": "word"})

    def send(password: str) -> requests.Response:
        auth = {"api": 1, "method": "auth", "params": {"username": "hub", "password": password}, "id": 1}
        info = {"productsInfo": [entry("A")]}
        body = [auth, {"api": 1, "method": "Product.createProducts", "params": info, "id": 1}]
        return requests.post(f"{shop.url}/", json=body, timeout=60)

    assert send("word").json() == [{"api": 1, "result": [{"status": "success"}], "id": "1"}]
    assert send("wrong").status_code == 401
    bare = {"api": 1, "method": "Product.createProducts", "params": {"productsInfo": [entry("B")]}, "id": "r-1"}
    assert call(shop, "/", bare).status_code == 401
