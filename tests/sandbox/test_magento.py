"""The simulated Magento is as strict as the vendor."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
import requests
from requests_oauthlib import OAuth1

from sandbox.platforms.magento import natural_order
from sandbox.process import SandboxProcess

TOKEN = "token"


@pytest.fixture
def shop(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("magento", accounts={"alpha": TOKEN}, products=20, customers=3, orders=10)


def call(shop: SandboxProcess, method: str, path: str, token: str = TOKEN, **arguments: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(method, f"{shop.url}/rest/all/V1{path}", headers=headers, timeout=60, **arguments)


def search(shop: SandboxProcess, path: str, **criteria: object) -> dict[str, Any]:
    """`g0f1_sku="A"`, `g0f0_price_gt=3`: group, filter, field, condition; other names are sent as criteria."""
    params: dict[str, object] = {}
    for name, value in criteria.items():
        if not name.startswith("g"):
            params[f"searchCriteria[{name}]"] = value
            continue
        place, field, *condition = name.split("__")
        start = f"searchCriteria[filter_groups][{place[1]}][filters][{place[3]}]"
        params |= {f"{start}[field]": field, f"{start}[value]": value}
        params[f"{start}[condition_type]"] = condition[0] if condition else "eq"
    answer: dict[str, Any] = call(shop, "GET", path, params=params).json()
    return answer


def entry(name: str = "front.png") -> dict[str, Any]:
    content = {"base64_encoded_data": base64.b64encode(b"picture").decode(), "type": "image/png", "name": name}
    about = {"media_type": "image", "label": "", "position": 1, "disabled": False, "types": []}
    return {"entry": about | {"content": content}}


def test_groups_are_joined_by_and_their_filters_by_or(shop: SandboxProcess) -> None:
    rows = search(shop, "/products", pageSize=300)["items"]
    first, second = rows[0], rows[1]
    either = search(shop, "/products", g0f0__sku=first["sku"], g0f1__sku=second["sku"], pageSize=300)
    both = search(shop, "/products", g0f0__sku=first["sku"], g1f0__sku=second["sku"], pageSize=300)
    assert [row["id"] for row in either["items"]] == [first["id"], second["id"]]
    assert (both["items"], both["total_count"]) == ([], 0)
    last = search(shop, "/products", g0f0__entity_id__gt=rows[-1]["id"] - 1, g1f0__status__in="1,2", pageSize=300)
    assert [row["id"] for row in last["items"]] == [rows[-1]["id"]]


def test_a_page_past_the_end_repeats_the_last(shop: SandboxProcess) -> None:
    last = search(shop, "/orders", pageSize=4, currentPage=3)
    past = search(shop, "/orders", pageSize=4, currentPage=9)
    assert past["items"] == last["items"] and len(last["items"]) == 2 and past["total_count"] == 10


def test_a_search_needs_criteria_and_known_fields(shop: SandboxProcess) -> None:
    rejected = call(shop, "GET", "/orders")
    assert rejected.status_code == 400 and rejected.json()["parameters"] == {"fieldName": "searchCriteria"}
    unknown = "searchCriteria[filter_groups][0][filters][0][field]"
    assert call(shop, "GET", "/products", params={unknown: "wishes"}).status_code == 400
    assert call(shop, "GET", "/orders", params={unknown: "wishes"}).status_code == 500
    assert search(shop, "/orders", g0f0__state__matches="none")["total_count"] == 10  # ignored


def test_a_missing_right_is_named(shop: SandboxProcess) -> None:
    shop.control("POST", "setting", json={"account": "alpha", "denied": ["Magento_Sales::ship"]})
    rejected = call(shop, "POST", "/order/1/ship", json={})
    assert (rejected.status_code, rejected.json()["parameters"]) == (401, {"resources": "Magento_Sales::ship"})
    assert search(shop, "/orders", pageSize=1)["total_count"] == 10


def test_an_unknown_store_view_is_rejected(shop: SandboxProcess) -> None:
    answer = requests.get(f"{shop.url}/rest/nowhere/V1/store/storeConfigs", timeout=60)
    assert (answer.status_code, answer.json()["message"]) == (400, "Specified request cannot be processed.")


def test_stock_that_cannot_be_stored_is_accepted(shop: SandboxProcess) -> None:
    def save(sku: str, quantity: float, source: str = "default") -> int:
        item = {"sku": sku, "source_code": source, "quantity": quantity, "status": 1}
        return call(shop, "POST", "/inventory/source-items", json={"sourceItems": [item]}).status_code

    before = list(shop.state("source_items"))
    configurable = next(row["sku"] for row in shop.state("goods") if row["type_id"] == "configurable")
    assert [save("NOPE", 1), save(configurable, 1), save(before[0]["sku"], -1)] == [200, 200, 200]
    assert list(shop.state("source_items")) == before
    assert save(before[0]["sku"], 1, source="nowhere") == 400


def test_salable_is_what_is_not_reserved(shop: SandboxProcess) -> None:
    sku = shop.control("POST", "order", json={"account": "alpha", "lines": [[0, 2]]})["items"][0]["sku"]
    path = "/inventory/export-stock-salable-qty/website/base"
    [stored] = [item for item in shop.state("source_items") if item["sku"] == sku]
    [before] = search(shop, path, g0f0__sku=sku)["items"]
    assert before["qty"] <= stored["quantity"] - 2 and before["is_salable"] is (before["qty"] > 0)
    number = shop.control("POST", "order", json={"account": "alpha", "lines": [[0, 1]]})["entity_id"]
    assert search(shop, path, g0f0__sku=sku)["items"][0]["qty"] == before["qty"] - 1
    call(shop, "POST", f"/order/{number}/ship", json={})
    assert search(shop, path, g0f0__sku=sku)["items"][0]["qty"] == before["qty"] - 1
    [after] = [item for item in shop.state("source_items") if item["sku"] == sku]
    assert after["quantity"] == stored["quantity"] - 1


def test_skus_are_trimmed_and_names_need_url_keys_of_their_own(shop: SandboxProcess) -> None:
    def save(sku: str, name: str = "Lamp", **more: Any) -> requests.Response:
        product = {"sku": sku, "name": name, "attribute_set_id": 4, "price": 1, "type_id": "simple"} | more
        return call(shop, "POST", "/products", json={"product": product})

    assert save(" X-1 ").json()["sku"] == "X-1"
    assert "URL key" in save("X-2").json()["message"]
    assert save("X-2", custom_attributes=[{"attribute_code": "url_key", "value": "other"}]).status_code == 200
    assert search(shop, "/products", g0f0__sku="x-2 ")["total_count"] == 1
    assert save("X-3", "Lamp \U0001f600").json()["name"] == "Lamp ????"
    assert save("X-\U0001f600", "Odd").status_code == 404


def test_limits_apply_once_they_are_enabled(shop: SandboxProcess) -> None:
    items = [{"sku": f"S{n}", "source_code": "default", "quantity": 1, "status": 1} for n in range(21)]
    assert call(shop, "POST", "/inventory/source-items", json={"sourceItems": items}).json() == []
    assert "items" in search(shop, "/orders", pageSize=301)
    shop.control("POST", "setting", json={"account": "alpha", "limited": True})
    rejected = call(shop, "POST", "/inventory/source-items", json={"sourceItems": items})
    assert rejected.status_code == 400 and rejected.json()["parameters"] == {"type": "sourceItems", "max": 20}
    assert search(shop, "/orders", pageSize=301)["parameters"] == {"max": 300}


def test_anything_outside_the_specification_is_rejected(shop: SandboxProcess) -> None:
    ship = "/order/1/ship"
    for body in ({"item": []}, {"items": [{"order_item_id": 1}]}, {"items": [{"order_item_id": "x", "qty": 1}]}):
        rejected = call(shop, "POST", ship, json=body)
        assert rejected.status_code == 400 and rejected.json()["parameters"]
    assert call(shop, "POST", "/order/999/ship", json={}).status_code == 404
    assert call(shop, "GET", "/store/storeConfigs", token="wrong").status_code == 401


def test_a_shipment_without_items_ships_everything_left(shop: SandboxProcess) -> None:
    """A trap for clients that send an empty list."""
    row = shop.control("POST", "order", json={"account": "alpha", "lines": [[0, 2], [1, 1]]})
    assert isinstance(call(shop, "POST", f"/order/{row['entity_id']}/ship", json={"items": []}).json(), int)
    again = call(shop, "POST", f"/order/{row['entity_id']}/ship", json={})
    assert again.status_code == 400 and "does not allow" in again.json()["message"]


def test_a_picture_sent_twice_is_stored_twice(shop: SandboxProcess) -> None:
    sku = next(row["sku"] for row in shop.state("products"))
    before = len(call(shop, "GET", f"/products/{sku}/media").json())
    numbers = [call(shop, "POST", f"/products/{sku}/media", json=entry()).json() for _ in range(2)]
    gallery = call(shop, "GET", f"/products/{sku}/media").json()
    assert len(gallery) == before + 2 and len(set(numbers)) == 2
    assert {each["file"] for each in gallery} >= {"/f/r/front.png", "/f/r/front_1.png"}


# OAuth 1, signed by a library that follows the standard


def signed(shop: SandboxProcess, address: str, method: str = "GET", body: Any = None, **about: str) -> int:
    """The status of a request whose URL is sent as it is given."""
    credentials = {"client_secret": "sandbox-secret", "resource_owner_key": "alpha", "resource_owner_secret": TOKEN}
    auth = OAuth1("sandbox-client", **({"signature_method": "HMAC-SHA256"} | credentials | about))
    return requests.request(method, f"{shop.url}/rest/all/V1{address}", auth=auth, json=body, timeout=60).status_code


def filters(*indexes: str, value: str = "x") -> str:
    name = "searchCriteria%5BfilterGroups%5D%5B0%5D%5Bfilters%5D"
    pairs = [(f"{name}%5B{index}%5D%5Bfield%5D=sku", f"{name}%5B{index}%5D%5Bvalue%5D={value}") for index in indexes]
    return "/products?" + "&".join(part for pair in pairs for part in pair)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/store/storeConfigs", 200),
        (filters("0", value="2026-11-30%2001%3A00%3A00"), 200),
        (filters("0", value="2026-11-30+01%3A00%3A00"), 401),  # `+` is no space
        (filters("0", value="2026-11-30T01%3A00%3A00Z"), 200),
        (filters(*map(str, range(10))), 200),
        (filters(*map(str, range(11))), 401),  # [10] comes after [2]
        (filters(*(f"{number:03}" for number in range(101))), 200),
        ("/products/SKU%201%28a%29/media", 404),
        *((f"/products/SKU%{ord(character):02X}201/media", 401) for character in "+&,:%@=$;"),
    ],
)
def test_signatures_are_verified_as_the_shop_does_it(address: str, status: int, shop: SandboxProcess) -> None:
    """A 401 where the shop sorts or decodes otherwise than the standard."""
    assert signed(shop, address) == status


@pytest.mark.parametrize(
    ("about", "status"),
    [
        ({"signature_method": "HMAC-SHA1"}, 400),
        ({"resource_owner_secret": "wrong"}, 401),
        ({"resource_owner_key": "wrong"}, 401),
        ({"timestamp": "4102444800"}, 401),  # in the year 2100
        ({"timestamp": "0"}, 401),
    ],
)
def test_other_signatures_are_rejected(about: dict[str, str], status: int, shop: SandboxProcess) -> None:
    assert signed(shop, "/store/storeConfigs", **about) == status


def test_a_nonce_is_accepted_once(shop: SandboxProcess) -> None:
    """Even if the first request had a wrong signature."""
    wrong = {"resource_owner_secret": "wrong"}
    assert [signed(shop, "/store/storeConfigs", nonce=nonce, **more) for nonce, more in (
        ("1", {}), ("1", {}), ("2", wrong), ("2", {})
    )] == [200, 401, 401, 401]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second"),
    [("a2", "a10"), ("a010", "a02"), ("a02", "a1"), ("007", "08"), ("a", "a0"), ("a1b", "a1c"), ("%5B2", "%5B10")],
)
def test_the_natural_order_is_that_of_php(first: str, second: str) -> None:
    assert natural_order.compare(first, second) < 0 < natural_order.compare(second, first)
