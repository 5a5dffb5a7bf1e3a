"""BigCommerce customers and orders: behavior that the standard suite does not cover."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.reading import Reader
from connectors.sdk.records import CustomerRecord, OrderRecord
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.reading import by_id, records

CUSTOMERS, ORDERS = DataType.CUSTOMERS, DataType.ORDERS

Open = Callable[..., Adapter[Any]]


@pytest.fixture
def store(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("bigcommerce")


@pytest.fixture
def adapter(open_adapter: Open) -> Adapter[Any]:
    return open_adapter("bigcommerce")


def customers(adapter: Adapter[Any]) -> list[CustomerRecord]:
    return [record for record in records(adapter, CUSTOMERS) if isinstance(record, CustomerRecord)]


def order(adapter: Adapter[Any], number: int) -> OrderRecord:
    (record,) = adapter.source(ORDERS).fetch([str(number)])
    assert isinstance(record, OrderRecord)
    return record


def write(adapter: Adapter[Any], method: str, path: str, body: Any) -> Any:
    """Change data through the vendor's API, as a user of the control panel would."""
    return adapter.http.request(method, path, body=body).json()


# Customers


def test_groups_and_attributes_are_read_by_name(open_adapter: Open, store: SandboxProcess) -> None:
    names = {
        "accounting_id": "attributes.Account number",
        "discount_percentage": "attributes.Discount percentage",
    }
    adapter = open_adapter("bigcommerce", field_map={"customers": names})
    there = {str(row["id"]): row for row in store.state("customers")}
    trade = [each for each in customers(adapter) if each.group == "Trade"]
    assert {each.external_id for each in trade} == {n for n, row in there.items() if row["customer_group_id"] == 1}
    for each in trade:
        assert each.accounting_id and each.discount_percentage == 10
    assert all(
        each.accounting_id == "" and each.discount_percentage is None for each in customers(adapter) if not each.group
    )


def test_unmapped_attributes_cost_no_call(adapter: Adapter[Any], store: SandboxProcess) -> None:
    customers(adapter)
    paths = [call["path"].rpartition("/")[2] for call in store.calls()]
    assert "attributes" not in paths and paths.count("customer_groups") == 1


def test_an_empty_address_line_1_is_reported(adapter: Adapter[Any], store: SandboxProcess) -> None:
    address = {"id": 5, "address1": "", "city": "Leeds", "country_code": "GB"}
    row = {"id": 1, "email": "someone@example.com", "addresses": [address], "address_count": 1, "attributes": []}
    answer = {"data": [row], "meta": {"cursor_pagination": {"links": {}}}}
    store.fault("status", path="/v3/customers$", status=200, body=answer)
    (record,) = customers(adapter)
    assert [problem.code for problem in record.problems] == ["address_incomplete"]
    assert record.link == "https://alpha.shop.example.com/manage/customers/1/edit"


def test_addresses_truncated_by_the_listing_are_fetched(adapter: Adapter[Any], store: SandboxProcess) -> None:
    row = {"id": 1, "email": "someone@example.com", "addresses": [], "address_count": 1, "attributes": []}
    answer = {"data": [row], "meta": {"cursor_pagination": {"links": {}}}}
    store.fault("status", path="/v3/customers$", status=200, body=answer)
    (record,) = customers(adapter)
    assert record.addresses and record.addresses[0].street


def test_a_customer_changed_while_paging_hides_no_other(open_adapter: Open, store: SandboxProcess) -> None:
    adapter = open_adapter("bigcommerce", page_size=7)
    since = datetime(2000, 1, 1, tzinfo=UTC)
    page = adapter.source(CUSTOMERS).read_page(since=since, cursor=None)
    write(adapter, "PUT", "/v3/customers", [{"id": int(page.records[0].external_id), "company": "Changed Ltd"}])
    met = list(page.records)
    while page.cursor:
        page = adapter.source(CUSTOMERS).read_page(since=since, cursor=page.cursor)
        met += page.records
    assert {str(row["id"]) for row in store.state("customers")} == set(by_id(met))


# Orders


def test_orders_are_read_with_all_details(adapter: Adapter[Any], store: SandboxProcess) -> None:
    row = next(row for row in store.state("orders") if row["status_id"] == 11)
    record = order(adapter, row["id"])
    assert (record.number, record.status, record.source_status) == (str(row["id"]), "confirmed", "Awaiting Fulfillment")
    assert (record.currency, record.customer_id) == ("GBP", str(row["customer_id"]))
    assert record.total == sum(line.total_gross or 0 for line in record.lines) > 0
    assert [line.sku for line in record.lines] == [line["sku"] for line in row["products"]]
    assert [line.variant_id for line in record.lines] == [str(line["variant_id"]) for line in row["products"]]
    assert [address.use for address in record.addresses] == ["billing", "shipping"]
    assert record.addresses[0].country == "GB" and record.addresses[0].street
    assert record.placed_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("status_id", "status"),
    [
        (1, "pending"),
        (2, "shipped"),
        (3, "partly_shipped"),
        (4, "refunded"),
        (5, "cancelled"),
        (6, "cancelled"),
        (7, "pending"),
        (8, "confirmed"),
        (9, "confirmed"),
        (10, "delivered"),
        (11, "confirmed"),
        (12, "pending"),
        (13, "confirmed"),
        (14, "confirmed"),
    ],
)
def test_every_status_is_mapped(adapter: Adapter[Any], status_id: int, status: str) -> None:
    write(adapter, "PUT", "/v2/orders/1", {"status_id": status_id})
    assert order(adapter, 1).status == status


