"""Magento's orders: what they cost by the shop's rules, credit memos, cancellations and bundles."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.process import SandboxProcess, start
from tests.sales import Sales, orders

SKUS: list[str] = []


@pytest.fixture(scope="module")
def store() -> Iterator[SandboxProcess]:
    with start("magento", accounts={"alpha": "token"}, products=6, customers=2, dirty=False) as process:
        SKUS[:] = [row["sku"] for row in process.state("goods") if row["type_id"] == "simple"][:4]
        yield process


@pytest.fixture
def sales(store: SandboxProcess) -> Sales:
    return Sales(store, "alpha")


def call(store: SandboxProcess, path: str, body: Any = None, method: str = "") -> Any:
    """The vendor's API; a body makes it a POST."""
    headers = {"Authorization": "Bearer token"}
    url = f"{store.url}/rest/default/V1{path}"
    method = method or ("GET" if body is None else "POST")
    return requests.request(method, url, json=body, headers=headers, timeout=60).json()


def exact(row: dict[str, Any], name: str) -> Decimal:
    return Decimal(str(row.get(name) or 0))


def order(*lines: dict[str, Any], shipping: dict[str, str] | None = None, **values: Any) -> dict[str, Any]:
    charges = [{"kind": "shipping", **shipping}] if shipping else []
    return {"lines": [{"sku": SKUS[0], **line} for line in lines], "charges": charges, **values}


def test_a_discount_of_prices_with_tax_compensates_its_tax(store: SandboxProcess, sales: Sales) -> None:
    line = {"quantity": 2, "price": "125", "tax_rate": "25"}
    wanted = order(line, shipping={"amount": "12.50"}, coupon="50", coupon_code="HALF", prices_include_tax=True)
    placed = sales.place(wanted)
    shown = call(store, f"/orders/{placed['id']}")
    names = ("subtotal", "tax_amount", "discount_tax_compensation_amount", "discount_amount", "grand_total")
    assert [shown[name] for name in names] == [200, 40, 10, -50, 212.5]
    assert (shown["coupon_code"], shown["items"][0]["discount_amount"]) == ("HALF", 50)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_an_order_is_the_sum_of_its_items(store: SandboxProcess, data: st.DataObject) -> None:
    """Any order, in currencies with 0, 2 and 3 places, with prices on either side of the tax."""
    sales = Sales(store, "alpha")
    wanted = data.draw(orders(SKUS, kinds=("product", "digital", "virtual")))
    placed = sales.place(wanted)
    shown = call(store, f"/orders/{placed['id']}")
    items = [item for item in shown["items"] if "parent_item_id" not in item]
    charged = sum(
        exact(item, "row_total")
        + exact(item, "tax_amount")
        + exact(item, "discount_tax_compensation_amount")
        - exact(item, "discount_amount")
        for item in items
    )
    assert exact(shown, "grand_total") == charged + exact(shown, "shipping_incl_tax")
    assert exact(shown, "tax_amount") == sum(exact(item, "tax_amount") for item in items) + exact(
        shown, "shipping_tax_amount"
    )
    entered = sum(Decimal(line["price"]) * line["quantity"] - Decimal(line["discount"]) for line in wanted["lines"])
    entered += sum(Decimal(charge["amount"]) for charge in wanted["charges"])
    entered -= Decimal(wanted.get("coupon", 0)) + Decimal(wanted.get("discount", 0))
    tax = Decimal(0) if wanted["prices_include_tax"] else exact(shown, "tax_amount")
    assert Decimal(placed["total"]) == entered + tax


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_credit_memos_piece_by_piece_add_up_to_the_order(store: SandboxProcess, data: st.DataObject) -> None:
    sales = Sales(store, "alpha")
    placed = sales.place(data.draw(orders(SKUS, charges=())))
    for line in placed["lines"]:
        for _ in range(int(line["ordered"])):
            # A piece that was free has nothing to give back, which the shop refuses.
            sales.attempt("refund", placed["id"], lines={line["id"]: "1"})
    after = sales.view(placed["id"])
    whole = [line for line in after["lines"] if line["refunded"] != line["ordered"]]
    assert Decimal(after["refunded"]) == Decimal(placed["total"]) or whole


def test_a_credit_memo_lowers_what_is_left_to_ship(store: SandboxProcess, sales: Sales) -> None:
    placed = sales.place(order({"quantity": 5, "price": "10", "tax_rate": "20"}, shipping={"amount": "6"}))
    [line] = placed["lines"]
    items = [{"order_item_id": int(line["id"]), "qty": 2}]
    refund = {"items": items, "arguments": {"shipping_amount": 1.5, "adjustment_positive": 1}}
    number = call(store, f"/order/{placed['id']}/refund", refund)
    memo = call(store, f"/creditmemo/{number}")
    assert (memo["grand_total"], memo["tax_amount"], memo["items"][0]["qty"]) == (26.5, 4, 2)
    after = sales.view(placed["id"])
    assert (after["refunded"], after["lines"][0]["open"]) == ("26.5", "3")
    too_many = call(store, f"/order/{placed['id']}/ship", {"items": [{"order_item_id": int(line["id"]), "qty": 4}]})
    # What is not left is cut without an error.
    assert isinstance(too_many, int) and sales.view(placed["id"])["status"] == "complete"
    # Without an amount, all shipping that is left goes back, as the shop does; but not more than was paid.
    assert "most money" in call(store, f"/order/{placed['id']}/refund", {})["message"]
    call(store, f"/order/{placed['id']}/refund", {"arguments": {"adjustment_negative": 1}})
    assert (sales.view(placed["id"])["status"], sales.view(placed["id"])["refunded"]) == ("closed", "66.0")


