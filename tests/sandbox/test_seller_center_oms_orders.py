"""Orders of the OMS: what an order comes to, and what becomes of its items."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.process import SandboxProcess, start
from tests.sales import Sales, orders


@pytest.fixture(scope="module")
def orders_platform() -> Iterator[SandboxProcess]:
    with start("seller_center_oms", accounts={"Live": "key"}, products=3, customers=2) as process:
        yield process


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_an_order_is_the_sum_of_its_items(orders_platform: SandboxProcess, data: st.DataObject) -> None:
    sales = Sales(orders_platform, "Live")
    wanted = data.draw(orders(["A", "B", "C"], kinds=("product", "digital")))
    placed = sales.place(wanted)
    row = next(row for row in orders_platform.state("orders") if row["id"] == placed["id"])
    for item in row["items"]:
        assert Decimal(item["paid_price"]) == Decimal(item["price"]) - Decimal(item["voucher_amount"]) >= 0
    paid = sum(Decimal(item["paid_price"]) + Decimal(item["shipping_amount"]) for item in row["items"])
    assert Decimal(placed["total"]) == paid
    assert Decimal(placed["tax"]) == sum(Decimal(item["tax_amount"]) for item in row["items"])
    assert len(row["items"]) == sum(line["quantity"] for line in wanted["lines"])


def test_items_are_cancelled_shipped_and_returned_one_by_one(orders_platform: SandboxProcess) -> None:
    sales = Sales(orders_platform, "Live")
    placed = sales.place({"lines": [{"sku": "A", "quantity": 3, "price": "10"}]})
    first, second, third = (line["id"] for line in placed["lines"])
    sales.act("cancel", placed["id"], lines={first: "1"})
    assert sales.attempt("refund", placed["id"], lines={second: "1"}).status_code == 400
    sales.act("ship", placed["id"])
    after = sales.act("refund", placed["id"], lines={third: "1"})
    assert (after["status"], after["refunded"]) == ("canceled, returned, shipped", "10")
    assert [line["open"] for line in after["lines"]] == ["0", "0", "0"]
