"""BigCommerce's orders: what they cost by the documented rules, refunds, and the parts with listings of their own."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.process import SandboxProcess, start
from tests.sales import Sales, orders
from tests.sandbox.conftest import Api

SKUS: list[str] = []
KINDS = ("product", "digital", "custom", "gift_certificate")
CHARGES = ("shipping", "handling", "fee")


@pytest.fixture(scope="module")
def store() -> Iterator[SandboxProcess]:
    with start("bigcommerce", accounts={"abc": "token"}, products=5, dirty=False, quota=1_000_000) as process:
        SKUS[:] = [row["sku"] for row in process.state("variants")][:4]
        yield process


@pytest.fixture
def sales(store: SandboxProcess) -> Sales:
    return Sales(store, "abc")


@pytest.fixture
def shop(store: SandboxProcess, api: Callable[..., Api]) -> Api:
    return api(store, "/stores/abc", {"X-Auth-Token": "token"})


def line(**values: Any) -> dict[str, Any]:
    return {"sku": SKUS[0], "quantity": 2, "price": "100", **values}


def parts(*lines: dict[str, Any], **values: Any) -> dict[str, Any]:
    charges = [{"kind": kind, **charge} for kind in CHARGES if (charge := values.pop(kind, None))]
    return {"lines": list(lines), "charges": charges, **values}


@pytest.mark.parametrize(
    ("values", "taxed", "total"),
    [
        ({"shipping": {"amount": "20", "tax_rate": "25"}}, "25", "275.00"),
        ({"coupon": "20", "coupon_code": "SPRING"}, "25", "225.00"),
        ({"discount": "30"}, "0", "170.00"),
        ({"handling": {"amount": "4"}, "lines": {"wrapping": "4"}}, "0", "212.00"),
        ({"fee": {"amount": "5"}}, "0", "205.00"),
        ({"prices_include_tax": True, "coupon": "20"}, "25", "180.00"),
        # As a printed order has it, a manual discount can leave the tax alone.
        ({"discount": "30", "tax_before_discount": True}, "25", "220.00"),
    ],
)
def test_totals_follow_the_documented_rules(sales: Sales, values: dict[str, Any], taxed: str, total: str) -> None:
    values = dict(values)
    placed = sales.place(parts(line(tax_rate=taxed, **values.pop("lines", {})), **values))
    assert placed["total"] == total


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_an_order_is_the_sum_of_its_parts(store: SandboxProcess, data: st.DataObject) -> None:
    """Any order, in currencies with 0, 2 and 3 places, with prices on either side of the tax."""
    sales, shop = Sales(store, "abc"), Api(store, "/stores/abc", {"X-Auth-Token": "token"})
    wanted = data.draw(orders(SKUS, kinds=KINDS, charges=CHARGES, wrapping=True))
    placed = sales.place(wanted)
    shown = shop.get(f"/v2/orders/{placed['id']}", include="fees").json()
    lines = shop.get(f"/v2/orders/{placed['id']}/products").json()
    side = "inc_tax" if wanted["prices_include_tax"] else "ex_tax"
    charged = sum(Decimal(shown[f"{kind}_cost_{side}"]) for kind in ("shipping", "handling", "wrapping"))
    fees = sum(Decimal(fee[f"cost_{side}"]) for fee in shown["fees"])
    goods = sum(Decimal(each[f"total_{side}"]) for each in lines)
    discounts = Decimal(shown["discount_amount"]) + Decimal(shown["coupon_discount"])
    assert sum(Decimal(cut["amount"]) for each in lines for cut in each["applied_discounts"]) == discounts
    assert Decimal(shown[f"subtotal_{side}"]) == goods + fees
    assert Decimal(shown[f"total_{side}"]) == goods + fees + charged - discounts
    assert Decimal(shown["total_inc_tax"]) - Decimal(shown["total_ex_tax"]) == Decimal(shown["total_tax"])
    taxes = shop.get(f"/v2/orders/{placed['id']}/taxes")
    taxed = sum(Decimal(each["line_amount"]) for each in taxes.json()) if taxes.status_code == 200 else Decimal(0)
    assert taxed == Decimal(shown["total_tax"])
    assert Decimal(placed["total"]) == Decimal(shown["total_inc_tax"])


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_refunds_piece_by_piece_add_up_to_the_lines(store: SandboxProcess, data: st.DataObject) -> None:
    sales = Sales(store, "abc")
    placed = sales.place(data.draw(orders(SKUS, charges=())))
    before = Decimal(0)
    for each in placed["lines"]:
        for _ in range(int(each["ordered"])):
            after = Decimal(sales.act("refund", placed["id"], lines={each["id"]: "1"})["refunded"])
            assert after >= before
            before = after
    refunded = sales.view(placed["id"])
    assert (refunded["refunded"], refunded["status"]) == (placed["total"], "Refunded")
    assert not any(Decimal(each["open"]) for each in refunded["lines"])


def test_a_refund_is_quoted_paid_and_counted(sales: Sales, shop: Api) -> None:
    order = parts(line(quantity=5, tax_rate="20"), shipping={"amount": "10"})
    placed = sales.place(order)
    number, [item] = placed["id"], placed["lines"]
    actions = f"/v3/orders/{number}/payment_actions"
    address = shop.get(f"/v2/orders/{number}/products").json()[0]["order_address_id"]
    items = [
        {"item_type": "PRODUCT", "item_id": int(item["id"]), "quantity": 2},
        {"item_type": "SHIPPING", "item_id": address, "amount": 4},
        {"item_type": "ORDER", "item_id": int(number), "amount": 1},
    ]
    quote = shop.post(f"{actions}/refund_quotes", {"items": items}).json()["data"]
    assert (quote["total_refund_amount"], quote["total_refund_tax_amount"]) == (245, 40)
    wrong = {"items": items, "payments": [{"provider_id": "custom", "amount": 240, "offline": True}]}
    assert shop.post(f"{actions}/refunds", wrong).status_code == 422
    wrong["payments"][0]["amount"] = 245
    made = shop.post(f"{actions}/refunds", wrong).json()["data"]
    assert [each["requested_amount"] for each in made["items"]] == [200, 4, 1]
    shown = shop.get(f"/v2/orders/{number}").json()
    assert (shown["status_id"], shown["refunded_amount"], shown["total_inc_tax"]) == (14, "0.0000", "610.0000")
    [read] = shop.get(f"/v2/orders/{number}/products").json()
    assert (read["quantity_refunded"], read["is_refunded"], read["quantity"]) == (2, True, 5)
    assert shop.data("/v3/orders/payment_actions/refunds", **{"order_id:in": number}) == [made]
    items[0]["quantity"] = 4
    assert shop.post(f"{actions}/refund_quotes", {"items": items}).status_code == 422


def test_an_order_with_two_addresses_ships_to_each(sales: Sales, shop: Api) -> None:
    homes = [{"city": "Oslo"}, {"city": "Bergen"}]
    placed = sales.place(parts(line(quantity=1), line(quantity=2, address=1), addresses=homes))
    addresses = shop.get(f"/v2/orders/{placed['id']}/shipping_addresses").json()
    assert [(each["city"], each["items_total"]) for each in addresses] == [("Oslo", 1), ("Bergen", 2)]
    lines = shop.get(f"/v2/orders/{placed['id']}/products").json()
    assert [each["order_address_id"] for each in lines] == [each["id"] for each in addresses]
    wrong = {"order_address_id": addresses[0]["id"], "items": [{"order_product_id": lines[1]["id"], "quantity": 1}]}
    assert shop.post(f"/v2/orders/{placed['id']}/shipments", wrong).status_code == 400
    assert sales.act("ship", placed["id"])["status"] == "Shipped"


def test_digital_lines_do_not_keep_an_order_partly_shipped(sales: Sales) -> None:
    placed = sales.place(parts(line(), line(kind="digital", sku=SKUS[1])))
    assert [each["open"] for each in placed["lines"]] == ["2", "0"]
    assert sales.act("ship", placed["id"])["status"] == "Shipped"


def test_what_a_client_changes_loses_its_discounts(sales: Sales, shop: Api) -> None:
    placed = sales.place(parts(line(price="100"), line(sku=SKUS[1], price="50"), discount="30"))
    [first, second] = placed["lines"]
    change = {"products": [{"id": int(first["id"]), "quantity": 3}], "fees": [{"type": "custom_fee"}]}
    assert shop.put(f"/v2/orders/{placed['id']}", change).status_code == 400
    change["fees"] = [
        {"type": "custom_fee", "display_name_customer": "Pledge", "cost_ex_tax": "5", "cost_inc_tax": "6"}
    ]
    shown = shop.put(f"/v2/orders/{placed['id']}", change).json()
    # 3 × 100 and 2 × 50 less its share of the discount (10), and a fee of 6 with tax.
    assert (shown["total_inc_tax"], shown["discount_amount"]) == ("396.0000", "10.0000")
    removed = {"products": [{"id": int(second["id"]), "quantity": 0}], "fees": []}
    assert shop.put(f"/v2/orders/{placed['id']}", removed).json()["total_inc_tax"] == "300.0000"


def test_an_archived_order_is_still_read_by_its_id(sales: Sales, shop: Api) -> None:
    placed = sales.place(parts(line()))
    sales.act("archive", placed["id"])
    assert shop.get(f"/v2/orders/{placed['id']}").json()["is_deleted"] is True
    assert all(each["id"] != int(placed["id"]) for each in shop.get("/v2/orders", limit=250).json())
    assert sales.attempt("change", placed["id"], change={"quantities": {"1": 1}}).status_code == 404
