"""Refunds of amounts, which BigCommerce tells in no field of the order: what was paid tells what they are for."""

from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest

from connectors.platforms.bigcommerce.field_reader import FieldReader
from connectors.platforms.bigcommerce.sources.order_amounts import paid
from connectors.sdk.adapter import Adapter
from connectors.sdk.assumptions import AssumptionState, check_assumptions
from connectors.sdk.records import OrderRecord
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.sales import Parts, Sales


@pytest.fixture
def store(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("bigcommerce")


@pytest.fixture
def adapter(open_adapter: Callable[..., Adapter[Any]]) -> Adapter[Any]:
    return open_adapter("bigcommerce")


def refunded_after_an_edit(store: SandboxProcess) -> tuple[Sales, Parts]:
    """Three pieces at 10 are paid, 5 of it with store credit; one is taken out, and 10 are paid back."""
    sales = Sales(store, "alpha")
    sku = next(row["sku"] for row in store.state("variants"))
    placed = sales.place({"lines": [{"sku": sku, "quantity": 3, "price": "10"}], "store_credit": "5"})
    sales.act("change", placed["id"], change={"quantities": {placed["lines"][0]["id"]: 2}})
    return sales, sales.act("refund", placed["id"], lines={}, adjustment="10")


def read(adapter: Adapter[Any], placed: Parts) -> OrderRecord:
    [record] = adapter.source(DataType.ORDERS).fetch([placed["id"]])
    assert isinstance(record, OrderRecord) and record.problems == []
    return record


def test_a_refund_for_what_an_edit_took_out_of_the_order(adapter: Adapter[Any], store: SandboxProcess) -> None:
    sales, placed = refunded_after_an_edit(store)
    order = read(adapter, placed)
    assert (order.total, order.paid, order.refunded) == (D(20), D(30), D(10))
    assert [each.adjustment for each in order.refunds or ()] == [10]
    # Only what tells the payment is kept of a transaction.
    assert all({*each} <= {"id", "event", "status", "amount", "reference_transaction_id"}
               for each in order.raw["transactions"])  # fmt: skip
    # The order is shipped: its status no longer says that it was refunded.
    assert sales.act("ship", placed["id"])["status"] == "Shipped"
    order = read(adapter, placed)
    assert (order.status, order.paid, order.refunded) == ("shipped", D(30), D(10))


def test_an_account_without_the_scope_for_transactions(adapter: Adapter[Any], store: SandboxProcess) -> None:
    _, placed = refunded_after_an_edit(store)
    store.fault("status", path="/transactions$", status=403)
    order = read(adapter, placed)
    assert order.paid is None and order.refunded == 10
    finding = check_assumptions(adapter, seconds=60)["transactions"]
    assert finding.state is AssumptionState.REFUTED and "Order Transactions" in finding.evidence


def test_an_order_whose_transactions_are_rejected_costs_nothing_but_itself(
    adapter: Adapter[Any], store: SandboxProcess
) -> None:
    sales, placed = refunded_after_an_edit(store)
    other = sales.place({"lines": [{"sku": placed["lines"][0]["sku"], "quantity": 1, "price": "10"}]})
    store.fault("status", path="/transactions$", status=422)
    found = adapter.source(DataType.ORDERS).fetch([placed["id"], other["id"]])
    assert {each.external_id: [problem.code for problem in each.problems] for each in found} == {
        placed["id"]: ["unreadable"],
        other["id"]: [],
    }


def test_orders_without_a_refund_of_an_amount_take_no_call_for_it(adapter: Adapter[Any], store: SandboxProcess) -> None:
    sales, placed = refunded_after_an_edit(store)
    other = sales.place({"lines": [{"sku": placed["lines"][0]["sku"], "quantity": 3, "price": "10"}]})
    sales.act("refund", other["id"], lines={other["lines"][0]["id"]: "1"})
    store.clear_calls()
    assert read(adapter, other).paid is None
    assert not [call for call in store.calls() if "transactions" in call["path"]]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([("purchase", "ok", None)], 10),
        ([("authorization", "ok", None)], None),
        ([("authorization", "ok", None), ("capture", "ok", 1)], 10),
        ([("pending", "ok", None), ("settled", "ok", 1)], 10),
        ([("purchase", "ok", None), ("settled", "ok", 1)], 10),
        ([("purchase", "error", None), ("purchase", "ok", None), ("refund", "ok", 2)], 10),
        ([("purchase", "ok", None), ("purchase", "ok", None)], 20),
        ([], None),
    ],
)
def test_which_transactions_are_payments(events: list[tuple[str, str, int | None]], expected: int | None) -> None:
    rows = [
        {"id": number, "event": event, "status": status, "amount": 10.0, "reference_transaction_id": reference}
        for number, (event, status, reference) in enumerate(events, 1)
    ]
    found = paid(FieldReader({"transactions": rows}, []))
    assert found == (None if expected is None else D(expected))
