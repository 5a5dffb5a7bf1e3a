"""Injected faults, the call log, and the reset."""

from time import monotonic

import pytest
import requests

from tests.sandbox.conftest import Api

PATH = "/v3/catalog/products/1"


def test_a_status_fault_applies_the_configured_number_of_times(shop: Api) -> None:
    shop.process.fault(
        "status",
        path="products/1$",
        method="GET",
        status=503,
        headers={"Retry-After": "7"},
        body={"e": 1},
        times=2,
        after=1,
    )
    answers = [shop.get(PATH) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert answers[1].json() == {"e": 1}


def test_a_fault_before_blocks_the_request_and_one_after_loses_the_answer(shop: Api) -> None:
    shop.process.fault("drop", method="PUT", times=1)
    with pytest.raises(requests.ConnectionError):
        shop.put(PATH, {"price": 1})
    assert shop.data(PATH)["price"] != 1
    shop.process.fault("drop", method="PUT", when="after", times=1)
    with pytest.raises(requests.ConnectionError):
        shop.put(PATH, {"price": 1})
    assert shop.data(PATH)["price"] == 1
    assert [call["status"] for call in shop.process.calls() if call["method"] == "PUT"] == [0, 0]


@pytest.mark.parametrize("when", ["before", "after"])
def test_half_a_body(shop: Api, when: str) -> None:
    shop.process.fault("half_body", when=when, times=1)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        shop.get(PATH)
    assert shop.get(PATH).status_code == 200


def test_garbage_is_200_but_not_json(shop: Api) -> None:
    shop.process.fault("garbage", times=1)
    answer = shop.get(PATH)
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_slow_and_rate_limited(shop: Api) -> None:
    shop.process.fault("slow", delay=0.2, times=1)
    started = monotonic()
    assert shop.get(PATH).status_code == 200
    assert monotonic() - started >= 0.2
    shop.process.fault("rate_limited", times=1)
    rejected = shop.get(PATH)
    assert rejected.status_code == 429
    assert int(rejected.headers["X-Rate-Limit-Time-Reset-Ms"]) > 0


def test_overlapping_pages_repeat_items_and_omit_none(shop: Api) -> None:
    shop.process.fault("overlap", path="brands", items=1)
    first, second = (shop.data("/v3/catalog/brands", limit=2, page=page) for page in (1, 2))
    assert [brand["id"] for brand in first] == [1, 2]
    assert [brand["id"] for brand in second] == [2, 3, 4]


@pytest.mark.parametrize(
    "spec",
    [
        {"fault": "meteor"},
        {"fault": "drop", "path": "("},
        {"fault": "drop", "tmies": 1},
        {"fault": "status", "status": "5"},
    ],
)
def test_an_invalid_fault_is_rejected(shop: Api, spec: dict) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        shop.process.control("POST", "faults", json=spec)
    assert shop.process.control("GET", "faults")["faults"] == []


def test_calls_are_logged_with_their_item_counts(shop: Api) -> None:
    mark = shop.process.calls()[-1]["n"] if shop.process.calls() else 0
    shop.get("/v3/catalog/products", limit=5)
    shop.put("/v3/catalog/products", [{"id": 1, "price": 1}, {"id": 2, "price": 1}])
    read, write = shop.process.calls(since=mark)
    assert (read["method"], read["query"], read["items"], read["account"]) == ("GET", {"limit": "5"}, 5, "alpha")
    assert (write["method"], write["items"], write["status"]) == ("PUT", 2, 200)
    shop.process.clear_calls()
    assert shop.process.calls() == []


def test_reset_restores_everything(shop: Api) -> None:
    before = list(shop.process.state("products"))
    shop.put(PATH, {"price": 1})
    shop.delete("/v3/catalog/products/2")
    shop.process.fault("drop")
    shop.process.reset()
    assert list(shop.process.state("products")) == before
    assert shop.process.calls() == []
    assert shop.get(PATH).status_code == 200
