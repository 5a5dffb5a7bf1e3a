"""What NetSuite works out for our orders: with SuiteTax and closed lines, after rejections and refunds (M4–M7)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.platforms.netsuite import NetSuite
from connectors.platforms.netsuite.settings import Credentials, FieldMap, Settings
from connectors.sdk.account import Account
from connectors.sdk.errors import SkipRecord
from connectors.sdk.http import HttpClient
from connectors.sdk.operations import Action, Operation, Outcome, References
from hub.kinds import DataType, Kind
from orders.items import OrderItem, OrderLineItem, RefundItem, RefundLineItem, ShipmentItem
from orders.records import AdjustmentRecord
from sandbox.process import SandboxProcess
from tests.adapters import samples
from tests.adapters.cases import NoTokens
from tests.sales import Sales

D = Decimal
ERP = 7
Open = Callable[..., NetSuite]


@pytest.fixture
def platform(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("netsuite", accounts={"tba1": "token-secret"}, products=3)


@pytest.fixture
def open_adapter(platform: SandboxProcess) -> Iterator[Open]:
    opened: list[NetSuite] = []

    def make(**settings: Any) -> NetSuite:
        url = f"{platform.url}/tba1/services/rest"
        about = {"account": "tba1", "auth": "tba", "client_id": "sandbox-client", "token_id": "sandbox-token"}
        secrets = {"consumer_secret": "sandbox-secret", "token_secret": "token-secret"}
        account = Account(
            base_url=url,
            settings=Settings.model_validate(about | {"guest_customer": "1"} | settings),
            credentials=Credentials.model_validate(secrets),
            field_map=FieldMap(),
        )
        opened.append(NetSuite(account, HttpClient(url, deadline=10, private_hosts=["127.0.0.1"]), NoTokens()))
        return opened[-1]

    yield make
    for each in opened:
        each.http.close()


def line(number: int, quantity: str, net: str, tax: str, **more: Any) -> OrderLineItem:
    own = OrderLineItem(number, 1, None, number, f"SKU-{number}", "Lamp", "", D(quantity), D(0), "pending")
    amounts = {"total_net": D(net), "tax": D(tax), "total_gross": D(net) + D(tax), "tax_rate": D(25)}
    return replace(own, **amounts | more)


def order(*lines: OrderLineItem, shipping: tuple[str, str] = ("20", "5"), **more: Any) -> OrderItem:
    """Two lines by default: 200 and 100 without tax, shipping of 20, and 25 % of tax."""
    net, tax = (D(each) for each in shipping)
    charge = AdjustmentRecord(kind="shipping", net=net, tax=tax, gross=net + tax, tax_rate=D(25))
    usual: dict[str, Any] = {
        "lines": list(lines) or [line(1, "2", "200", "50"), line(2, "1", "100", "25")],
        "shipments": [],
        "status": "confirmed",
        "currency": "EUR",
        "adjustments": [charge],
        "customer_id": None,
        "customer_reference": "",
        "target_id": ERP,
        "principal": None,
    }
    return samples.order(1, **usual | more)


def set_tax(platform: SandboxProcess, engine: str, rate: str = "25") -> None:
    platform.control("POST", "tax", json={"account": "tba1", "engine": engine, "rate": rate, "shipping_rate": rate})


class Sender:
    """Sends one order, and again what became of it."""

    def __init__(self, adapter: NetSuite) -> None:
        self.target = adapter.target(DataType.ORDERS)
        self.payload: Any = None
        self.links: dict[tuple[str, int], str] = {}

    def send(self, item: OrderItem) -> Outcome:
        payload = self.target.payload(item, References(self.links))
        action = Action.UPDATE if self.payload else Action.CREATE
        [outcome] = self.target.send([Operation(action, 1, "", payload, self.payload)])
        if outcome.error is None:
            self.payload, self.links = payload, outcome.links
        return outcome


def totals(outcome: Outcome) -> Any:
    assert outcome.totals is not None
    return outcome.totals


def codes(outcome: Outcome) -> list[str]:
    return [problem.code for problem in outcome.warnings]


def reject(platform: SandboxProcess, **which: Any) -> None:
    """NetSuite rejects the next call of the kind."""
    details = [{"detail": "The period is closed.", "o:errorCode": "USER_ERROR"}]
    body = {"type": "", "title": "Bad Request", "status": 400, "o:errorDetails": details}
    platform.fault("status", status=400, body=body, times=1, **which)


# SuiteTax


def test_suitetax_takes_the_tax_of_the_order(open_adapter: Open, platform: SandboxProcess) -> None:
    set_tax(platform, "suitetax", rate="19")
    codes_by_rate = {"tax_type": "5", "tax_codes": {"25": "51", "0": "50"}}
    item = order()
    computed = Sender(open_adapter()).send(item)
    # Without tax codes, NetSuite works out its own tax, which is another one.
    assert (totals(computed).total, totals(computed).tax, codes(computed)) == (
        D("380.8"),
        D("60.8"),
        ["target_total_differs"],
    )
    sender = Sender(open_adapter(**codes_by_rate))
    outcome = sender.send(item)
    assert (totals(outcome).total, totals(outcome).tax, codes(outcome)) == (400, 80, [])
    details = sender.target.client.read("salesOrder", outcome.external_id)["taxDetails"]["items"]
    assert [each["taxDetailsReference"] for each in details] == ["1", "2", "SHIPPING"]
    assert details[0]["taxCode"] == {"id": "51"} and details[0]["taxBasis"] == 200
    # Changed lines replace the details.
    changed = sender.send(order(line(1, "1", "100", "25"), line(2, "1", "100", "25")))
    assert (totals(changed).total, codes(changed)) == (275, [])
    with pytest.raises(SkipRecord, match=r"12\.5 %"):
        Sender(open_adapter(**codes_by_rate)).send(order(line(1, "1", "100", "12.5", tax_rate=D("12.5"))))


def test_charges_with_several_rates_in_one_field_have_a_detail_each(
    open_adapter: Open, platform: SandboxProcess
) -> None:
    set_tax(platform, "suitetax")
    sender = Sender(open_adapter(tax_type="5", tax_codes={"25": "51", "0": "50"}))
    item = order()
    item.adjustments += [
        AdjustmentRecord(kind="wrapping", net=D(10), tax=D(0), gross=D(10)),
        AdjustmentRecord(kind="fee", net=D(4), tax=D(1), gross=D(5)),
    ]
    item.total, item.tax = item.total + 15, item.tax + 1
    outcome = sender.send(item)
    assert (outcome.error, codes(outcome), totals(outcome).tax) == (None, [], 81)
    details = sender.target.client.read("salesOrder", outcome.external_id)["taxDetails"]["items"]
    assert [each["taxAmount"] for each in details if each["taxDetailsReference"] == "HANDLING"] == [0, 1]


def test_the_account_tells_whether_it_has_suitetax(open_adapter: Open, platform: SandboxProcess) -> None:
    """With legacy tax, tax fields would be rejected."""
    set_tax(platform, "legacy")
    settings = {"tax_type": "5", "tax_codes": {"25": "51"}}
    outcome = Sender(open_adapter(**settings)).send(order())
    assert (outcome.error, totals(outcome).total, codes(outcome)) == (None, 400, [])
    forced = Sender(open_adapter(**settings, tax_engine="suitetax", external_ids="x")).send(order())
    assert isinstance(forced.error, SkipRecord) and "taxDetails" in str(forced.error)


def test_a_different_tax_in_the_same_total_is_an_issue(open_adapter: Open, platform: SandboxProcess) -> None:
    set_tax(platform, "legacy", rate="0")
    item = order(line(1, "1", "100", "25"), shipping=("0", "0"))
    target = Sender(open_adapter()).target
    payload = target.payload(item, References({}))
    assert payload is not None
    payload["lines"][0] |= {"rate": 125, "amount": 125}
    [outcome] = target.send([Operation(Action.CREATE, 1, "", payload)])
    assert (totals(outcome).total, codes(outcome)) == (125, ["target_tax_differs"])


# Closed lines


@pytest.mark.parametrize("engine", ["legacy", "suitetax"])
def test_a_closed_line_is_no_difference(engine: str, open_adapter: Open, platform: SandboxProcess) -> None:
    """NetSuite keeps it in the total of the order, because it would stay in the books."""
    set_tax(platform, engine)
    sender = Sender(open_adapter(tax_type="5", tax_codes={"25": "51"}))
    first = sender.send(order())
    assert (totals(first).total, codes(first)) == (400, [])
    cancelled = line(2, "1", "100", "25", status="cancelled", quantity_cancelled=D(1))
    second = sender.send(order(line(1, "2", "200", "50"), cancelled))
    assert (totals(second).total, totals(second).expected_total, codes(second)) == (275, 275, [])
    # A real difference is still reported.
    wrong = sender.send(order(line(1, "2", "150", "50"), cancelled, shipping=("30", "9")))
    assert codes(wrong) == ([] if engine == "suitetax" else ["target_total_differs"])


def test_nothing_is_left_of_an_order_that_others_shipped(open_adapter: Open, platform: SandboxProcess) -> None:
    set_tax(platform, "suitetax")
    sender = Sender(open_adapter(tax_type="5", tax_codes={"25": "51"}))
    sender.send(order(shipping=("0", "0")))
    done = [replace(each, quantity_shipped=each.quantity) for each in order().lines]
    outcome = sender.send(order(*done, shipping=("0", "0"), status="shipped"))
    assert (totals(outcome).total, totals(outcome).tax, codes(outcome)) == (0, 0, [])


# Rejected changes


def test_rejected_changes_are_listed(open_adapter: Open, platform: SandboxProcess) -> None:
    sender = Sender(open_adapter())
    sender.send(order(customer_note="Ring twice"))
    reject(platform, path="salesOrder", method="PATCH")
    outcome = sender.send(
        order(line(1, "3", "240", "60"), line(3, "1", "5", "1.25"), customer_note="", shipping=("0", "0"))
    )
    assert isinstance(outcome.error, SkipRecord) and outcome.error.problem.code == "changes_rejected"
    assert outcome.error.problem.values["changes"] == (
        "SKU-1 quantity: 2 → 3; SKU-1 rate: 100 → 80; SKU-1 amount: 200 → 240; SKU-3: added, quantity 1; "
        "SKU-2: removed; memo; shippingCost: 20 → –"
    )
    assert "Ring" not in str(outcome.error)


# Refunds


def shipped(**quantities: str) -> list[ShipmentItem]:
    lines = {int(key.removeprefix("line")): D(quantity) for key, quantity in quantities.items()}
    return [ShipmentItem("F1", "UPS", [], None, lines, reported_by=ERP)]


def refund(number: str, *lines: RefundLineItem, **amounts: str) -> RefundItem:
    values = {
        name: D(amounts[name]) if name in amounts else None for name in ("shipping_net", "shipping_gross", "adjustment")
    }
    return RefundItem(f"r/{number}", number, None, None, None, None, **values, lines=list(lines))


def back(line_id: int, quantity: str, net: str, tax: str) -> RefundLineItem:
    return RefundLineItem(line_id, D(quantity), D(net), D(tax), D(net) + D(tax))


def memos(platform: SandboxProcess, kind: str = "creditMemo") -> dict[str, Decimal]:
    """External ID → total, of the refunds in NetSuite."""
    return {row["externalId"]: D(str(row["total"])) for row in platform.state("refunds") if row["kind"] == kind}


def test_refunds_of_shipped_goods_become_credit_memos(open_adapter: Open, platform: SandboxProcess) -> None:
    set_tax(platform, "legacy")
    sender = Sender(open_adapter(refunds="credit_memo", custom_item="OTHER-CHARGE"))
    sender.send(order())
    platform.control("POST", "fulfil", json={"account": "tba1", "order": "sc-order-1", "quantities": {"SKU-1": 2}})
    # One of two pieces that were shipped, and one that was not: that is taken off the order instead.
    first = refund("R1", back(1, "1", "100", "25"), back(2, "1", "100", "25"), shipping_net="20", shipping_gross="25")
    lines = line(1, "2", "200", "50", quantity_refunded=D(1)), line(2, "1", "100", "25", quantity_refunded=D(1))
    item = order(*lines, refunds=[first], shipments=shipped(line1="2"))
    outcome = sender.send(item)
    assert (outcome.error, totals(outcome).total, codes(outcome)) == (None, 275, [])
    assert memos(platform) == {"sc-refund-1-r-R1": 150}
    assert D(Sales(platform, "tba1").view("sc-order-1")["refunded"]) == 150
    # Sent again after a lost answer, it is the same memo. A second refund is another one.
    sender.payload.pop("refunds")
    later = replace(lines[0], quantity_refunded=D(2))
    both = [first, refund("R2", back(1, "1", "100", "25"), adjustment="-4")]
    outcome = sender.send(replace(item, lines=[later, lines[1]], refunds=both))
    assert (outcome.error, codes(outcome)) == (None, ["refund_total_differs"])
    # NetSuite taxes the fee that was withheld, which the shop did not.
    assert memos(platform) == {"sc-refund-1-r-R1": 150, "sc-refund-1-r-R2": 120}
    assert lines_open(platform) == {"SKU-1": "0"}


def lines_open(platform: SandboxProcess) -> dict[str, str]:
    view = Sales(platform, "tba1").view("sc-order-1")["lines"]
    return {each["sku"]: each["open"] for each in view if each["sku"] == "SKU-1"}


def test_a_fully_refunded_order_keeps_what_was_shipped(open_adapter: Open, platform: SandboxProcess) -> None:
    sender = Sender(open_adapter(refunds="return_authorization"))
    item = order(line(1, "2", "200", "0"), shipping=("0", "0"))
    sender.send(item)
    platform.control("POST", "fulfil", json={"account": "tba1", "order": "sc-order-1"})
    gone = line(1, "2", "200", "0", status="refunded", quantity_refunded=D(2))
    refunds = [refund("R1", back(1, "2", "200", "0"), adjustment="3")]
    outcome = sender.send(
        order(gone, shipping=("0", "0"), status="refunded", refunds=refunds, shipments=shipped(line1="2"))
    )
    assert (outcome.error, codes(outcome), totals(outcome).total) == (None, ["refund_amount_left_out"], 200)
    assert memos(platform, "returnAuthorization") == {"sc-refund-1-r-R1": 200} and memos(platform) == {}


def test_a_rejected_refund_is_an_issue_of_its_order(open_adapter: Open, platform: SandboxProcess) -> None:
    sender = Sender(open_adapter(refunds="credit_memo", tax_type="5", tax_codes={"25": "51"}))
    set_tax(platform, "suitetax")
    sender.send(order())
    reject(platform, path="creditMemo")
    refunded = line(1, "2", "200", "50", quantity_refunded=D(1))
    item = order(
        refunded,
        line(2, "1", "100", "25"),
        refunds=[refund("R1", back(1, "1", "100", "25"))],
        shipments=shipped(line1="2"),
    )
    outcome = sender.send(item)
    assert isinstance(outcome.error, SkipRecord) and outcome.error.problem.code == "refund_rejected"
    assert sender.send(item).error is None and memos(platform) == {"sc-refund-1-r-R1": 125}
    assert (Kind.ORDER_LINE, 1) in sender.links
