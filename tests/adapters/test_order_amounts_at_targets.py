"""Each target gets net or gross as its field means, and what is open of an order (M4, M5, M8, M10)."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from connectors.platforms.netsuite.settings import FieldMap, Settings
from connectors.platforms.netsuite.targets.order_payloads import OrderPayload, order_payload
from connectors.platforms.rest.targets.orders import OrderTarget as RestOrders
from connectors.platforms.sparklayer.targets.orders import OrderTarget as SparkLayerOrders
from connectors.sdk import erp_orders
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import References
from connectors.sdk.records import AddressRecord
from hub.kinds import Kind
from orders.items import OrderItem, OrderLineItem, Principal, RefundItem, ShipmentItem
from orders.records import AdjustmentRecord
from tests.adapters import samples

D = Decimal
NOTHING = References({})
KNOWN = References({(Kind.CUSTOMER, 3): "77"})
# As if the line had been sent before.
SENT = References({(Kind.CUSTOMER, 3): "77", (Kind.ORDER_LINE, 1): "9/1", (Kind.ORDER_LINE, 2): "9/2"})


def line(number: int = 1, quantity: str = "2", gross: str = "200", net: str = "160", **more: Any) -> OrderLineItem:
    """Two pieces at 100 net, 125 gross, less a discount of 40 net, 50 gross."""
    own = OrderLineItem(number, 1, None, number, f"SKU-{number}", "Lamp", "", D(quantity), D(125), "pending")
    amounts = {"total_net": D(net), "tax": D(gross) - D(net), "total_gross": D(gross)}
    prices = {"unit_price_net": D(100), "unit_price_gross": D(125), "discount_net": D(40), "discount_gross": D(50)}
    return replace(own, **amounts | prices | more)


def order(*lines: OrderLineItem, **more: Any) -> OrderItem:
    """With shipping of 12.50 without tax: 212.50, of which 40 are tax."""
    usual: dict[str, Any] = {
        "lines": list(lines) or [line()],
        "shipments": [],
        "status": "confirmed",
        "currency": "EUR",
        "total": D("212.50"),
        "tax": D(40),
        "shipping_cost": D("12.50"),
        "reconciliation": "balanced",
        "difference": D(0),
        "adjustments": [
            AdjustmentRecord(kind="shipping", title="Post", net=D("12.50"), tax=D(0), gross=D("12.50")),
            AdjustmentRecord(kind="coupon", code="TEN", net=D(40), tax=D(10), gross=D(50)),
        ],
    }
    return samples.order(1, **usual | more)


def test_what_was_shipped_but_not_ordered_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes lines × refunds steps."""
    calls = []

    def shipped_but_not_ordered(item: OrderItem) -> dict[int, Decimal]:
        calls.append(item)
        return {1: D(1)}

    monkeypatch.setattr(erp_orders, "shipped_but_not_ordered", shipped_but_not_ordered)
    payload = netsuite(order(line(1), line(2), line(3)))
    assert payload is not None and payload["shipped_but_not_ordered"] == [{"sku": "SKU-1", "quantity": "1"}]
    assert len(calls) == 1


@pytest.mark.parametrize("refunds", ["none", "credit_memo"])
def test_refunds_of_an_order_without_exact_amounts_are_reported(refunds: str) -> None:
    paid_back = RefundItem("r1", "R-1", None, D(8), D(2), D(10), None, None, None, [])
    payload = netsuite(order(line(1), line(2, total_net=None, tax=None), refunds=[paid_back]), refunds=refunds)
    assert payload is not None and "refunds" not in payload
    assert payload["unsent_refunds"] == [{"refund": "R-1", "amount": "10"}]


def netsuite(item: OrderItem, refs: References = KNOWN, **settings: Any) -> OrderPayload | None:
    about = {"account": "1", "client_id": "c", "certificate_id": "x"} | settings
    return order_payload(item, refs, Settings.model_validate(about), FieldMap())


def sent(item: OrderItem, refs: References = KNOWN, **settings: Any) -> OrderPayload:
    payload = netsuite(item, refs, **settings)
    assert payload is not None
    return payload


def sparklayer(item: OrderItem) -> dict[str, Any]:
    client = SimpleNamespace(settings=SimpleNamespace(unreconciled_orders="hold", package_types={}))
    payload = SparkLayerOrders(cast(Any, client)).payload(item, NOTHING)
    assert payload is not None
    return payload


def test_netsuite_gets_amounts_without_tax() -> None:
    payload = sent(order())
    (bought,) = payload["lines"]
    assert (bought["quantity"], bought["rate"], bought["amount"]) == (2, 80, 160)
    assert payload["body"]["shippingCost"] == 12.5 and "handlingCost" not in payload["body"]
    expected = payload["expected"]
    assert (expected["total"], expected["tax"], expected["currency"]) == ("212.5", "40", "EUR")
    # No tax field goes to an account with legacy tax.
    assert not [name for name in payload["body"] if "tax" in name.lower()]


