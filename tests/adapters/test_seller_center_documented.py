"""What the vendor prints, with other names: requests that the simulated systems must take, and answers that
the adapters must read. Written from the vendor's pages alone (V3)."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from connectors.platforms.seller_center_oms.targets.item_statuses import failures
from connectors.platforms.seller_center_shop.results import Result
from connectors.platforms.seller_center_shop.rpc import read_answer
from sandbox.process import SandboxProcess
from tests.sandbox.seller_center import call

# product-api/createproducts, updatestock, updateprices, productupdateimagecollection; IDs are those of the shop below.
CREATE = {
    "approval_status": 1,
    "attribute_set": "5",
    "attributes": {"12": "Walnut", "31": ["7", "9"]},
    "brand": "3",
    "categories": ["2", "4"],
    "config_id": None,
    "description": "<p>A desk</p>",
    "id_catalog_product": "8801",
    "platform_identifier": "SellerCenter",
    "price": "249.00",
    "primary_category": "2",
    "product_identifier": "4006381333931",
    "product_set": "660",
    "rsin": "",
    "seller": "2",
    "seller_sku": "DESK-1",
    "shipment_matrix_template": [],
    "shipment_type": "1",
    "special_from_date": "2026-03-01 00:00:00",
    "special_price": "199.00",
    "special_to_date": "2026-03-31 23:59:59",
    "status": "active",
    "stock": 4,
    "tax_class": "1",
    "title": "Desk",
}
AUTH = {"api": 1, "method": "auth", "params": {"username": "hub", "password": "word"}, "id": 1}
ACKNOWLEDGED = [{"api": 1, "result": [{"status": "success"}], "id": "1"}]


@pytest.fixture
def shop(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("seller_center_shop", accounts={"SellerCenter": "key"}, products=5, dirty=False)


def test_printed_requests_are_taken_by_the_shop(shop: SandboxProcess) -> None:
    shop.control("POST", "login", json={"username": "hub", "password": "word"})
    [row] = [each for each in shop.state("variants") if each["id"] == "1"]
    named = {"product_id": "1", "seller_sku": row["seller_sku"], "sku": "SC-1"}
    dates = {"special_from_date": "2026-03-01 00:00:00", "special_to_date": "2026-03-31 23:59:59"}
    images = [{"url": "https://images.example.com/1.jpg", "hash": "0cc175b9c0f1b6a831c399e269772661"}]
    printed: list[tuple[str, Any]] = [
        ("Product.createProducts", {"productsInfo": [CREATE]}),
        ("Product.updateProducts", {"productsInfo": [CREATE | named | {"config_id": row["config_id"]}]}),
        ("Product.updateStock", {"productsInfo": [named | {"quantity": "17", "seller_id": "2"}]}),
        (
            "Product.updatePrices",
            {"productsInfo": [named | dates | {"attribute_set": "5", "price": "12.00", "special_price": "9.00"}]},
        ),
        ("Product.updateImageCollection", {"productSetSrcId": int(row["config_id"]), "images": images}),
        # product-api/productaddimages, seller-api/sellerupdatesellers
        ("Product.addImages", {"imageInfos": [{"productId": "1", "fileName": images[0]["url"], "imageNumber": 2}]}),
        ("Seller.updateSellers", {"sellerData": [{"id": "2", "status": "inactive", "send_order_email": True}]}),
    ]
    for method, params in printed:
        body = [AUTH, {"api": 1, "method": method, "params": params, "id": 1}]
        if method == "Product.updateProducts":
            body[1]["params"] = {"productsInfo": [_without(each, "stock") for each in params["productsInfo"]]}
        answer = requests.post(f"{shop.url}/", json=body, timeout=60)
        assert answer.status_code == 200 and answer.json() == ACKNOWLEDGED, (method, answer.text)
    [changed] = [each for each in shop.state("variants") if each["id"] == "1"]
    assert (changed["stock"], changed["price"], changed["special_price"]) == (17, "12.00", "9.00")
    assert shop.violations() == []


def test_a_printed_request_is_taken_by_the_oms(sandbox: Callable[..., SandboxProcess]) -> None:
    oms = sandbox("seller_center_oms", accounts={"OMS": "key"}, customers=2, orders=6)
    number = next(
        int(item["id_sales_order_item"])
        for row in oms.state("orders")
        for item in row["items"]
        if item["item_status"] == "pending"
    )
    shipped = {
        "id_sales_order_item": number,
        "item_status": "shipped",
        "shipping_carrier": "Aramex",
        "tracking_code": "AX-77",
    }
    # The time is optional.
    for more in ({"status_event_time": "2026-02-03 08:15:00"}, {}):
        body = {"Request": {"Items": [shipped | more]}}
        answer = call(oms, "/", body, Action="UpdateItemsStatus", Version="1.0").json()
        assert answer["SuccessResponse"]["Body"] == []
    assert set(answer["SuccessResponse"]["Head"]) == {"RequestId", "RequestAction", "ResponseType", "Timestamp"}


PRODUCT = {"seller_sku": "DESK-1", "sku": "SC-9", "id": "402", "config_id": None, "updated_at": "2026-02-03 08:15:00"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ([{"api": 1, "result": [{"status": "success"}], "id": "r"}], None),
        (
            [{"api": 1, "result": [{"status": "success", "product": PRODUCT}, {"status": "failure"}], "id": "r"}],
            [Result("", "DESK-1", "402"), Result("no reason given.")],
        ),
        (
            [
                {
                    "api": 1,
                    "result": [
                        {"status": "failure", "error": {"message": "Product was not found"}},
                        {"status": "success", "product": PRODUCT | {"config_id": "31"}},
                    ],
                    "id": "r",
                }
            ],
            [Result("Product was not found"), Result("", "DESK-1", "402", "31")],
        ),
        (
            {
                "api": 1,
                "result": {"productSetSrcId": 31, "images": [{"uri": "/p/a.jpg", "hash": "0cc1", "srcId": 5}]},
                "id": "r",
            },
            [Result()],
        ),
        (
            [{"api": 1, "result": [True, False], "id": "r"}],
            [Result(), Result("The shop rejected it without giving a reason.")],
        ),
        ([{"api": 1, "result": {"2": True}, "id": "r"}], [Result()]),
    ],
    ids=["queued", "products", "a failure without product", "images", "added images", "sellers"],
)
def test_printed_answers_are_read(answer: Any, expected: list[Result] | None) -> None:
    entries = len(expected) if expected else 3
    assert read_answer(answer, "Product.updateStock", "r", entries=entries, batch=False) == expected


def test_a_printed_answer_of_the_oms_is_read() -> None:
    head = {"RequestAction": "UpdateItemsStatus", "ErrorType": "Sender", "ErrorCode": "0", "ErrorMessage": "Partly"}
    named = [{"ErrorCode": "20", "ErrorMessage": "Item is unknown", "Position": 2}]
    answer = {"ErrorResponse": {"Head": head, "Body": {"UpdateItemsStatus": named}}}
    assert failures(answer, 3) == {2: "Item is unknown"}


def _without(entry: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != name}