def test_an_incomplete_order_is_ignored(adapter: Adapter[Any]) -> None:
    write(adapter, "PUT", "/v2/orders/1", {"status_id": 0})
    assert adapter.source(ORDERS).fetch(["1"]) == []
    assert "1" not in by_id(records(adapter, ORDERS))


def test_shipments_refer_to_order_lines(adapter: Adapter[Any], store: SandboxProcess) -> None:
    row = next(row for row in store.state("orders") if row["status_id"] == 11)
    number, line = row["id"], row["products"][0]
    shipment = {
        "order_address_id": line["order_address_id"],
        "tracking_number": "TRACK-1",
        "tracking_carrier": "royal-mail",
        "items": [{"order_product_id": line["id"], "quantity": 1}],
    }
    write(adapter, "POST", f"/v2/orders/{number}/shipments", shipment)
    record = order(adapter, number)
    assert record.status in ("shipped", "partly_shipped") and record.shipments
    assert record.shipments[0].tracking_numbers == ["TRACK-1"] and record.shipments[0].carrier == "royal-mail"
    assert record.shipments[0].lines == {str(line["id"]): Decimal(1)}
    assert record.lines[0].status in ("shipped", "partly_shipped")


def test_only_orders_of_the_b2b_channel_are_read(open_adapter: Open, store: SandboxProcess) -> None:
    there = {str(row["id"]) for row in store.state("orders") if row["channel_id"] == 2 and row["status_id"]}
    read = records(open_adapter("bigcommerce", b2b_channel_id=2), ORDERS)
    assert set(by_id(read)) == there != set()
    assert all(isinstance(each, OrderRecord) and each.placed_through_b2b for each in read)


@pytest.mark.parametrize("page_size", [1, 4, 20])
def test_orders_changed_in_one_second_are_all_read(open_adapter: Open, page_size: int) -> None:
    adapter = open_adapter("bigcommerce", page_size=page_size)
    started = datetime.now(UTC).replace(microsecond=0)
    for number in range(1, 13):
        write(adapter, "PUT", f"/v2/orders/{number}", {"status_id": 11, "staff_notes": "Checked"})
    read = by_id(records(adapter, ORDERS, since=started))
    assert {str(number) for number in range(1, 13)} == set(read)


def test_no_calls_are_made_for_details_that_an_order_does_not_have(
    adapter: Adapter[Any], store: SandboxProcess
) -> None:
    order(adapter, 1)
    store.clear_calls()
    order(adapter, 1)
    asked = [call["path"].partition("/v2/orders/1")[2] for call in store.calls()]
    assert asked == ["", "/products", "/shipping_addresses"]


def test_only_items_of_the_selected_storefronts_are_read(open_adapter: Open, store: SandboxProcess) -> None:
    """In lists, changes and single fetches. An order or customer of others is not treated as deleted, a product that is
    not sold there any more is."""
    everything = open_adapter("bigcommerce")
    write(everything, "PUT", "/v3/customers", [{"id": 1, "channel_ids": [2]}, {"id": 2, "channel_ids": [1, 2]}])
    outlet = open_adapter("bigcommerce", channel_ids=[2])
    of_outlet = {str(row["id"]) for row in store.state("orders") if row["channel_id"] == 2 and row["status_id"]}
    for data_type, expected in ((CUSTOMERS, {"1", "2"}), (ORDERS, of_outlet)):
        every_id = sorted(by_id(records(everything, data_type)))
        for since in (None, datetime(2000, 1, 1, tzinfo=UTC)):
            read = Reader(outlet, data_type)
            page = records(outlet, data_type, since=since)
            kept = {each.external_id for each in page if outlet.source(data_type).includes(each.raw)}
            assert kept == expected
        found, excluded = read.fetch(every_id, now=datetime.now(UTC))
        assert {each.external_id for each in found} == expected and excluded == set(every_id) - expected
    products = by_id(records(everything, DataType.PRODUCTS))
    found, excluded = Reader(outlet, DataType.PRODUCTS).fetch(sorted(products), now=datetime.now(UTC))
    assert excluded == set() and 0 < len(found) < len(products)
    both = open_adapter("bigcommerce", channel_ids=[1, 2])
    assert by_id(records(both, ORDERS)).keys() == by_id(records(everything, ORDERS)).keys()
