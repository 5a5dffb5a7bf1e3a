"""The simulated Magento is as strict as the vendor."""

import base64
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from requests_oauthlib import OAuth1

from sandbox.process import SandboxProcess

TOKEN = "token"


@pytest.fixture
def shop(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("magento", accounts={"alpha": TOKEN}, products=20, customers=3, orders=10)


def call(shop: SandboxProcess, method: str, path: str, token: str = TOKEN, **arguments: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(method, f"{shop.url}/rest/all/V1{path}", headers=headers, timeout=10, **arguments)


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
    assert search(shop, "/orders", g0f0__wishes="none")["message"] == "Invalid attribute name: %1"


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


def test_a_nonce_is_accepted_once(shop: SandboxProcess) -> None:
    now = str(int(time.time()))

    def signed(secret: str) -> requests.Response:
        auth = OAuth1(
            "sandbox-client",
            client_secret="sandbox-secret",
            resource_owner_key="alpha",
            resource_owner_secret=secret,
            signature_method="HMAC-SHA256",
            nonce="1",
            timestamp=now,
        )
        return requests.get(f"{shop.url}/rest/all/V1/store/storeConfigs", auth=auth, timeout=10)

    assert signed("wrong").status_code == 401
    assert signed(TOKEN).status_code == 200
    assert signed(TOKEN).json()["message"].startswith("The nonce is already being used")