def test_netsuite_may_carry_the_discount_in_the_header() -> None:
    payload = sent(order(), discount_item="55")
    assert (payload["lines"][0]["rate"], payload["lines"][0]["amount"]) == (100, 200)
    assert (payload["body"]["discountItem"], payload["body"]["discountRate"]) == ({"id": "55"}, -40)
    assert payload["expected"]["total"] == "212.5"


def test_other_charges_are_handling_costs_in_netsuite() -> None:
    charges = [AdjustmentRecord(kind=kind, net=D(4), tax=D(1), gross=D(5)) for kind in ("handling", "wrapping", "fee")]
    assert sent(order(adjustments=charges))["body"]["handlingCost"] == 12


def test_netsuite_gets_both_addresses_and_the_dates_of_its_time_zone() -> None:
    """An order without a delivery address goes to the billing address, which a vendor never gets."""
    where = [AddressRecord(use=use, street=street) for use, street in (("billing", "1 Road"), ("shipping", "2 Road"))]
    late = datetime(2026, 1, 2, 6, tzinfo=UTC)
    paid_back = RefundItem("r1", "R-1", late, D(8), D(2), D(10), None, None, D(10), [])
    item = order(addresses=where, placed_at=late, refunds=[paid_back])
    payload = sent(item, refunds="credit_memo", custom_item="CUSTOM")
    body = payload["body"]
    assert (body["billingAddress"], body["shippingAddress"]) == ({"addr1": "1 Road"}, {"addr1": "2 Road"})
    assert (body["tranDate"], payload["refunds"][0]["date"]) == ("2026-01-01", "2026-01-01")
    assert sent(replace(item, addresses=where[:1]))["body"]["shippingAddress"] == {"addr1": "1 Road"}
    assert "billingAddress" not in sent(replace(item, principal=Principal("acme", "Acme")))["body"]


def test_an_order_in_another_currency_than_its_shop_needs_a_mapping() -> None:
    """Otherwise it would get the currency of NetSuite's customer, with the same numbers."""
    item = order(base_currency="USD")
    with pytest.raises(SkipRecord) as unknown:
        netsuite(item)
    assert unknown.value.problem.code == "order_currency_unknown"
    assert sent(item, currencies={"EUR": "2"})["body"]["currency"] == {"id": "2"}
    assert netsuite(order(base_currency="EUR")) and netsuite(order())


def test_an_order_without_exact_amounts_is_compared_with_its_total() -> None:
    """What its rows come to is not known; and only if it is sent as a whole."""
    unknown = {"total_net": None, "tax": None, "total_gross": None, "discount_net": None, "discount_gross": None}
    item = order(line(**unknown), reconciliation="", difference=None)
    expected = sent(item)["expected"]
    assert (expected["total"], expected["tax"]) == ("212.5", "40") and "taxes" not in sent(item)
    assert "expected" not in sent(replace(item, lines=[line(quantity_shipped=D(1), **unknown)]))


def test_sparklayer_gets_net_tax_and_gross_that_add_up() -> None:
    payload = sparklayer(order(line(quantity_shipped=D(1)), line(2, "1", "0", "0")))
    totals = [row["line_total"] for package in payload["packages"] for row in package["line_items"]]
    totals += [
        package["shipping_method"]["line_total"] for package in payload["packages"] if "shipping_method" in package
    ]
    gross = [D(total["total_gross"]["number"]) for total in totals]
    assert sum(gross) == D("212.5") and payload["tax_lines"] == []
    assert sum(D(total["total_net"]["number"]) for total in totals) == D("172.5")
    assert [D(total["discount_net"]["number"]) for total in totals if "discount_net" in total] == [20, 40, 20]
    assert [package["type"] for package in payload["packages"]] == ["incoming", "shipment"]


def test_the_custom_system_gets_everything() -> None:
    client = SimpleNamespace(settings=SimpleNamespace(unreconciled_orders="send"))
    gift = AdjustmentRecord(kind="gift_card", code="SECRET", gross=D(5))
    item = order(adjustments=[*order().adjustments, gift], shipments=[ShipmentItem("s", "", ["T1", "T2"], None, {})])
    payload = RestOrders(cast(Any, client)).payload(item, NOTHING)
    assert payload is not None
    assert payload["version"] == 2
    assert payload["charges"] == [{"kind": "shipping", "title": "Post", "net": 12.5, "tax": 0, "gross": 12.5}]
    assert payload["discounts"][0]["code"] == "TEN" and "SECRET" not in str(payload)
    (bought,) = payload["lines"]
    assert (bought["total_net"], bought["total_gross"], bought["quantity_open"]) == (160, 200, 2)
    assert payload["shipments"][0]["tracking_numbers"] == ["T1", "T2"]


