"""The shop's callback: whom it is trusted from, what it tells, what it is answered."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.contract import Receipt
from connectors.platforms.seller_center_shop import SellerCenterShop
from connectors.webhooks import json_rpc
from connectors.webhooks.schemes import Untrusted
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.goods import product
from tests.adapters.seller_center import open_at
from tests.adapters.writing import creations

KEY = "callback-key"
AUTH = {"jsonrpc": "2.0", "method": "auth", "params": {"apiKey": KEY}}


def told(*results: Any, request_id: Any = "products-1", **call: Any) -> dict[str, Any]:
    return {
        "jsonrpc": "2.0",
        "method": "Callback.process",
        "params": {"result": list(results)},
        "id": request_id,
    } | call


GOOD = {"status": "success", "product": {"seller_sku": "A", "sku": "A-5", "id": "5", "config_id": 7}}
BAD = {"status": "error", "message": "No such category", "product": {"seller_sku": "B"}}


def test_the_key_comes_first() -> None:
    json_rpc.verify(KEY, [AUTH, told(GOOD)])
    for batch in (
        [],
        [told(GOOD)],
        [told(GOOD), AUTH],
        [{**AUTH, "params": {"apiKey": "wrong"}}, told(GOOD)],
        [{**AUTH, "params": {"apiKey": None}}, told(GOOD)],
        [{**AUTH, "params": []}, told(GOOD)],
        ["auth", told(GOOD)],
    ):
        with pytest.raises(Untrusted):
            json_rpc.verify(KEY, batch)
    with pytest.raises(Untrusted):
        json_rpc.verify("", [{**AUTH, "params": {"apiKey": ""}}, told(GOOD)])


def test_the_key_is_not_kept_and_each_call_is_answered() -> None:
    batch = [AUTH, told(GOOD), told(BAD, request_id="products-2")]
    assert json_rpc.without_key(batch) == {"calls": batch[1:]}
    ok = {"jsonrpc": "2.0", "result": {"status": "success"}}
    assert json_rpc.answer(batch) == [{**ok, "id": "products-1"}, {**ok, "id": "products-2"}]
    [refused, _] = json_rpc.answer(batch, json_rpc.UNAUTHORISED)
    assert refused == {
        "jsonrpc": "2.0",
        "error": {"code": -32001, "message": "Could not authorize request"},
        "id": "products-1",
    }


def test_ids_and_reasons_are_read() -> None:
    payload = {"calls": [told(GOOD, BAD), told(GOOD, request_id="stock-9"), told(method="Another.call")]}
    assert SellerCenterShop.read_callback(payload) == [
        Receipt("products-1", DataType.PRODUCTS, "A", "5", "7"),
        Receipt("products-1", DataType.PRODUCTS, "B", error="No such category"),
        Receipt("stock-9", DataType.STOCK, "A", "5", "7"),
    ]
    assert SellerCenterShop.read_callback({}) == [] and SellerCenterShop.read_event(payload) == []


@pytest.mark.parametrize(
    "call",
    [
        told(GOOD, request_id=None),
        told(GOOD, request_id="17"),
        told(GOOD, request_id="lamps-1"),
        told(GOOD, params={"result": GOOD}),
        told(GOOD, params=None),
        told("success"),
        told({"status": "success"}),
        told({"status": "success", "product": {"seller_sku": "A"}}),
        told({"status": "success", "product": {"seller_sku": "A", "id": "", "config_id": "7"}}),
        told({"status": "success", "product": {"seller_sku": "", "id": "5", "config_id": "7"}}),
        told({"status": "success", "product": {"seller_sku": "A", "id": True, "config_id": "7"}}),
        told({"status": "error", "product": {}}),
        told({"product": {"seller_sku": "A"}}),
        {"id": "products-1"},
    ],
    ids=str,
)
def test_a_malformed_callback_is_refused_whole(call: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        SellerCenterShop.read_callback({"calls": [call]})


def test_the_sandbox_tells_what_the_adapter_reads(sandbox: Callable[..., SandboxProcess]) -> None:
    process = sandbox("seller_center_shop", accounts={"Live": "live-key"}, products=10)
    shop = open_at(process, "Live")
    process.control("POST", "queue", json={"paused": True})
    shop.send(DataType.PRODUCTS, creations(shop, DataType.PRODUCTS, [product(1)]))
    process.control("POST", "queue", json={"paused": False})
    calls = [told(request_id=row["id"], params=row["params"]) for row in process.state("callbacks")]
    receipts = SellerCenterShop.read_callback({"calls": calls})
    there = {row["seller_sku"]: (row["id"], row["config_id"]) for row in process.state("variants")}
    assert {each.sku: (each.external_id, each.product_id) for each in receipts} == {
        sku: there[sku] for sku in ("SKU-10", "SKU-11")
    }
    shop.http.close()
