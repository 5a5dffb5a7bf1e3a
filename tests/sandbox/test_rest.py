"""The custom REST system: upsert by key, results by position, counted writes."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.process import SandboxProcess
from tests.sandbox.conftest import Api


@pytest.fixture
def system(sandbox: Callable[..., SandboxProcess], api: Callable[..., Api]) -> Api:
    process = sandbox("rest", accounts={"erp": "token", "other": "other-token"})
    return api(process, "/v1", {"Authorization": "Bearer token"})


def found(system: Api, *keys: str) -> list[dict[str, Any]]:
    return system.call("POST", "/products/find", json=keys).json()["items"]


def test_an_invalid_item_fails_alone(system: Api) -> None:
    batch = [
        {"key": "a", "title": "A"},
        {"key": "b", "title": "B", "price": -1},
        {"title": "C"},
        "d",
        {"key": "e", "title": "nul\0"},
    ]
    results = system.put("/products", batch).json()["results"]
    assert [result["status"] for result in results] == ["ok", "error", "error", "error", "error"]
    assert results[1]["errors"][0]["property"] == "price"
    assert results[2]["errors"][0]["property"] == "key"
    assert [item["key"] for item in system.process.state("products")] == ["a"]


def test_writing_a_key_again_replaces_it_and_is_counted(system: Api) -> None:
    system.put("/products", [{"key": "a", "title": "A", "sku": "S"}])
    system.put("/products", [{"key": "a", "title": "A2"}])
    assert found(system, "a") == [{"key": "a", "title": "A2"}]
    assert list(system.process.state("writes:products")) == [{"key": "a", "writes": 2}]
    assert [result["status"] for result in system.call("DELETE", "/products", json=["a", "z"]).json()["results"]] == [
        "ok",
        "ok",
    ]
    assert found(system, "a") == []


def test_reading_continues_after_a_key(system: Api) -> None:
    for start in range(0, 250, 100):
        system.put("/stock", [{"key": f"{n:04d}", "quantity": n} for n in range(start, min(start + 100, 250))])
    seen, after = [], None
    while True:
        page = system.get("/stock", limit=120, after=after).json()
        seen += [item["quantity"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == list(range(250))


def test_invalid_requests_are_rejected_as_a_whole(system: Api) -> None:
    assert system.put("/gadgets", [{"key": "a"}]).status_code == 404
    assert system.put("/stock", [{"key": str(n), "quantity": 1} for n in range(101)]).status_code == 413
    assert system.put("/stock", []).status_code == 400
    assert system.put("/stock", {"key": "a"}).status_code == 400
    assert system.call("PUT", "/stock", data=b"[]").status_code == 415
    assert system.get("/stock", limit=501).status_code == 400
    assert system.call("GET", "/stock", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_accounts_are_separate(system: Api) -> None:
    system.put("/brands", [{"key": "a", "name": "A"}])
    other = system.call("GET", "/brands/a", headers={"Authorization": "Bearer other-token"})
    assert other.status_code == 404