def test_what_is_not_invoiced_can_be_cancelled(store: SandboxProcess, sales: Sales) -> None:
    placed = sales.place(order({"quantity": 5, "price": "10"}, paid=False))
    [line] = placed["lines"]
    call(store, f"/order/{placed['id']}/invoice", {"items": [{"order_item_id": int(line["id"]), "qty": 3}]})
    assert call(store, f"/orders/{placed['id']}/cancel", method="POST") is True
    after = sales.view(placed["id"])["lines"][0]
    assert (after["cancelled"], after["open"]) == ("2", "3")
    assert "cannot cancel" in call(store, f"/orders/{placed['id']}/cancel", method="POST")["message"]
    untouched = sales.place(order({"quantity": 2, "price": "10"}, paid=False))
    assert sales.act("cancel", untouched["id"])["status"] == "canceled"


def test_what_is_not_shipped_does_not_keep_an_order_open(store: SandboxProcess, sales: Sales) -> None:
    placed = sales.place(
        order({"quantity": 2, "price": "10"}, {"sku": "E-BOOK", "kind": "digital", "quantity": 1, "price": "4"})
    )
    assert sales.act("ship", placed["id"])["status"] == "complete"
    virtual = call(store, f"/orders/{sales.place(order({'kind': 'virtual', 'price': '4'}))['id']}")
    [assignment] = virtual["extension_attributes"]["shipping_assignments"]
    assert "address" not in assignment["shipping"] and virtual["is_virtual"] == 1


def test_a_bundle_with_dynamic_price_repeats_its_parts(store: SandboxProcess, sales: Sales) -> None:
    parts = [{"sku": SKUS[0], "price": "10"}, {"sku": SKUS[1], "quantity": 2, "price": "5"}]
    line = {"sku": "SET", "kind": "set", "quantity": 2, "tax_rate": "20", "discount": "4", "parts": parts}
    placed = sales.place(order(line))
    assert (placed["total"], [each["ordered"] for each in placed["lines"]]) == ("43.2", ["2", "4"])
    shown = call(store, f"/orders/{placed['id']}")
    bundle, *children = shown["items"]
    assert bundle["sku"] == f"SET-{SKUS[0]}-{SKUS[1]}" and bundle["product_type"] == "bundle"
    assert bundle["row_total"] == sum(child["row_total"] for child in children) == shown["subtotal"]
    assert (bundle["discount_amount"], sum(child["discount_amount"] for child in children)) == (0, 4)
    # Its parts are shipped separately, and a shipment names them.
    [first, second] = placed["lines"]
    rejected = sales.attempt("ship", placed["id"], lines={str(bundle["item_id"]): "1"})
    assert rejected.status_code == 404
    assert sales.act("ship", placed["id"], lines={first["id"]: "2"})["status"] == "processing"
    assert sales.act("ship", placed["id"], lines={second["id"]: "4"})["status"] == "complete"


def test_a_bundle_with_fixed_price_bears_the_amounts_itself(store: SandboxProcess, sales: Sales) -> None:
    parts = [{"sku": SKUS[0]}, {"sku": SKUS[1], "quantity": 2}]
    line = {
        "sku": "BOX",
        "kind": "fixed_set",
        "price": "30",
        "tax_rate": "20",
        "parts": parts,
        "shipped_together": True,
    }
    placed = sales.place(order(line))
    bundle, *children = call(store, f"/orders/{placed['id']}")["items"]
    assert (placed["total"], bundle["row_total"], [child["price"] for child in children]) == ("36.0", 30, [0, 0])
    shipped = sales.act("ship", placed["id"])
    assert shipped["status"] == "complete" and [each["shipped"] for each in shipped["lines"]] == ["1", "2"]


def test_gift_cards_and_store_credit_lower_what_is_due(store: SandboxProcess, sales: Sales) -> None:
    placed = sales.place(order({"quantity": 2, "price": "50"}, gift_certificate="30", store_credit="5"))
    shown = call(store, f"/orders/{placed['id']}")
    assert (placed["total"], shown["grand_total"]) == ("100.0", 65)
    extension = shown["extension_attributes"]
    assert (extension["gift_cards_amount"], extension["customer_balance_amount"]) == (30, 5)


def test_amounts_stand_in_both_currencies(store: SandboxProcess, sales: Sales) -> None:
    placed = sales.place(order({"quantity": 3, "price": "700"}, currency="JPY", rate="140"))
    shown = call(store, f"/orders/{placed['id']}")
    assert (shown["order_currency_code"], shown["grand_total"], shown["base_grand_total"]) == ("JPY", 2100, 15)
    assert shown["base_to_order_rate"] == 140
