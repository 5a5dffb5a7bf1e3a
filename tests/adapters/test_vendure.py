"""Vendure: what is specific to its Admin API, on the simulated one. test_vendure_real.py has a real server."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import BatchRejected, NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, References
from connectors.sdk.records import OrderRecord, ProductRecord, VariantRecord
from hub.kinds import DataType, Kind
from orders.amounts import balance, completed
from orders.items import OrderLineItem, ShipmentItem
from orders.quantities import left_to_ship
from sandbox.process import SandboxProcess
from tests.adapters.reading import records
from tests.adapters.samples import SAMPLES, order, product, variant
from tests.adapters.writing import NOTHING, creations

Open = Callable[..., Adapter[Any]]


@pytest.fixture
def shop(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("vendure")


def products(adapter: Adapter[Any], since: datetime | None = None) -> dict[str, ProductRecord]:
    found = records(adapter, DataType.PRODUCTS, since=since)
    return {each.external_id: each for each in found if isinstance(each, ProductRecord)}


def variant_of(adapter: Adapter[Any], sku: str, since: datetime | None = None) -> VariantRecord:
    variants = (variant for each in products(adapter, since).values() for variant in each.variants or ())
    return next(each for each in variants if each.sku == sku)


def price_of(variant: VariantRecord) -> Decimal | None:
    assert variant.price is not None and not isinstance(variant.price, list)
    return variant.price.amount


@pytest.fixture
def sku(shop: SandboxProcess) -> str:
    """The SKU of a variant whose product has not changed for long."""
    return str(next(each["sku"] for each in shop.state("variants") if each["sku"]))


@pytest.mark.parametrize("page_size", [2, 7, 1000])
def test_items_of_one_millisecond_are_read_once_whatever_the_page_size(
    page_size: int, shop: SandboxProcess, open_adapter: Open
) -> None:
    """The invalid products were all created at the same time, more of them than fit on a page."""
    read = [each.external_id for each in records(open_adapter("vendure", page_size=page_size), DataType.PRODUCTS)]
    assert sorted(read) == sorted(str(each["id"]) for each in shop.state("products"))


def test_a_new_price_or_stock_is_found_by_the_variants_own_date(
    shop: SandboxProcess, sku: str, open_adapter: Open
) -> None:
    before = datetime.now(UTC)
    assert products(open_adapter("vendure"), since=before) == {}
    shop.control("POST", "price", json={"sku": sku, "price": 1234})
    assert price_of(variant_of(open_adapter("vendure"), sku, since=before)) == Decimal("12.34")
    shop.control("POST", "stock", json={"sku": sku, "pieces": 7, "location": "2"})
    found = variant_of(open_adapter("vendure"), sku, since=before)
    assert {each.location: each.quantity for each in found.stock or ()}["Store"] == 7


def test_prices_without_tax_are_those_that_vendure_computes(shop: SandboxProcess, sku: str, open_adapter: Open) -> None:
    shop.control("POST", "price", json={"sku": sku, "price": 1200})
    assert price_of(variant_of(open_adapter("vendure", prices="without_tax"), sku)) == 10
    assert price_of(variant_of(open_adapter("vendure", prices="with_tax"), sku)) == 12


def test_prices_in_further_currencies_are_lists_of_their_own(
    shop: SandboxProcess, sku: str, open_adapter: Open
) -> None:
    shop.control("POST", "price", json={"sku": sku, "price": 1200})
    shop.control("POST", "price", json={"sku": sku, "price": 1500, "currency": "EUR"})
    prices = variant_of(open_adapter("vendure"), sku).price
    assert isinstance(prices, list)
    assert [(each.price_list and each.price_list.currency, each.amount) for each in prices] == [(None, 12), ("EUR", 15)]


def test_mapped_custom_fields_and_facets_are_read(shop: SandboxProcess, sku: str, open_adapter: Open) -> None:
    """A custom field that the server does not have is not asked for: the whole query would fail."""
    shop.control("POST", "custom_fields", json={"sku": sku, "fields": {"ean": "4006381333931", "weight": 250}})
    mapped = {"products": {"brand": "", "barcode": "customFields.ean", "mpn": "customFields.gone"}}
    found = variant_of(open_adapter("vendure", field_map=mapped, weight_field="customFields.weight"), sku)
    assert (found.barcode, found.weight_in_grams, found.mpn) == ("4006381333931", 250, "")
    mapped = open_adapter("vendure", field_map={"products": {"brand": "", "settings": {"maker": "facets.brand"}}})
    assert variant_of(mapped, sku).settings["maker"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"message": "No.", "path": ["products"], "extensions": {"code": "FORBIDDEN"}}, NeedsAttention),
        ({"message": "No.", "extensions": {"code": "NO_VALID_CHANNEL"}}, NeedsAttention),
        ({"message": "No.", "extensions": {"code": "USER_INPUT_ERROR"}}, SkipRecord),
        ({"message": "null value in column violates …", "extensions": {}}, TryAgainLater),
        ({"message": "Cannot query field", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}, NeedsAttention),
    ],
)
def test_errors_arrive_with_status_200(
    error: dict[str, Any], expected: type[Exception], shop: SandboxProcess, open_adapter: Open
) -> None:
    """Data beside an error must not be taken for the whole page."""
    shop.fault("status", status=200, body={"errors": [error], "data": {"products": {"items": [], "totalItems": 0}}})
    with pytest.raises(expected) as raised:
        open_adapter("vendure").source(DataType.PRODUCTS).read_page(since=None, cursor=None)
    assert getattr(raised.value, "fix", "None needed")


# Orders


@pytest.fixture
def place(shop: SandboxProcess) -> Callable[..., dict[str, Any]]:
    """`place({sku: quantity}, coupon=…)`: an order that was placed and paid; its ID, code and lines."""
    return lambda goods, **details: shop.control("POST", "orders", json={"action": "place", "goods": goods, **details})


@pytest.fixture
def act(shop: SandboxProcess) -> Callable[..., Any]:
    return lambda action, order, **details: shop.control(
        "POST", "orders", json={"action": action, "order": order["id"], **details}
    )


def order_of(adapter: Adapter[Any], placed: dict[str, Any], since: datetime | None = None) -> OrderRecord | None:
    found = [each for each in records(adapter, DataType.ORDERS, since=since) if each.external_id == placed["id"]]
    assert all(isinstance(each, OrderRecord) for each in found)
    return found[0] if found else None  # type: ignore[return-value]


def checked(order: OrderRecord | None) -> OrderRecord:
    assert order is not None
    assert balance(completed(order)).reconciliation == "balanced"
    return order


def test_a_sale_is_found_as_new_stock_although_no_variant_is_dated_by_it(
    sku: str, place: Callable[..., Any], open_adapter: Open
) -> None:
    def available(variant: VariantRecord) -> Decimal:
        return sum((each.quantity or Decimal(0) for each in variant.stock or ()), Decimal(0))

    had = available(variant_of(open_adapter("vendure"), sku))
    before = datetime.now(UTC)
    place({sku: 2})
    assert available(variant_of(open_adapter("vendure"), sku, since=before)) == had - 2


@pytest.mark.parametrize("action", ["ship", "complete_refunds", "cancel"])
def test_what_does_not_date_an_order_is_found_by_its_history(
    action: str, shop: SandboxProcess, sku: str, place: Callable[..., Any], act: Callable[..., Any], open_adapter: Open
) -> None:
    shop.control("POST", "stock", json={"sku": sku, "pieces": 50})
    placed = place({sku: 3})
    part = {"parts": {placed["lines"][0]: 1}}
    if action == "complete_refunds":
        act("refund", placed, **part)
    before = datetime.now(UTC)
    assert order_of(open_adapter("vendure"), placed, since=before) is None
    act(action, placed, **({} if action == "complete_refunds" else part))
    assert order_of(open_adapter("vendure"), placed, since=before)


def test_the_vendor_of_a_line_is_what_is_mapped(sku: str, place: Callable[..., Any], open_adapter: Open) -> None:
    """A facet of the product, since its variants have none of their own."""
    placed = place({sku: 1})
    for mapped, known in (("", False), ("facets.brand", True), ("customFields.gone", False)):
        order = order_of(open_adapter("vendure", field_map={"orders": {"vendor": mapped}}), placed)
        assert order and bool(order.lines[0].vendor) is known


def test_a_refund_counts_when_it_is_settled(
    sku: str, place: Callable[..., Any], act: Callable[..., Any], open_adapter: Open
) -> None:
    placed = place({sku: 2}, coupon=True)
    act("refund", placed, parts={placed["lines"][0]: 1}, shipping=100, adjustment=-50)
    pending = checked(order_of(open_adapter("vendure"), placed))
    assert (pending.refunded, pending.refunds, pending.lines[0].quantity_refunded) == (0, [], 0)
    act("complete_refunds", placed)
    settled = checked(order_of(open_adapter("vendure"), placed))
    (refund,) = settled.refunds or ()
    assert settled.lines[0].quantity_refunded == 1 and settled.refunded == refund.gross
    assert (refund.shipping_gross, refund.adjustment) == (1, Decimal("-0.50"))
    assert refund.gross == refund.lines[0].gross + Decimal("0.50")


def test_canceled_pieces_are_no_longer_open_and_a_refund_of_them_is_not_deducted_again(
    sku: str, place: Callable[..., Any], act: Callable[..., Any], open_adapter: Open
) -> None:
    placed = place({sku: 3})
    part = {"parts": {placed["lines"][0]: 1}}
    act("cancel", placed, **part)
    act("refund", placed, **part)
    act("complete_refunds", placed)
    order = checked(order_of(open_adapter("vendure"), placed))
    assert (order.status, left_to_ship(order.lines[0])) == ("confirmed", 2)
    act("cancel", placed, parts={placed["lines"][0]: 2})
    order = checked(order_of(open_adapter("vendure"), placed))
    line = order.lines[0]
    assert (order.status, line.status, line.quantity, line.total_gross) == ("cancelled", "cancelled", 3, 0)


def test_a_refund_after_an_unpaid_cancellation_is_of_what_was_shipped(
    sku: str, place: Callable[..., Any], act: Callable[..., Any], open_adapter: Open
) -> None:
    placed = place({sku: 3}, paid=False)
    (line,) = placed["lines"]
    act("cancel", placed, parts={line: 1})
    act("pay", placed)
    for refunded in (1, 2):
        act("refund", placed, parts={line: 1})
        act("complete_refunds", placed)
        assert checked(order_of(open_adapter("vendure"), placed)).lines[0].quantity_refunded == refunded


def test_surcharges_are_fees_or_discounts(
    sku: str, place: Callable[..., Any], act: Callable[..., Any], open_adapter: Open
) -> None:
    placed = place({sku: 2}, coupon=True)
    before = checked(order_of(open_adapter("vendure"), placed)).total
    act("surcharge", placed, description="Gift box", price=300)
    act("surcharge", placed, description="Sorry", price=-120)
    order = checked(order_of(open_adapter("vendure"), placed))
    assert order.total == before + Decimal("1.80")
    kinds = {(each.kind, each.title): each.gross for each in order.adjustments or ()}
    assert kinds["fee", "Gift box"] == 3 and kinds["discount", "Sorry"] == Decimal("1.20")
    assert {each.code for each in order.adjustments or ()} == {"", "TEN"}
    lines = sum((line.total_gross or Decimal(0) for line in order.lines), Decimal(0))
    assert lines + 3 + order.shipping_cost == order.total


def test_parts_of_other_sellers_are_left_out_of_the_default_channel(
    sku: str, place: Callable[..., Any], open_adapter: Open
) -> None:
    adapter = open_adapter("vendure")
    order = order_of(adapter, place({sku: 1}, kind="Seller"))
    assert order and not adapter.source(DataType.ORDERS).includes(order.raw)
    order = order_of(adapter, place({sku: 1}, kind="Aggregate"))
    assert order and adapter.source(DataType.ORDERS).includes(order.raw)


# Writing


@pytest.fixture
def target_shop(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("vendure_target")


def test_a_product_whose_creation_was_interrupted_is_completed(target_shop: SandboxProcess, open_adapter: Open) -> None:
    adapter = open_adapter("vendure_target")
    operation = creations(adapter, DataType.PRODUCTS, SAMPLES[DataType.PRODUCTS][:1])
    # The mutation of the product goes through, that of its option group does not.
    target_shop.fault("drop", after=5)
    with pytest.raises(TryAgainLater):
        adapter.target(DataType.PRODUCTS).send(operation)
    target_shop.clear_faults()
    (outcome,) = open_adapter("vendure_target").target(DataType.PRODUCTS).send(operation)
    assert outcome.error is None and len(outcome.links) == 2
    assert [row["id"] for row in target_shop.state("products") if row["name"] == "Lamp 1"] == [outcome.external_id]


def test_a_variant_that_was_sent_before_is_removed_and_others_are_kept(
    target_shop: SandboxProcess, open_adapter: Open
) -> None:
    target = open_adapter("vendure_target").target(DataType.PRODUCTS)
    item = product(1)
    first = Operation(Action.CREATE, 1, "", target.payload(item, NOTHING))
    (created,) = target.send([first])
    item.variants = [item.variants[0], variant(12, 1, options=[{"name": "Size", "value": "New"}])]
    again = target.payload(item, NOTHING)
    (changed,) = target.send([Operation(Action.UPDATE, 1, created.external_id, again, previous=first.payload)])
    assert changed.error is None and changed.links.keys() == {(Kind.VARIANT, 10), (Kind.VARIANT, 12)}
    there = {row["sku"] for row in target_shop.state("variants") if row["productId"] == created.external_id}
    assert there == {"SKU-10", "SKU-12"}


def test_what_the_shop_does_not_delete_is_an_issue(open_adapter: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = open_adapter("vendure_target", on_removal="delete")
    target, item = adapter.target(DataType.PRODUCTS), product(1)
    first = Operation(Action.CREATE, 1, "", target.payload(item, NOTHING))
    (created,) = target.send([first])
    query = adapter.client.query

    def refuse(document: str, **variables: Any) -> Any:
        result = {"result": "NOT_DELETED", "message": "Still in use"}
        if "mutation Delete" not in document:
            return query(document, **variables)
        return dict.fromkeys(("deleteProducts", "deleteProductVariants"), [result])

    monkeypatch.setattr(adapter.client, "query", refuse)
    item.variants = item.variants[:1]
    less = Operation(Action.UPDATE, 1, created.external_id, target.payload(item, NOTHING), previous=first.payload)
    for operation in (less, Operation(Action.REMOVE, 1, created.external_id, None)):
        error = target.send([operation])[0].error
        assert isinstance(error, SkipRecord) and "Still in use" in str(error)


def test_stock_and_prices_are_written_in_one_call_and_read_back(
    target_shop: SandboxProcess, open_adapter: Open
) -> None:
    adapter = open_adapter("vendure_target", location_id="2")
    links = {(Kind.VARIANT, 10): "1", (Kind.VARIANT, 11): "2"}
    for data_type, name in ((DataType.STOCK, "quantity"), (DataType.PRICES, "price")):
        target = adapter.target(data_type)
        payloads = [target.payload(variant(number, price="12.505"), References(links)) for number in (10, 11)]
        calls = adapter.http.calls
        outcomes = target.send([Operation(Action.CREATE, 10 + place, "", each) for place, each in enumerate(payloads)])
        assert [each.external_id for each in outcomes] == ["1", "2"] and adapter.http.calls <= calls + 2
        assert target.read_existing(cursor=None).items["1"][name] == (3 if name == "quantity" else 12.51)
        assert target.find_existing(["1", "999"]) == {"1"}
        with pytest.raises(BatchRejected, match="999"):
            target.send([Operation(Action.UPDATE, 10, "999", payloads[0] | {"variant_id": "999"})])


def test_a_stock_location_of_another_channel_needs_attention(open_adapter: Open) -> None:
    target = open_adapter("vendure_target", location_id="7").target(DataType.STOCK)
    with pytest.raises(NeedsAttention, match="7"):
        target.send([Operation(Action.CREATE, 10, "", {"variant_id": "1", "quantity": 1})])


def test_a_shipment_is_created_once_and_marked_as_shipped(
    shop: SandboxProcess, sku: str, place: Callable[..., Any], open_adapter: Open
) -> None:
    shop.control("POST", "stock", json={"sku": sku, "pieces": 50})
    placed = place({sku: 3})
    item = order(1, lines=[OrderLineItem(5, 1, 1, 0, sku, "Lamp", "", Decimal(3), Decimal(9), "pending")])
    refs = References({(Kind.ORDER_LINE, 5): placed["lines"][0]})
    item.shipments = [
        ShipmentItem("vendure-9", "DHL", ["OWN"], None, lines={5: Decimal(1)}),
        ShipmentItem("s1", "DHL", ["OURS-9"], None, lines={5: Decimal(2)}),
    ]
    target = open_adapter("vendure").target(DataType.ORDERS)
    operation = Operation(Action.UPDATE, 1, placed["id"], target.payload(item, refs))
    # The answer to the first mutation is lost.
    shop.fault("drop", when="after", after=1, times=1)
    with pytest.raises(TryAgainLater):
        target.send([operation])
    for _ in range(2):
        assert target.send([operation])[0].error is None
    (made,) = [each for each in shop.state("fulfillments") if each["trackingCode"] == "OURS-9"]
    assert (made["state"], [part["quantity"] for part in made["lines"]]) == ("Shipped", [2])
    # Another parcel of the same number belongs to the same fulfillment.
    item.shipments.append(ShipmentItem("s2", "", ["OURS-9"], None, lines={5: Decimal(1)}))
    operation.payload = target.payload(item, refs)
    assert operation.payload["shipments"] == [
        {"code": "OURS-9", "names": ["OURS-9", "s1", "s2"], "carrier": "DHL", "lines": {placed["lines"][0]: 3}}
    ]
    for _ in range(2):
        assert target.send([operation])[0].error is None
    made = [each for each in shop.state("fulfillments") if each["trackingCode"] == "OURS-9"]
    assert [part["quantity"] for each in made for part in each["lines"]] == [2, 1]
    # A tracking number that is reported later, or another one, makes no further fulfillment.
    item.shipments[1].tracking_numbers = item.shipments[2].tracking_numbers = ["OURS-9", "OURS-10"]
    operation.payload = target.payload(item, refs)
    assert target.send([operation])[0].error is None
    assert not [each for each in shop.state("fulfillments") if "OURS-10" in each["trackingCode"]]
    item.shipments[1].lines = {5: Decimal(8)}
    operation.payload = target.payload(item, refs)
    error = target.send([operation])[0].error
    assert isinstance(error, SkipRecord) and "already part of a Fulfillment" in str(error)
