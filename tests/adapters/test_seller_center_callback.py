"""The shop's callback: its authentication, its content, its response."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.platforms.seller_center_shop import SellerCenterShop, rpc
from connectors.sdk.webhooks import Receipt
from connectors.webhooks import json_rpc
from connectors.webhooks.schemes import Untrusted
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.samples import product
from tests.adapters.seller_center import open_account
from tests.adapters.writing import creations

KEY = "callback-key"
NOW = datetime(2026, 1, 31, 8, 0, 0, 123456, tzinfo=UTC)
PRODUCTS, STOCK = (rpc.new_request_id(each, NOW) for each in (DataType.PRODUCTS, DataType.STOCK))
AUTH = {"jsonrpc": "2.0", "method": "auth", "params": {"apiKey": KEY}}


def callback(*results: Any, request_id: Any = PRODUCTS, **call: Any) -> dict[str, Any]:
    return {
        "jsonrpc": "2.0",
        "method": "Callback.process",
        "params": {"result": list(results)},
        "id": request_id,
    } | call


GOOD = {"status": "success", "product": {"seller_sku": "A", "sku": "A-5", "id": "5", "config_id": 7}}
BAD = {"status": "error", "message": "No such category", "product": {"seller_sku": "B"}}


def test_the_api_key_must_be_in_the_first_call() -> None:
    json_rpc.verify(KEY, [AUTH, callback(GOOD)])
    for batch in (
        [],
        [callback(GOOD)],
        [callback(GOOD), AUTH],
        [{**AUTH, "params": {"apiKey": "wrong"}}, callback(GOOD)],
        [{**AUTH, "params": {"apiKey": None}}, callback(GOOD)],
        [{**AUTH, "params": []}, callback(GOOD)],
        ["auth", callback(GOOD)],
    ):
        with pytest.raises(Untrusted):
            json_rpc.verify(KEY, batch)
    with pytest.raises(Untrusted):
        json_rpc.verify("", [{**AUTH, "params": {"apiKey": ""}}, callback(GOOD)])


def test_the_api_key_is_dropped_and_each_call_is_answered() -> None:
    batch = [AUTH, callback(GOOD), callback(BAD, request_id=STOCK)]
    assert json_rpc.calls(batch) == batch[1:]
    ok = {"jsonrpc": "2.0", "result": {"status": "success"}}
    assert json_rpc.answer(batch) == [{**ok, "id": PRODUCTS}, {**ok, "id": STOCK}]
    with pytest.raises(Untrusted) as raised:
        json_rpc.verify("another", batch)
    assert raised.value.answer[0] == {
        "jsonrpc": "2.0",
        "error": {"code": -32001, "message": "Could not authorize request"},
        "id": PRODUCTS,
    }


def test_ids_and_reasons_are_read() -> None:
    assert SellerCenterShop.webhooks.read_receipts(callback(GOOD, BAD)) == [
        Receipt(DataType.PRODUCTS, NOW, "A", "5", "7"),
        Receipt(DataType.PRODUCTS, NOW, "B", error="No such category"),
    ]
    assert SellerCenterShop.webhooks.read_receipts(callback(GOOD, request_id=STOCK)) == [
        Receipt(DataType.STOCK, NOW, "A", "5", "7")
    ]
    assert SellerCenterShop.webhooks.read_receipts(callback(method="Another.call")) == []
    assert SellerCenterShop.webhooks.read_event(callback(GOOD)) == []


def test_results_for_deleted_products_are_ignored() -> None:
    deleted = {"status": "success", "product": {"seller_sku": "A"}}
    nameless = {"status": "error", "message": "no such product", "product": {"seller_sku": ""}}
    assert SellerCenterShop.webhooks.read_receipts(callback(deleted, nameless, BAD)) == [
        Receipt(DataType.PRODUCTS, NOW, "B", error="No such category")
    ]


@pytest.mark.parametrize(
    "call",
    [
        callback(GOOD, request_id=None),
        callback(GOOD, request_id="17"),
        callback(GOOD, request_id=PRODUCTS.replace("products", "lamps")),
        callback(GOOD, request_id="products-1"),
        callback(GOOD, params={"result": "success"}),
        callback(GOOD, params=None),
        callback("success"),
        callback(),
        {"id": PRODUCTS},
        {},
    ],
)
def test_a_callback_without_any_result_is_rejected_as_a_whole(call: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        SellerCenterShop.webhooks.read_receipts(call)


@pytest.mark.parametrize(
    ("result", "error"),
    [
        ({"status": "success", "product": {"seller_sku": "A", "id": "", "config_id": "7"}}, "cannot be read"),
        ({"status": "success", "product": {"seller_sku": "A", "id": True, "config_id": "7"}}, "cannot be read"),
        ({"product": {"seller_sku": "A"}}, "cannot be read"),
        ("success", "cannot be read"),
        ({"status": "error", "product": {}}, "no reason given"),
        ({"status": "failure", "error": {"message": "No special from and/or to date"}}, "No special from"),
        ({"status": "failure", "error": {"message": "Unknown product", "code": 31}}, "Unknown product (31)"),
        (False, "without giving a reason"),
    ],
)
def test_a_result_that_names_no_product_costs_no_other(result: Any, error: str) -> None:
    """V3: its receipt has no SKU, so that a person is told."""
    bad, good = SellerCenterShop.webhooks.read_receipts(callback(result, GOOD))
    assert good == Receipt(DataType.PRODUCTS, NOW, "A", "5", "7")
    assert bad.sku == "" and error in bad.error


def test_single_objects_and_image_collections_are_read() -> None:
    """V3: a result may stand alone; that of images is an object, and says nothing that has to be done."""
    alone = callback(params={"result": GOOD})
    assert SellerCenterShop.webhooks.read_receipts(alone) == [Receipt(DataType.PRODUCTS, NOW, "A", "5", "7")]
    images = {"productSetSrcId": 7, "images": [{"uri": "/p/1.jpg", "hash": "0" * 32, "srcId": 3}]}
    assert SellerCenterShop.webhooks.read_receipts(callback(params={"result": images})) == []
    assert SellerCenterShop.webhooks.read_receipts(callback({"status": "success"})) == []


def test_the_adapter_reads_the_sandboxs_callbacks(sandbox: Callable[..., SandboxProcess]) -> None:
    process = sandbox("seller_center_shop", accounts={"Live": "live-key"}, products=10)
    shop = open_account(process, "Live")
    process.control("POST", "queue", json={"paused": True})
    shop.target(DataType.PRODUCTS).send(creations(shop, DataType.PRODUCTS, [product(1)]))
    process.control("POST", "queue", json={"paused": False})
    calls = [callback(request_id=row["id"], params=row["params"]) for row in process.state("callbacks")]
    receipts = [receipt for each in calls for receipt in SellerCenterShop.webhooks.read_receipts(each)]
    there = {row["seller_sku"]: (row["id"], row["config_id"]) for row in process.state("variants")}
    assert {each.sku: (each.external_id, each.product_id) for each in receipts} == {
        sku: there[sku] for sku in ("SKU-10", "SKU-11")
    }
    assert all(abs(each.requested_at - datetime.now(UTC)) < timedelta(minutes=1) for each in receipts)
    shop.http.close()