@pytest.mark.parametrize(
    ("fields", "quantity", "amount"),
    [
        ({"quantity_cancelled": D(2)}, 3, 96),
        ({"quantity_refunded": D(2), "status": "pending"}, 3, 96),
        ({"quantity_shipped": D(2)}, 3, 96),
    ],
    ids=["canceled", "refunded", "shipped"],
)
def test_only_what_is_open_is_sent(fields: dict[str, Any], quantity: int, amount: int) -> None:
    """Of five pieces two were canceled, refunded or shipped before the order was first sent."""
    (bought,) = sent(order(line(quantity="5", **fields)))["lines"]
    assert (bought["quantity"], bought["amount"]) == (quantity, amount)


def test_a_line_that_is_done_is_left_out_at_first_and_closed_later() -> None:
    item = order(line(quantity_shipped=D(2)), line(2, "3", "200", "160"), status="partly_shipped")
    assert [row["key"] for row in sent(item)["lines"]] == ["2"]
    assert [(row["key"], row.get("closed", False)) for row in sent(item, SENT)["lines"]] == [("1", True), ("2", False)]
    assert netsuite(order(line(quantity_shipped=D(2)))) is None


def test_what_the_erp_shipped_itself_stays_in_its_order() -> None:
    shipment = ShipmentItem("s", "", [], None, {1: D(2)}, reported_by=7)
    item = order(line(quantity="5", quantity_shipped=D(2)), shipments=[shipment], target_id=7)
    assert sent(item, SENT)["lines"][0]["quantity"] == 5


def test_an_order_waits_for_the_customer_whom_it_names() -> None:
    for item, refs in ((order(), NOTHING), (order(customer_id=None, customer_reference="c9"), KNOWN)):
        with pytest.raises(SkipRecord) as waiting:
            netsuite(item, refs, guest_customer="5")
        assert waiting.value.problem.code == "customer_not_ready"
    assert sent(order(customer_id=None), guest_customer="5")["entity"] == {"id": "5"}
    with pytest.raises(SkipRecord) as unknown:
        sparklayer(order(customer_id=None, customer_reference="c9"))
    assert unknown.value.problem.code == "customer_not_ready"


def test_an_order_that_does_not_add_up_waits_for_a_person() -> None:
    item = order(reconciliation="different", difference=D("-7.50"))
    for send in (netsuite, sparklayer):
        with pytest.raises(SkipRecord) as held:
            send(item)
        assert held.value.problem.values["difference"] == "-7.50"
    assert netsuite(item, unreconciled_orders="send")
    item.accepted_difference = D("-7.5000")
    assert netsuite(item)


def test_lines_without_sku() -> None:
    item = order(line(), line(2, sku="", title="Engraving"))
    assert [row["sku"] for row in sent(item)["lines"]] == ["SKU-1"] and sent(item)["left_out"] == ["Engraving"]
    second = sent(item, custom_item="CUSTOM")["lines"][1]
    assert (second["sku"], second["description"]) == ("CUSTOM", "Engraving")


def test_several_delivery_addresses() -> None:
    addresses = [AddressRecord(use="shipping", external_id=name, city=name, street="1") for name in ("Oslo", "Bergen")]
    lines = [line(delivery_address="Oslo"), line(2, delivery_address="Bergen")]
    with pytest.raises(SkipRecord) as several:
        netsuite(order(*lines, addresses=addresses))
    assert several.value.problem.code == "several_delivery_addresses"
    cities = [
        package["shipping_address"]["city"] for package in sparklayer(order(*lines, addresses=addresses))["packages"]
    ]
    assert cities == ["Oslo", "Bergen"]
    # A part with one address is sent there.
    assert sent(order(lines[1], addresses=addresses))["body"]["shippingAddress"]["city"] == "Bergen"


def test_a_bundle_goes_as_its_parts() -> None:
    free = {"net": "0", "gross": "0", "unit_price": D(0), "parent_id": 1, "discount_net": D(0), "discount_gross": D(0)}
    bundle = line(1, "1", sku="SET-SKU-2-SKU-3", kind="bundle", needs_shipping=False)
    item = order(bundle, line(2, "1", **free), line(3, "3", **free))
    assert [(row["sku"], row["amount"]) for row in sent(item)["lines"]] == [("SKU-2", 40), ("SKU-3", 120)]
    assert [row["sku"] for row in sent(item, send_bundles=True)["lines"]] == ["SET-SKU-2-SKU-3"]
