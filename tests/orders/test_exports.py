"""Exporting customers and orders: complete items, revisions and filters (D14)."""

import pytest
from django.core.exceptions import ValidationError

from connectors.engine import filters, loading
from connectors.engine.exporting import covered_items
from hub.kinds import DataType, Direction, Kind
from hub.models import Connection, Job, Link
from orders.items import load_customers, load_orders
from orders.models import Customer, Order, OrderLine
from tests.factories import make_connection, make_job, make_seller
from tests.orders.importing import customer, import_records, line, order


@pytest.fixture
def storefront(shop: Connection) -> Connection:
    return make_connection(shop.seller, name="Storefront")


def test_an_order_is_loaded_with_its_references(orders: Job, customers: Job, storefront: Connection) -> None:
    import_records(customers, customer("1"), customer("7", parent_id="1"))
    import_records(orders, order("5", "", line("b", position=2), line("a", position=1), customer_id="7"))
    parent, child = Customer.objects.order_by("last_name")
    placed = Order.objects.get()
    for kind, pk in (
        (Kind.CUSTOMER, parent.pk),
        (Kind.CUSTOMER, child.pk),
        (Kind.ORDER_LINE, OrderLine.objects.earliest("position").pk),
    ):
        Link.objects.create(connection=storefront, kind=kind, external_id=f"{kind}-{pk}", item_id=pk)
    item = loading.load(Kind.ORDER, [placed.pk, 0])[placed.pk]
    assert [row.position for row in item.lines] == [1, 2]
    assert item.addresses[0].city == "Oslo"
    refs = loading.references(storefront, [item, *loading.load(Kind.CUSTOMER, [child.pk]).values()])
    assert refs.get(Kind.CUSTOMER, item.customer_id) == f"customer-{child.pk}"
    assert refs.get(Kind.CUSTOMER, parent.pk) == f"customer-{parent.pk}"
    assert refs.get(Kind.ORDER_LINE, item.lines[0].id) == f"order_line-{item.lines[0].id}"


def test_revisions_show_what_changed(orders: Job, storefront: Connection) -> None:
    job = make_job(storefront, DataType.ORDERS)
    import_records(orders, order("1"), order("2"))
    before = {pk: revision for pk, revision, _ in covered_items(job)}
    import_records(orders, order("1", "", line("1-1", quantity="2")), order("2"))
    after = {pk: revision for pk, revision, _ in covered_items(job)}
    changed = Order.objects.get(number="N-1").pk
    assert {pk for pk in after if after[pk] != before[pk]} == {changed}
    assert after[changed] == load_orders([changed])[changed].revision > max(before.values())


def test_only_b2b_customers_and_orders_are_exported(orders: Job, customers: Job, storefront: Connection) -> None:
    import_records(customers, customer("1", b2b_enabled=True), customer("2"))
    import_records(orders, order("1", placed_through_b2b=True), order("2"))
    import_records(
        make_job(make_connection(make_seller()), DataType.ORDERS, Direction.IMPORT), order("3", placed_through_b2b=True)
    )
    for data_type in (DataType.CUSTOMERS, DataType.ORDERS):
        job = make_job(storefront, data_type)
        assert [offered for *_, offered in covered_items(job).order_by("pk")] == [True, True]
        job.filters = {"b2b_only": True}
        offered = {pk: offered for pk, _, offered in covered_items(job)}
        assert sorted(offered.values()) == [False, True]
        items = loading.load(job.item_kind, list(offered))
        assert {pk: filters.matches(job.filters, item) for pk, item in items.items()} == offered


def test_customers_are_filtered_by_group_and_deleted_ones_excluded(customers: Job) -> None:
    import_records(customers, customer("1", group="Trade"), customer("2", group="Retail"), customer("3"))
    Customer.objects.filter(last_name="Buyer 2").update(status="deleted")
    items = load_customers(list(Customer.objects.values_list("pk", flat=True))).values()
    assert {item.last_name for item in items if filters.matches({"groups": ["Trade", "Retail"]}, item)} == {"Buyer 1"}
    assert {item.last_name for item in items if filters.matches({}, item)} == {"Buyer 1", "Buyer 3"}


def test_all_conditions_have_to_be_met_or_any_of_them(customers: Job, storefront: Connection) -> None:
    import_records(customers, customer("1", group="Trade"), customer("2", b2b_enabled=True), customer("3"))
    job = make_job(storefront, DataType.CUSTOMERS)
    for match_any, matching in ((False, set()), (True, {"Buyer 1", "Buyer 2"})):
        job.filters = {"groups": ["Trade"], "b2b_only": True, "match_any": match_any}
        offered = [pk for pk, _, is_offered in covered_items(job) if is_offered]
        items = load_customers(offered).values()
        assert {item.last_name for item in items if filters.matches(job.filters, item)} == matching
    item = next(iter(load_customers([Customer.objects.get(last_name="Buyer 3").pk]).values()))
    assert filters.matches({"categories": ["Garden"], "match_any": True}, item), "customers have no categories"


@pytest.mark.parametrize(
    ("invalid", "message"),
    [
        ({"b2b_only": "yes"}, "b2b_only must be true or false"),
        ({"b2b_groups": "Trade"}, "b2b_groups must be a list of strings"),
        ({"groups": [1]}, "groups must be a list of strings"),
        ({"b2b": True}, "“b2b” is not a filter. Choose from"),
        (["Trade"], "an object"),
    ],
)
def test_an_invalid_filter_is_rejected_with_its_name(invalid: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        filters.validate(invalid)
    filters.validate({"b2b_only": True, "groups": ["Trade"], "b2b_groups": []})
