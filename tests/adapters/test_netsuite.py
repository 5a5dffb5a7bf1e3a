"""NetSuite: authentication, sales orders that are created once, and imports with SuiteQL (S1, S3, S5)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from connectors.platforms.netsuite import NetSuite
from connectors.platforms.netsuite.settings import Credentials, FieldMap, Settings
from connectors.platforms.netsuite.suiteql import changed_since
from connectors.sdk.account import Account
from connectors.sdk.errors import NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.operations import Action, Operation, References
from connectors.sdk.records import AddressRecord, FulfilmentRecord
from hub.kinds import DataType, Kind
from orders.items import OrderItem, OrderLineItem, Principal
from sandbox.process import SandboxProcess
from tests.adapters import samples
from tests.adapters.cases import CASES, NoTokens
from tests.adapters.reading import pages, records

NOTHING = References({})
Open = Callable[..., NetSuite]


@pytest.fixture
def platform(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    name, key = CASES["netsuite"].account
    return sandbox("netsuite", accounts={name: key, "tba1": "token-secret"}, products=30)


@pytest.fixture
def open_adapter(platform: SandboxProcess) -> Iterator[Open]:
    opened: list[NetSuite] = []

    def make(
        account: str = "tstdrv1",
        fields: dict[str, Any] | None = None,
        process: SandboxProcess = platform,
        **changes: Any,
    ) -> NetSuite:
        credentials = {"private_key": changes.pop("private_key", CASES["netsuite"].account[1])}
        if account == "tba1":
            secret = changes.pop("token_secret", "token-secret")
            credentials = {"consumer_secret": "sandbox-secret", "token_secret": secret}
            changes = {"auth": "tba", "token_id": "sandbox-token"} | changes
        url = f"{process.url}/{account}/services/rest"
        settings = CASES["netsuite"].settings | {"account": account} | changes
        about = Account(
            base_url=url,
            settings=Settings.model_validate(settings),
            credentials=Credentials.model_validate(credentials),
            field_map=FieldMap.model_validate(fields or {}),
        )
        opened.append(NetSuite(about, HttpClient(url, deadline=10, private_hosts=["127.0.0.1"]), NoTokens()))
        return opened[-1]

    yield make
    for each in opened:
        each.http.close()


def line(number: int, sku: str = "SKU-1", quantity: str = "1", **changes: Any) -> OrderLineItem:
    about = {"order_id": 1, "variant_id": None, "position": number, "title": "Lamp", "vendor": "", "status": "pending"}
    about |= {"id": number, "sku": sku, "quantity": Decimal(quantity), "unit_price": Decimal("9.5")} | changes
    return OrderLineItem(**about)


def order(*lines: OrderLineItem, number: int = 1, **changes: Any) -> OrderItem:
    """An order shipped on behalf of a seller, with a shipping address."""
    where = AddressRecord(use="shipping", first_name="Zoe", last_name="Zimmer", street="Storgata 1", country="NO")
    about = {
        "lines": list(lines) or [line(1)],
        "addresses": [where],
        "status": "confirmed",
        "shipments": [],
        "principal": Principal("acme", "Acme"),
    }
    return samples.order(number, **(about | changes))


def operation(adapter: NetSuite, item: OrderItem, before: Any = None, action: Action = Action.CREATE) -> Operation:
    payload = adapter.target(DataType.ORDERS).payload(item, NOTHING)
    return Operation(action, item.id, "", payload, before)


def send(adapter: NetSuite, item: OrderItem, before: Any = None) -> Any:
    (outcome,) = adapter.target(DataType.ORDERS).send([operation(adapter, item, before)])
    return outcome


def code(error: Exception | None) -> str:
    """The code of the issue for a skipped item; empty if it was not skipped."""
    return error.problem.code if isinstance(error, SkipRecord) else ""


def sales_orders(platform: SandboxProcess, account: str = "tstdrv1") -> list[dict[str, Any]]:
    return list(platform.state("orders", account))


def lines(row: dict[str, Any]) -> list[tuple[str, int, bool]]:
    return [(each["sku"], each["quantity"], each["isClosed"]) for each in row["items"]]


# Authentication


@pytest.mark.parametrize(
    ("since", "first"),
    [
        ("2026-10-25T00:50:00", "2026-10-25 01:50:00"),  # 02:50 for the first time; 02:05 for the second is later
        ("2026-10-25T01:50:00", "2026-10-25 02:50:00"),
        ("2026-10-24T23:50:00", "2026-10-25 01:50:00"),
        ("2026-03-29T01:10:00", "2026-03-29 03:10:00"),
    ],
)
def test_nothing_is_missed_in_the_hour_that_is_repeated(since: str, first: str) -> None:
    condition = changed_since("moment", datetime.fromisoformat(since).replace(tzinfo=UTC), "Europe/Berlin")
    assert condition == f"moment >= TO_TIMESTAMP('{first}', 'YYYY-MM-DD HH24:MI:SS')"


def test_oauth1_tokens_sign_each_request(open_adapter: Open) -> None:
    assert open_adapter("tba1").check() == "Connected to account TBA1 with 32 items."
    with pytest.raises(NeedsAttention) as raised:
        open_adapter("tba1", token_secret="wrong").check()
    assert "wrong" not in f"{raised.value} {raised.value.fix}"
    page = open_adapter("tba1").source(DataType.PRODUCTS).read_page(since=datetime(2020, 1, 1, tzinfo=UTC), cursor=None)
    assert len(page.records) == 32


def test_an_rsa_key_signs_even_if_its_line_breaks_are_lost(
    sandbox: Callable[..., SandboxProcess], open_adapter: Open
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().strip()
    process = sandbox("netsuite", accounts={"rsa1": pem}, products=1)
    adapter = open_adapter("rsa1", algorithm="PS256", private_key=" ".join(pem.splitlines()), process=process)
    assert adapter.check().startswith("Connected to account RSA1")


def test_an_expired_token_is_renewed_once(open_adapter: Open, platform: SandboxProcess) -> None:
    adapter = open_adapter()
    adapter.check()
    platform.control("POST", "expire", json={})
    platform.clear_calls()
    adapter.check()
    assert [call["status"] for call in platform.calls()] == [401, 200, 200]


def test_an_invalid_key_needs_attention(open_adapter: Open) -> None:
    with pytest.raises(NeedsAttention, match="no access token") as raised:
        open_adapter(private_key="no key at all").check()
    assert "no key at all" not in f"{raised.value} {raised.value.fix}"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"certificate_id": ""}, "certificate_id is required"),
        ({"auth": "tba"}, "token_id is required"),
        ({"time_zone": "Mars/Olympus"}, "not a time zone"),
        ({"external_ids": "a b"}, "external_ids"),
        ({"order_defaults": {"x; DROP": 1}}, "order_defaults"),
    ],
)
def test_invalid_settings_are_rejected_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Settings.model_validate(CASES["netsuite"].settings | changes)


def test_the_field_map_does_not_allow_sql_injection() -> None:
    for wrong in ("itemid, (SELECT 1)", "a'b", "x y", "1x"):
        with pytest.raises(ValidationError):
            FieldMap.model_validate({"products": {"sku": wrong}})


# Orders


def test_a_vendors_part_becomes_a_sales_order_of_the_seller(open_adapter: Open, platform: SandboxProcess) -> None:
    fields = {"orders": {"line_id": "custcol_hub_line", "seller": "custbody_seller"}}
    outcome = send(open_adapter(fields=fields), order(line(7, "SKU-2", "3"), line(8, "SHIRT-RED"), customer_note=""))
    (row,) = sales_orders(platform)
    assert row["externalId"] == "sc-order-1" and str(row["id"]) == outcome.external_id
    assert row["entity"]["externalid"] == "sc-seller-acme" and row["custbody_seller"] == "Acme"
    assert row["otherRefNum"] == "101" and row["tranDate"] == "2026-01-02"
    assert row["shippingAddress"] == {"addressee": "Zoe Zimmer", "addr1": "Storgata 1", "country": {"id": "NO"}}
    assert lines(row) == [("SKU-2", 3, False), ("SHIRT-RED", 1, False)]
    assert {each["rate"] for each in row["items"]} == {None}
    numbers = [each["line"] for each in row["items"]]
    assert outcome.links == {
        (Kind.ORDER_LINE, 7): f"{outcome.external_id}/{numbers[0]}",
        (Kind.ORDER_LINE, 8): f"{outcome.external_id}/{numbers[1]}",
    }


def test_an_own_order_has_its_customer_and_prices(open_adapter: Open, platform: SandboxProcess) -> None:
    customers = open_adapter().target(DataType.CUSTOMERS)
    (buyer,) = customers.send([Operation(Action.CREATE, 3, "", customers.payload(samples.customer(3), NOTHING))])
    refs = References({(Kind.CUSTOMER, 3): buyer.external_id})
    own = order(principal=None, addresses=[])
    adapter = open_adapter(currencies={"GBP": "2"}, order_defaults={"custbody_channel": {"id": "3"}}, location="1")
    payload = adapter.target(DataType.ORDERS).payload(own, refs)
    adapter.target(DataType.ORDERS).send([Operation(Action.CREATE, 1, "", payload)])
    (row,) = sales_orders(platform)
    assert (str(row["entity"]["id"]), row["items"][0]["rate"]) == (buyer.external_id, 9.5)
    assert (row["currency"], row["custbody_channel"], row["location"]) == ({"id": "2"}, {"id": "3"}, {"id": "1"})
    with pytest.raises(SkipRecord, match="is in GBP"):
        open_adapter(currencies={"EUR": "1"}).target(DataType.ORDERS).payload(own, refs)
    with pytest.raises(SkipRecord, match="does not have the customer"):
        open_adapter(guest_customer="").target(DataType.ORDERS).payload(own, NOTHING)


def test_a_field_that_the_account_does_not_have_is_an_issue(open_adapter: Open) -> None:
    """Otherwise NetSuite would save the order without it."""
    outcome = send(open_adapter(order_defaults={"department2": "x"}), order())
    assert code(outcome.error) == "rejected" and "department2" in str(outcome.error)


@pytest.mark.parametrize("line_id", ["", "custcol_hub_line"])
@pytest.mark.parametrize("fault", ["drop", "half_body"])
def test_a_lost_response_duplicates_neither_order_nor_lines(
    fault: str, line_id: str, open_adapter: Open, platform: SandboxProcess
) -> None:
    item = order(line(1, "SKU-1", "2"), line(2, "SKU-1", "5"), line(3, "SKU-2"))
    platform.fault(fault, when="after", method="PUT", path="salesOrder", times=1)
    with pytest.raises(TryAgainLater):
        send(open_adapter(fields={"orders": {"line_id": line_id}}), item)
    outcome = send(open_adapter(fields={"orders": {"line_id": line_id}}), item)
    assert outcome.error is None and len(outcome.links) == 3
    (row,) = sales_orders(platform)
    assert lines(row) == [("SKU-1", 2, False), ("SKU-1", 5, False), ("SKU-2", 1, False)]


@pytest.mark.parametrize("line_id", ["", "custcol_hub_line"])
def test_changes_are_applied_line_by_line(line_id: str, open_adapter: Open, platform: SandboxProcess) -> None:
    adapter = open_adapter(fields={"orders": {"line_id": line_id}})
    first = order(line(1, "SKU-1", "2"), line(2, "SKU-1", "5"), line(3, "SKU-2"), line(4, "SKU-3"))
    created = send(adapter, first)
    second = order(line(2, "SKU-1", "6"), line(3, "SKU-2", status="cancelled"), line(4, "SKU-3"), line(5, "SKU-4"))
    changed = send(open_adapter(fields={"orders": {"line_id": line_id}}), second, operation(adapter, first).payload)
    (row,) = sales_orders(platform)
    # The first line was removed from the order, the third canceled: both are closed, none is deleted.
    assert lines(row) == [
        ("SKU-1", 2, True),
        ("SKU-1", 6, False),
        ("SKU-2", 1, True),
        ("SKU-3", 1, False),
        ("SKU-4", 1, False),
    ]
    assert changed.links[Kind.ORDER_LINE, 2] == created.links[Kind.ORDER_LINE, 2]
    assert changed.external_id == created.external_id


def test_lines_closed_by_us_are_reopened(open_adapter: Open, platform: SandboxProcess) -> None:
    adapter = open_adapter()
    item = order(line(1, "SKU-1"), line(2, "SKU-2"))
    send(adapter, item)
    cancelled = order(line(1, "SKU-1", status="cancelled"), line(2, "SKU-2"))
    send(adapter, cancelled, operation(adapter, item).payload)
    again = operation(adapter, item, operation(adapter, cancelled).payload, Action.UPDATE)
    adapter.target(DataType.ORDERS).send([again])
    assert lines(sales_orders(platform)[0]) == [("SKU-1", 1, False), ("SKU-2", 1, False)]
    # The whole order is removed, then sent again.
    adapter.target(DataType.ORDERS).send([Operation(Action.REMOVE, 1, "", None)])
    send(adapter, item)
    assert lines(sales_orders(platform)[0]) == [("SKU-1", 1, False), ("SKU-2", 1, False)]


def test_lines_closed_by_a_netsuite_user_stay_closed(open_adapter: Open, platform: SandboxProcess) -> None:
    adapter = open_adapter()
    before = order(line(1, "SKU-1"), line(2, "SKU-2"))
    created = send(adapter, before)
    number = int(created.links[Kind.ORDER_LINE, 1].rpartition("/")[2])
    adapter.client.update("salesOrder", created.external_id, {"item": {"items": [{"line": number, "isClosed": True}]}})
    after = order(line(1, "SKU-1"), line(2, "SKU-2", "4"))
    adapter.target(DataType.ORDERS).send([operation(adapter, after, operation(adapter, before).payload, Action.UPDATE)])
    assert lines(sales_orders(platform)[0]) == [("SKU-1", 1, True), ("SKU-2", 4, False)]


def test_a_line_removed_while_in_doubt_is_identified_by_our_id(open_adapter: Open, platform: SandboxProcess) -> None:
    """The last payload sent is unknown, but the account stores our line IDs."""
    adapter = open_adapter(fields={"orders": {"line_id": "custcol_hub_line"}})
    send(adapter, order(line(1, "SKU-1"), line(2, "SKU-1")))
    send(adapter, order(line(2, "SKU-1")))
    assert lines(sales_orders(platform)[0]) == [("SKU-1", 1, True), ("SKU-1", 1, False)]


def test_a_line_keeps_its_item(open_adapter: Open) -> None:
    adapter = open_adapter()
    first = order(line(1, "SKU-1"))
    send(adapter, first)
    outcome = send(adapter, order(line(1, "SKU-2")), operation(adapter, first).payload)
    assert code(outcome.error) == "line_item_changed"


def test_a_removal_closes_the_order_found_by_our_external_id(open_adapter: Open, platform: SandboxProcess) -> None:
    adapter = open_adapter()
    send(adapter, order())
    for _ in range(2):
        (outcome,) = adapter.target(DataType.ORDERS).send([Operation(Action.REMOVE, 1, "", None)])
        assert outcome.error is None
    assert lines(sales_orders(platform)[0]) == [("SKU-1", 1, True)]
    (absent,) = adapter.target(DataType.ORDERS).send([Operation(Action.REMOVE, 99, "", None)])
    assert absent.error is None


def test_values_that_are_too_long_are_cut(open_adapter: Open, platform: SandboxProcess) -> None:
    """NetSuite names one field after the other. It has no documented lengths."""
    street = "Storgata " + "1234567 " * 20
    where = AddressRecord(use="shipping", last_name="Zimmer", street=street, city="Oslo" * 20, country="NO")
    outcome = send(open_adapter(), order(addresses=[where]))
    (row,) = sales_orders(platform)
    kept = row["shippingAddress"]["addr1"]
    assert outcome.error is None and len(kept) <= 150 and street.startswith(kept) and kept.endswith("1234567")
    cut = [(problem.code, problem.values["field"], problem.values["limit"]) for problem in outcome.warnings]
    assert cut == [("value_cut_at_target", "addr1", 150), ("value_cut_at_target", "city", 50)]
    customers = open_adapter().target(DataType.CUSTOMERS)
    long_name = samples.customer(3, company_name="", last_name="Z" * 40)
    (buyer,) = customers.send([Operation(Action.CREATE, 3, "", customers.payload(long_name, NOTHING))])
    assert buyer.error is None and [problem.values["field"] for problem in buyer.warnings] == ["lastname"]


def test_a_rejected_order_does_not_affect_others(open_adapter: Open, platform: SandboxProcess) -> None:
    adapter = open_adapter()
    unknown, inactive = order(line(1, "NONE"), number=1), order(line(2, "OLD"), number=2)
    bad_country = order(line(3), number=3, addresses=[AddressRecord(use="shipping", street="x", country="no")])
    outcomes = adapter.target(DataType.ORDERS).send(
        [operation(adapter, each) for each in (unknown, inactive, bad_country, order(line(4), number=4))]
    )
    assert [code(each.error) for each in outcomes] == ["item_not_at_target", "item_not_at_target", "rejected", ""]
    assert "Invalid country reference key no. (shippingAddress.country)" in str(outcomes[2].error)
    assert [row["externalId"] for row in sales_orders(platform)] == ["sc-order-4"]


@pytest.mark.parametrize(
    ("changes", "belongs"),
    [
        ({"status": "pending"}, False),
        ({"status": "cancelled"}, False),
        ({"status": "shipped"}, False),
        ({"lines": [line(1, status="cancelled")]}, False),
        ({"status": "partly_shipped"}, True),
    ],
)
def test_orders_without_anything_to_ship_are_not_sent(
    changes: dict[str, Any], belongs: bool, open_adapter: Open
) -> None:
    item = order(**changes) if "lines" not in changes else replace(order(), **changes)
    assert (open_adapter().target(DataType.ORDERS).payload(item, NOTHING) is not None) is belongs


def test_an_order_sent_before_keeps_its_payload_when_shipped(open_adapter: Open) -> None:
    refs = References({(Kind.ORDER_LINE, 1): "5/3"})
    assert open_adapter().target(DataType.ORDERS).payload(order(status="shipped"), refs) is not None
    assert open_adapter(send_pending=True).target(DataType.ORDERS).payload(order(status="pending"), NOTHING) is not None


@pytest.mark.parametrize(
    ("changes", "found"),
    [({"addresses": []}, "delivery_address_missing"), ({"lines": [line(1, "")]}, "line_sku_missing")],
)
def test_an_order_that_cannot_be_shipped_is_an_issue(changes: dict[str, Any], found: str, open_adapter: Open) -> None:
    with pytest.raises(SkipRecord) as problem:
        open_adapter().target(DataType.ORDERS).payload(replace(order(), **changes), NOTHING)
    assert code(problem.value) == found and problem.value.fix


def test_sellers_with_a_configured_customer_are_not_created(open_adapter: Open, platform: SandboxProcess) -> None:
    send(open_adapter(seller_customers={"acme": "1"}), order())
    assert [row["id"] for row in platform.state("customers")] == [1]


def test_too_many_concurrent_requests_are_retried(open_adapter: Open, platform: SandboxProcess) -> None:
    platform.fault("rate_limited", path="suiteql", times=1)
    with pytest.raises(TryAgainLater) as raised:
        open_adapter().check()
    assert raised.value.sent is False


# Imports


def test_products_are_read_with_children_stock_and_mapped_fields(open_adapter: Open) -> None:
    columns = {"attributes": {"Colour": "custitem_colour"}, "options": {"Size": "custitem_colour"}, "rrp": "weight"}
    fields = {"products": columns}
    read = {each.title: each for each in records(open_adapter(fields=fields), DataType.PRODUCTS)}
    plain, shirt = read["Lamp 3"], read["Shirt"]
    (only,) = plain.variants
    assert (plain.external_id, only.sku, only.weight_in_grams, only.rrp) == ("3", "SKU-3", 3, 3)
    assert [(each.location, each.quantity) for each in only.stock] == [("Main", 3)]
    assert [each.sku for each in shirt.variants or []] == ["SHIRT-RED", "SHIRT-BLUE"]
    assert [each.options for each in shirt.variants or []] == [
        [{"name": "Size", "value": "Red"}],
        [{"name": "Size", "value": "Blue"}],
    ]
    assert (read["Old lamp"].status, plain.status) == ("suspended", "live")
    assert "Advice" not in read


def change_item(platform: SandboxProcess, sku: str, **values: Any) -> None:
    platform.control("POST", "items", json={"account": "tstdrv1", "sku": sku, "values": values})


def test_only_matrix_items_have_variants(open_adapter: Open, platform: SandboxProcess) -> None:
    """A sub-item of an item that is no matrix item is a product, and so is its parent."""
    change_item(platform, "SKU-2", parent=1)
    read = {each.external_id: each for each in records(open_adapter(), DataType.PRODUCTS)}
    assert [[each.sku for each in read[key].variants] for key in ("1", "2")] == [["SKU-1"], ["SKU-2"]]
    assert read["31"].title == "Shirt" and not {"32", "33"} & read.keys()
    plain = {each.external_id for each in records(open_adapter(matrix_items=False), DataType.PRODUCTS)}
    assert {"31", "32", "33"} < plain


def test_a_kit_has_the_stock_that_its_members_allow(open_adapter: Open, platform: SandboxProcess) -> None:
    members = {"SKU-3": 1, "SKU-9": 2, "HOURS": 1}
    kit = platform.control("POST", "kit", json={"account": "tstdrv1", "sku": "SET", "members": members})["id"]
    outer = {"account": "tstdrv1", "sku": "SET-OF-SETS", "members": {"SET": 2, "SKU-30": 1}}
    platform.control("POST", "kit", json=outer)

    def stock(since: datetime | None = None) -> dict[str, list[Decimal | None]]:
        read = records(open_adapter(), DataType.PRODUCTS, since=since)
        found = {
            variant.sku: [each.quantity for each in variant.stock or []] for row in read for variant in row.variants
        }
        return {sku: found[sku] for sku in ("SET", "SET-OF-SETS") if sku in found}

    # Three of SKU-3 and nine of SKU-9, of which a kit needs two. Advice is not stocked.
    assert stock() == {"SET": [3], "SET-OF-SETS": [1]}
    platform.control("POST", "age", json={"account": "tstdrv1", "hours": 2})
    recently = datetime.now(UTC) - timedelta(minutes=5)
    assert stock(recently) == {}
    platform.control("POST", "stock", json={"account": "tstdrv1", "sku": "SKU-9", "quantity": 5})
    assert stock(recently) == {"SET": [2]}
    (record,) = open_adapter(stock_table="aggregateitemlocation").source(DataType.PRODUCTS).fetch([str(kit)])
    assert [each.quantity for each in record.variants[0].stock] == [2]


def test_prices_are_those_of_the_price_level(open_adapter: Open, platform: SandboxProcess) -> None:
    def prices(**settings: Any) -> dict[str, Any]:
        read = records(open_adapter(**settings), DataType.PRODUCTS)
        return {variant.sku: variant.price and variant.price.amount for row in read for variant in row.variants}

    platform.control("POST", "price", json={"account": "tstdrv1", "sku": "SHIRT-RED", "price": 24.5})
    platform.control("POST", "price", json={"account": "tstdrv1", "sku": "SKU-2", "price": None})
    found = prices()
    assert (found["SKU-1"], found["SHIRT-RED"], found["SKU-2"]) == (Decimal("9.95"), Decimal("24.5"), None)
    assert prices(price_level="")["SKU-1"] is None
    platform.control("POST", "price", json={"account": "tstdrv1", "sku": "SKU-1", "price": 11, "currency": 2})
    assert prices(price_currency="2")["SKU-1"] == 11
    with pytest.raises(NeedsAttention, match="several currencies") as raised:
        prices()
    assert "Price currency" in raised.value.fix


def test_images_that_anybody_may_see_are_read(open_adapter: Open, platform: SandboxProcess) -> None:
    for sku, public in (("SKU-1", True), ("SKU-2", False)):
        platform.control("POST", "image", json={"account": "tstdrv1", "sku": sku, "public": public})
    source = open_adapter().source(DataType.PRODUCTS)
    assert [[image.url for image in each.images] for each in source.fetch(["1", "2"])] == [
        ["https://tstdrv1.app.netsuite.com/core/media/media.nl?id=1"],
        [],
    ]
    (record,) = open_adapter(fields={"products": {"images": []}}).source(DataType.PRODUCTS).fetch(["1"])
    assert record.images is None


def test_an_item_without_sku_is_read_with_a_problem_that_names_it(open_adapter: Open) -> None:
    adapter = open_adapter(fields={"products": {"sku": "upccode", "barcode": ""}})
    read = {record.external_id: record for record in records(adapter, DataType.PRODUCTS)}
    (problem,) = read["3"].problems
    assert (problem.code, problem.ref, problem.fatal) == ("sku_missing", "variant:3", False)
    assert problem.values == {"count": 1, "names": "SKU-3"}


def test_changes_are_read_by_cut_date(open_adapter: Open, platform: SandboxProcess) -> None:
    """Changes of the item, of a child, or of the stock of either; in the time zone of the authenticated user."""
    adapter = open_adapter()

    def changed(**moved: int) -> set[str]:
        since = datetime.now(UTC) + timedelta(**moved)
        return {each.title for each in records(adapter, DataType.PRODUCTS, since=since)}

    assert changed(seconds=30) == set()
    assert len(changed(seconds=-300)) == 32
    platform.control("POST", "age", json={"account": "tstdrv1", "hours": 2})
    assert changed(seconds=-300) == set()
    platform.control("POST", "items", json={"account": "tstdrv1", "sku": "SHIRT-RED", "values": {"weight": 2}})
    platform.control("POST", "stock", json={"account": "tstdrv1", "sku": "SKU-4", "quantity": 77})
    assert changed(seconds=-300) == {"Shirt", "Lamp 4"}
    (record,) = adapter.source(DataType.PRODUCTS).fetch(["4"])
    assert [each.quantity for each in record.variants[0].stock] == [77]


def test_thousands_of_items_are_paged_by_key(sandbox: Callable[..., SandboxProcess], open_adapter: Open) -> None:
    name, key = CASES["netsuite"].account
    process = sandbox("netsuite", accounts={name: key}, products=1100)
    adapter = open_adapter(process=process)
    read = [each.external_id for page in pages(adapter, DataType.PRODUCTS) for each in page.records]
    assert len(read) == len(set(read)) == 1102
    assert all("offset" not in call["query"] for call in process.calls())


def shipments(adapter: NetSuite, **how: Any) -> dict[str, list[tuple[str, dict[str, Decimal]]]]:
    found = {}
    for page in pages(adapter, DataType.ORDERS, **how):
        for each in page.records:
            assert isinstance(each, FulfilmentRecord)
            found[each.external_id] = [(", ".join(one.tracking_numbers), one.lines) for one in each.shipments]
    return found


def test_shipped_fulfilments_are_read_by_order(open_adapter: Open, platform: SandboxProcess) -> None:
    adapter = open_adapter()
    created = send(adapter, order(line(1, "SKU-1", "2"), line(2, "SKU-2", "4")))
    one, two = (created.links[Kind.ORDER_LINE, number] for number in (1, 2))
    platform.control("POST", "orders", json={"account": "tstdrv1", "externalId": "theirs", "sku": "SKU-1"})
    for about in (
        {"order": "sc-order-1", "quantities": {"SKU-1": 2, "SKU-2": 1}, "tracking": ["T1", "T2"]},
        {"order": "sc-order-1", "quantities": {"SKU-2": 2}, "tracking": ["T3"]},
        {"order": "sc-order-1", "quantities": {"SKU-2": 1}, "status": "A"},
        {"order": "theirs"},
    ):
        last = platform.control("POST", "fulfil", json={"account": "tstdrv1"} | about)
    assert last["id"]
    expected = [("T1, T2", {one: Decimal(2), two: Decimal(1)}), ("T3", {two: Decimal(2)})]
    assert shipments(adapter) == {created.external_id: expected}
    assert shipments(adapter, since=datetime.now(UTC) - timedelta(minutes=1)) == {created.external_id: expected}
    assert shipments(adapter, since=datetime.now(UTC) + timedelta(minutes=1)) == {}
    (record,) = adapter.source(DataType.ORDERS).fetch([created.external_id, "none"])
    assert isinstance(record, FulfilmentRecord)
    assert (record.shipments[0].carrier, record.shipments[0].shipped_at is not None) == ("UPS Ground", True)


@pytest.mark.parametrize("compound", [True, False])
def test_shipments_of_kits_have_the_line_of_the_kit(
    compound: bool, open_adapter: Open, platform: SandboxProcess
) -> None:
    """A fulfillment also has lines of the members and of the cost of goods; statuses may be letters alone."""
    features = {"compound_statuses": compound, "advanced_shipping": compound}
    platform.control("POST", "features", json={"account": "tstdrv1"} | features)
    members = {"SKU-3": 1, "SKU-9": 2}
    platform.control("POST", "kit", json={"account": "tstdrv1", "sku": "SET", "members": members})
    adapter = open_adapter()
    before = order(line(1, "SET", "2"), line(2, "SKU-3", "1"))
    created = send(adapter, before)
    platform.control("POST", "fulfil", json={"account": "tstdrv1", "order": "sc-order-1", "quantities": {"SET": 2}})
    assert shipments(adapter) == {created.external_id: [("", {created.links[Kind.ORDER_LINE, 1]: Decimal(2)})]}
    # Lines of members belong to nobody's order line: they are neither changed nor closed.
    after = order(line(1, "SET", "2"), line(2, "SKU-3", "4"))
    changed = send(adapter, after, operation(adapter, before).payload)
    assert changed.links == created.links and lines(sales_orders(platform)[0]) == [
        ("SET", 2, False),
        ("SKU-3", 4, False),
    ]


def test_a_deleted_fulfilment_is_missing_in_the_full_import(open_adapter: Open, platform: SandboxProcess) -> None:
    adapter = open_adapter()
    created = send(adapter, order())
    parcel = platform.control("POST", "fulfil", json={"account": "tstdrv1", "order": "sc-order-1"})["id"]
    assert len(shipments(adapter)[created.external_id]) == 1
    platform.control("POST", "unfulfil", json={"account": "tstdrv1", "id": parcel})
    assert shipments(adapter) == {created.external_id: []}


def test_a_column_missing_in_the_account_needs_attention(open_adapter: Open) -> None:
    with pytest.raises(NeedsAttention, match="no such column") as raised:
        records(open_adapter(fields={"products": {"barcode": "custitem_nowhere"}}), DataType.PRODUCTS)
    assert "field map" in raised.value.fix
