"""What an order keeps of money and quantities, and how it changes (M1, M2, M5)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hub.kinds import Kind
from hub.models import Change, Job, Link
from orders.items import OrderItem, load_orders
from orders.models import Order, OrderAdjustment, OrderLine, Refund, RefundLine, Shipment
from orders.parts import sold_lines
from orders.records import AdjustmentRecord, OrderRecord, RefundLineRecord, RefundRecord, ShipmentRecord
from synclog.models import ItemEvent
from tests.orders.importing import PLACED, import_records, line, order

D = Decimal


def rich(**fields: Any) -> OrderRecord:
    """Two pieces at 100 net, 125 gross, with a coupon of 40 net, shipping, and one piece refunded."""
    bought = line(
        "5-1",
        "OAK-1",
        "2",
        unit_price=None,
        unit_price_net=D(100),
        unit_price_gross=D(125),
        total_net=D(160),
        tax=D(40),
        total_gross=D(200),
        tax_rate=D(25),
        discount_net=D(40),
        discount_gross=D(50),
        quantity_refunded=D(1),
    )
    values: dict[str, Any] = {
        "total": D("212.50"),
        "tax": D(40),
        "total_net": D("172.50"),
        "subtotal_net": D(200),
        "subtotal_gross": D(250),
        "base_currency": "NOK",
        "exchange_rate": D("11.75"),
        "prices_include_tax": False,
        "paid": D("212.50"),
        "refunded": D(100),
        "adjustments": [
            AdjustmentRecord(kind="shipping", title="Post", net=D("12.50"), tax=D(0), gross=D("12.50")),
            AdjustmentRecord(kind="coupon", code="TEN", net=D(40), tax=D(10), gross=D(50)),
        ],
        "refunds": [
            RefundRecord(
                external_id="r1",
                number="CM-1",
                refunded_at=PLACED,
                gross=D(100),
                lines=[RefundLineRecord(line_id="5-1", quantity=D(1), gross=D(100))],
            )
        ],
    } | fields
    return order("5", "N-5", bought, **values)


def stored() -> OrderItem:
    (item,) = load_orders(list(Order.objects.values_list("pk", flat=True))).values()
    return item


def test_amounts_charges_and_refunds_are_stored_once(orders: Job) -> None:
    for _ in range(2):
        import_records(orders, rich())
        Link.objects.update(received_hash=None)
    item = stored()
    (bought,) = item.lines
    assert (bought.total_net, bought.tax, bought.total_gross, bought.discount_gross) == (160, 40, 200, 50)
    # The column of earlier releases: with tax, where the source tells it.
    assert (bought.unit_price, bought.unit_price_net) == (125, 100)
    assert [(each.kind, each.gross, each.code) for each in item.adjustments] == [
        ("shipping", D("12.5"), ""),
        ("coupon", D(50), "TEN"),
    ]
    assert [(each.gross, each.lines[0].quantity) for each in item.refunds] == [(100, 1)]
    assert (item.currency, item.base_currency, item.exchange_rate) == ("EUR", "NOK", D("11.75"))
    assert Order.objects.get().read_version == 2
    assert not ItemEvent.objects.filter(action="updated").exists()


def test_what_the_source_did_not_read_is_kept_and_what_it_removed_goes(orders: Job) -> None:
    import_records(orders, rich())
    import_records(orders, rich(adjustments=None, refunds=None))
    assert (OrderAdjustment.objects.count(), RefundLine.objects.count()) == (2, 1)
    import_records(orders, rich(adjustments=[], refunds=[]))
    assert not OrderAdjustment.objects.exists() and not Refund.objects.exists()
    changes = ItemEvent.objects.latest("pk").changes
    assert changes["refunds"] == [1, 0]
    # Codes are secret, so the timeline names kinds and amounts only.
    assert "TEN" not in str(changes["adjustments"]) and "coupon 50" in str(changes["adjustments"])


def test_what_is_never_shipped_stays_so_when_the_source_no_longer_says_it(orders: Job) -> None:
    download = line("a", "A", kind="virtual", needs_shipping=False)
    import_records(orders, order("5", "N-5", download))
    later = [line("a", "A", kind="simple", needs_shipping=None), line("b", "B", needs_shipping=None)]
    import_records(orders, order("5", "N-5", *later, status="shipped"))
    assert [(each.kind, each.needs_shipping) for each in stored().lines] == [("virtual", False), ("simple", True)]


def test_a_part_of_a_bundle_refers_to_it_even_if_it_comes_first(orders: Job) -> None:
    part = line("a", "SKU-1", kind="bundle_part", parent_id="b")
    import_records(orders, order("5", "N-5", part, line("b", "SET", kind="bundle", needs_shipping=False)))
    one, bundle = OrderLine.objects.order_by("sku").reverse()
    assert (one.parent, bundle.parent, bundle.needs_shipping) == (bundle, None, False)
    assert list(bundle.parts.all()) == [one]
    # The part is now sold alone.
    import_records(orders, order("5", "N-5", line("a", "SKU-1"), line("b", "SET")))
    assert not OrderLine.objects.exclude(parent=None).exists()


def test_a_line_that_is_a_part_of_itself_is_no_part(orders: Job) -> None:
    lines = [line("a", "A", parent_id="b"), line("b", "B", parent_id="a"), line("c", "C", parent_id="c")]
    import_records(orders, order("5", "N-5", *lines))
    assert sorted(each.sku for each in sold_lines(stored())) == ["B", "C"]
    assert OrderLine.objects.get(sku="B").parent == OrderLine.objects.get(sku="A")


def test_open_quantities(orders: Job) -> None:
    """Ordered − canceled − refunded − shipped; what an ERP shipped itself stays open for that ERP (M8)."""
    parcels = [ShipmentRecord(external_id="s", lines={"c": D(2)})]
    import_records(
        orders,
        order(
            "5",
            "N-5",
            line("a", "A", "5", quantity_cancelled=D(2)),
            line("b", "B", "5", quantity_refunded=D(1), quantity_shipped=D(3)),
            line("c", "C", "5"),
            line("d", "D", "2", quantity_refunded=D(1), quantity_shipped=D(2)),
            line("e", "E", "4", status="cancelled"),
            shipments=parcels,
        ),
    )
    skus = {each.id: each.sku for each in stored().lines}

    def shown(quantities: dict[int, Decimal]) -> dict[str, int]:
        return {skus[pk]: int(left) for pk, left in quantities.items()}

    assert shown(stored().open_quantities()) == {"A": 3, "B": 1, "C": 3, "D": 0, "E": 0}
    Shipment.objects.update(reported_by=orders.connection)
    item = stored()
    item.target_id = orders.connection_id
    assert shown(item.target_quantities()) == {"A": 3, "B": 1, "C": 5, "D": 0, "E": 0}
    # Three of C were refunded, two of which this target had shipped.
    OrderLine.objects.filter(sku="C").update(quantity_refunded=4)
    item = stored()
    item.target_id = orders.connection_id
    assert (shown(item.target_quantities())["C"], shown(item.open_quantities())["C"]) == (2, 0)


def test_a_canceled_order_has_nothing_open_and_a_removed_line_costs_nothing(orders: Job) -> None:
    import_records(orders, rich())
    import_records(orders, rich(status="cancelled"))
    assert set(stored().open_quantities().values()) == {D(0)}
    other = order("5", "N-5", line("x", "OTHER"))
    import_records(orders, other)
    gone = OrderLine.objects.get(sku="OAK-1")
    assert (gone.status, gone.total_gross, gone.tax, gone.discount_net, gone.unit_price) == ("cancelled", 0, 0, 0, 125)


def test_an_order_of_an_earlier_release_is_read_again_and_only_sent_if_it_differs(orders: Job) -> None:
    record = order("5", "N-5", updated_at=PLACED + timedelta(hours=1))
    import_records(orders, record)
    Order.objects.update(read_version=1, revision=7)
    Link.objects.update(received_hash=b"of an earlier release")
    Change.objects.all().delete()
    import_records(orders, record)
    found = Order.objects.get()
    assert (found.read_version, found.revision) == (2, 7)
    assert not Change.objects.exists()
    assert Link.objects.filter(kind=Kind.ORDER).count() == 1


def test_seven_tracking_numbers_are_all_kept(orders: Job) -> None:
    numbers = [f"94001112025{number:011}" for number in range(7)]
    import_records(orders, order("5", shipments=[ShipmentRecord(external_id="s", tracking_numbers=numbers)]))
    row = Shipment.objects.get()
    assert stored().shipments[0].tracking_numbers == row.all_tracking_numbers == numbers
    # Releases before the list read whole numbers.
    assert row.tracking_number.split(", ") == numbers[:4]
    Shipment.objects.update(tracking_numbers=[])
    assert stored().shipments[0].tracking_numbers == numbers[:4]
