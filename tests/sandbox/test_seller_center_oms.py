"""The simulated Seller Center's OMS: items of quantity one, allowed status transitions, failures by position."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.process import SandboxProcess
from tests.sandbox.seller_center import call

TIME = {"status_event_time": "2026-02-01 10:00:00"}
SHIPPED = {"item_status": "shipped", "shipping_carrier": "DHL", "tracking_code": "T-1", **TIME}


@pytest.fixture
def oms(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox(
        "seller_center_oms", accounts={"live": "key", "staging": "other"}, products=20, customers=9, orders=12
    )


def update(oms: SandboxProcess, *items: Any, action: str = "UpdateItemsStatus") -> Any:
    return call(oms, "/", {"Request": {"Items": list(items)}}, Action=action, Version="1.0")


def pending(oms: SandboxProcess) -> list[str]:
    items = [item for row in oms.state("orders") for item in row["items"]]
    return [item["id_sales_order_item"] for item in items if item["item_status"] == "pending"]


def failed(answer: Any) -> dict[int, str]:
    return {each["Position"]: each["ErrorMessage"] for each in answer["ErrorResponse"]["Body"]["UpdateItemsStatus"]}


def test_orders_belong_to_customers_and_add_up(oms: SandboxProcess) -> None:
    customers = {row["id"] for row in oms.state("customers")}
    for row in oms.state("orders"):
        assert row["customer_id"] in customers and row["items"]
        assert f"{sum(float(item['price']) for item in row['items']):.2f}" == row["total"]
    assert list(oms.state("orders", "live")) == list(oms.state("orders", "staging"))


def test_items_follow_the_allowed_transitions(oms: SandboxProcess) -> None:
    item = {"id_sales_order_item": pending(oms)[0]}
    assert "SuccessResponse" in update(oms, item | SHIPPED).json()
    assert "SuccessResponse" in update(oms, item | SHIPPED).json(), "repeating a status is fine"
    assert (
        "cannot become"
        in failed(update(oms, item | TIME | {"item_status": "canceled", "cancel_reason": "x"}).json())[0]
    )
    assert "SuccessResponse" in update(oms, item | TIME | {"item_status": "delivered"}).json()
    returned = item | TIME | {"item_status": "returned"}
    assert "return_reason" in failed(update(oms, returned).json())[0]
    assert "SuccessResponse" in update(oms, returned | {"return_reason": "Too small"}).json()


def test_failures_are_reported_by_position_and_the_rest_is_applied(oms: SandboxProcess) -> None:
    good = {"id_sales_order_item": pending(oms)[0]} | SHIPPED
    bad: list[Any] = [
        {"id_sales_order_item": "999999"} | SHIPPED,
        {**good, "item_status": "gone"},
        {**good, "tracking_code": ""},
        {**good, "status_event_time": "2026-02-01T10:00:00Z"},
        {"item_status": "shipped"},
        "shipped",
    ]
    untimed = {**good, "status_event_time": None}
    assert sorted(failed(update(oms, *bad[:3], good, *bad[3:], untimed).json())) == [0, 1, 2, 4, 5, 6]
    assert good["id_sales_order_item"] not in pending(oms)


def test_malformed_requests_are_rejected_as_a_whole(oms: SandboxProcess) -> None:
    item = {"id_sales_order_item": pending(oms)[0]} | SHIPPED
    for items in ([], [item] * 4001):
        assert update(oms, *items).json()["ErrorResponse"]["Head"]["ErrorMessage"]
    assert update(oms, item, action="Another").status_code == 400
    assert call(oms, "/lookup", {"kind": "orders", "ids": ["1"]}).status_code == 404
    assert item["id_sales_order_item"] in pending(oms)


def test_new_orders_get_their_ids_from_the_sequences(oms: SandboxProcess) -> None:
    oms.control("POST", "delete", json={"account": "staging", "kind": "orders", "ids": ["4", "5"]})
    oms.control("POST", "sequence", json={"account": "staging", "kind": "orders", "next": 4})
    oms.control("POST", "sequence", json={"account": "staging", "kind": "items", "next": 2})
    assert oms.control("POST", "orders", json={"account": "staging", "count": 2}) == {"ids": ["4", "5"]}
    orders = {row["id"]: row for row in oms.state("orders", "staging")}
    assert [item["id_sales_order_item"] for item in orders["4"]["items"]] == ["2", "3", "4"]
    assert orders["4"] not in list(oms.state("orders", "live"))


def test_details_of_a_status_are_stored(oms: SandboxProcess) -> None:
    number = pending(oms)[0]
    good, bad = {"id_sales_order_item": number, "status_detail": "Waits at the depot"}, {"id_sales_order_item": number}
    answer = update(oms, good, bad, action="UpdateItemsInformation").json()["ErrorResponse"]
    assert [each["Position"] for each in answer["Body"]["UpdateItemsInformation"]] == [1]
    details = [item.get("status_detail") for row in oms.state("orders") for item in row["items"]]
    assert details.count("Waits at the depot") == 1
    assert call(oms, "/", {"Request": {"Items": [good]}}, Action="UpdateItemsInformation").status_code == 400
