"""Importing customers: complete, once, and without personal data in the timeline (D13)."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connectors.engine.applying import import_context_for
from connectors.engine.discontinuing import discontinue
from hub.kinds import DataType, Kind
from hub.models import Change, Connection, Job, Link
from orders.models import Address, Customer, CustomerGroup
from synclog.models import Issue, ItemEvent, ItemStatus
from tests.factories import make_connection, make_job, make_seller
from tests.orders.importing import address, customer, import_records


def test_importing_the_same_customer_twice_changes_nothing(customers: Job) -> None:
    record = customer("1", group="Trade", discount_percentage=Decimal("12.5"), price_lists=["b2b"])
    assert import_records(customers, record).created == 1
    before = Customer.objects.values().get()
    assert import_records(customers, customer("1", **_same(record))).unchanged == 1
    assert Customer.objects.values().get() == before
    assert Address.objects.count() == CustomerGroup.objects.count() == 1
    assert before["discount_percentage"] == Decimal("12.500") and before["revision"] > 0


def _same(record: object) -> dict:
    return {name: getattr(record, name) for name in ("group", "discount_percentage", "price_lists")}


def test_the_same_content_in_another_order_writes_nothing(customers: Job) -> None:
    import_records(customers, customer("1", addresses=[address(), address(use="billing")]))
    revision = Customer.objects.get().revision
    tally = import_records(customers, customer("1", addresses=[address(use="billing"), address()]))
    assert (tally.updated, tally.unchanged) == (0, 1)
    assert Customer.objects.get().revision == revision


def test_changes_are_recorded_without_personal_data(customers: Job) -> None:
    import_records(customers, customer("1", group="Retail"))
    new = customer("1", group="Trade", email="new@example.com", note="call Berta", addresses=[address(street="Ny 2")])
    assert import_records(customers, new).updated == 1
    changes = ItemEvent.objects.get(action="updated").changes
    assert changes == {
        "group": ["Retail", "Trade"],
        "email": ["…", "…"],
        "note": ["…", "…"],
        "addresses": ["…", "…"],
    }
    assert Address.objects.get().street == "Ny 2"


def test_addresses_that_were_not_read_are_kept(customers: Job) -> None:
    import_records(customers, customer("1"))
    import_records(customers, customer("1", first_name="Bertha", addresses=None))
    assert Address.objects.count() == 1
    import_records(customers, customer("1", addresses=[]))
    assert not Address.objects.exists()


def test_a_change_is_queued_for_every_target_except_its_origin(customers: Job, shop: Connection) -> None:
    own = make_job(shop, DataType.CUSTOMERS)
    storefront = make_job(make_connection(shop.seller), DataType.CUSTOMERS)
    stranger = make_job(make_connection(make_seller()), DataType.CUSTOMERS)
    import_records(customers, customer("1"))
    change = Change.objects.get()
    assert (change.job, change.kind, change.item_id) == (storefront, Kind.CUSTOMER, Customer.objects.get().pk)
    assert own != storefront != stranger


def test_a_parent_is_found_on_the_same_page_or_in_the_database(customers: Job) -> None:
    import_records(customers, customer("2", parent_id="1"), customer("1"))
    import_records(customers, customer("3", parent_id="1"), customer("4", parent_id="9"))
    parents = dict(Customer.objects.values_list("last_name", "parent__last_name"))
    assert parents == {"Buyer 1": None, "Buyer 2": "Buyer 1", "Buyer 3": "Buyer 1", "Buyer 4": None}
    issue = Issue.objects.get(resolved_at=None)
    assert (issue.external_id, issue.code, issue.severity) == ("customer:4", "parent_customer_missing", "warning")
    # The parent is imported now; the child is unchanged in the source.
    import_records(customers, customer("9"))
    import_records(customers, customer("4", parent_id="9"))
    assert Customer.objects.get(last_name="Buyer 4").parent == Customer.objects.get(last_name="Buyer 9")
    assert not Issue.objects.filter(resolved_at=None).exists()


def test_filters_decide_who_is_enabled_for_b2b(customers: Job) -> None:
    records = [
        ("1", "Trade", None),
        ("2", "Retail", None),
        ("3", "", None),
        ("4", "Retail", True),
        ("5", "Trade", False),
    ]

    def enabled() -> set[str]:
        import_records(customers, *(customer(ext, group=group, b2b_enabled=flag) for ext, group, flag in records))
        rows = Link.objects.filter(
            kind=Kind.CUSTOMER, item_id__in=Customer.objects.filter(b2b_enabled=True).values("pk")
        )
        return set(rows.values_list("external_id", flat=True))

    assert enabled() == {"4"}
    customers.filters = {"b2b_groups": ["Trade"]}
    customers.save()
    assert enabled() == {"1", "4"}
    customers.filters = {"b2b_groups": ["Retail"]}
    customers.save()
    assert enabled() == {"2", "4"}


def test_a_customer_missing_in_the_source_is_deleted_and_can_return(customers: Job, shop: Connection) -> None:
    storefront = make_job(make_connection(shop.seller), DataType.CUSTOMERS)
    import_records(customers, customer("1"))
    Change.objects.all().delete()
    context = import_context_for(customers, run_id=None, now=timezone.now())
    assert discontinue(context, list(Link.objects.filter(kind=Kind.CUSTOMER))) == 1
    assert Customer.objects.get().status == "deleted"
    assert Change.objects.get().job == storefront
    assert ItemStatus.objects.get(job=customers).state == "removed"
    assert import_records(customers, customer("1")).updated == 1
    assert Customer.objects.get().status == "active"


def test_only_invalid_customers_of_a_page_are_skipped(customers: Job) -> None:
    invalid = [
        customer("nul", first_name="a\0b"),
        customer("half", first_name="\ud800"),
        customer("email", email="9" * 321),
    ]
    tally = import_records(customers, customer("1"), *invalid, customer("2", note=r"a text about \u0000"))
    assert (tally.created, tally.skipped) == (2, len(invalid))
    assert Customer.objects.count() == 2
    issues = Issue.objects.filter(resolved_at=None)
    assert {issue.external_id for issue in issues} == {f"customer:{record.external_id}" for record in invalid}
    assert all(issue.fix and "999" not in issue.message for issue in issues)


def test_an_id_that_cannot_be_stored_is_still_reported(customers: Job) -> None:
    import_records(customers, customer("a\0b"), customer("1"))
    assert Customer.objects.count() == 1
    assert Issue.objects.get().external_id == "customer:a\N{REPLACEMENT CHARACTER}b"


def test_the_same_customer_twice_on_a_page_is_one_customer(customers: Job) -> None:
    import_records(customers, customer("1", first_name="Old"), customer("1", first_name="New"))
    assert Customer.objects.get().first_name == "New"


def test_a_customer_cannot_be_in_a_group_of_another_seller(customers: Job) -> None:
    import_records(customers, customer("1"))
    foreign = CustomerGroup.objects.create(seller=make_seller(), name="Trade")
    Customer.objects.update(group=foreign)
    with pytest.raises(IntegrityError, match="orders_customer_group_id_tenant"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_page_of_500_customers_takes_as_many_queries_as_one_customer(customers: Job) -> None:
    def queries(first: int, number: int, **fields: Any) -> int:
        records = [customer(str(first + n), group="Trade", **fields) for n in range(number)]
        with CaptureQueriesContext(connection) as captured:
            import_records(customers, *records)
        return len(captured)

    import_records(customers, customer("warm", group="Trade"))
    assert queries(0, 1) == queries(1000, 500) < 30
    assert queries(0, 1, phone="1") == queries(1000, 50, phone="1") < 30
