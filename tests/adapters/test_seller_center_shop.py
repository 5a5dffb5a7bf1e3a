"""Pushing to Seller Center's shop: strict acknowledgements, IDs that are reported later, few calls."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import md5
from typing import Any

import pytest

from catalog.items import ImageItem, ProductItem
from connectors.platforms.seller_center_shop.results import Result
from connectors.platforms.seller_center_shop.rpc import read_answer
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import BatchRejected, NeedsAttention, Queued, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.records import ProductRecord
from hub.kinds import DataType, Kind
from sandbox.process import SandboxProcess
from tests.adapters.reading import records
from tests.adapters.samples import product, variant
from tests.adapters.seller_center import open_account

NOTHING = References({})
GOOD = [{"api": 1, "result": [{"status": "success"}], "id": "prices-1"}]


@pytest.fixture
def process(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("seller_center_shop", accounts={"Live": "live-key"}, products=10)


@pytest.fixture
def shop(process: SandboxProcess) -> Iterator[Adapter]:
    adapter = open_account(process, "Live")
    yield adapter
    adapter.http.close()


def creation(shop: Adapter, item: ProductItem, **details: Any) -> Operation:
    return Operation(Action.CREATE, item.id, "", shop.target(DataType.PRODUCTS).payload(item, NOTHING), **details)


def links_of(outcome: Outcome, item: ProductItem) -> References:
    return References(outcome.links | {(Kind.PRODUCT, item.id): outcome.external_id})


def change(shop: Adapter, item: ProductItem, before: Operation, outcome: Outcome) -> Operation:
    """The update that the engine sends for an item that has changed since it was last sent."""
    payload = shop.target(DataType.PRODUCTS).payload(item, links_of(outcome, item))
    return Operation(Action.UPDATE, item.id, outcome.external_id, payload, before.payload)


def methods(process: SandboxProcess) -> list[str]:
    return [str(request["method"]).removeprefix("Product.") for request in process.state("requests")]


def articles(process: SandboxProcess) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in process.state("products")}


# The acknowledgement


def read(answer: Any, entries: int = 1, *, batch: bool = False) -> list[Result] | None:
    return read_answer(answer, "Product.updatePrices", "prices-1", entries=entries, batch=batch)


def answered(result: Any) -> list[dict[str, Any]]:
    return [{"api": 1, "result": result, "id": "prices-1"}]


def test_the_exact_acknowledgement_is_accepted() -> None:
    assert read(GOOD) is None and read(GOOD, 5) is None
    assert read(GOOD[0]) is None, "as an object too"
    assert read([{"api": 1, "result": True, "id": "prices-1"}, *GOOD], batch=True) is None, "after that of auth"


PRODUCT = {"seller_sku": "A", "sku": "A-5", "id": "5", "config_id": None, "updated_at": "2026-01-31 08:00:00"}
FAILED = {"status": "failure", "error": {"message": "Bad price", "code": 3}}


@pytest.mark.parametrize(
    ("result", "found"),
    [
        ([{"status": "success"}, {"status": "success"}], [Result(), Result()]),
        ([FAILED, {"status": "success", "product": PRODUCT}], [Result("Bad price (3)"), Result("", "A", "5")]),
        ({"status": "success", "product": PRODUCT | {"config_id": 7}}, [Result("", "A", "5", "7")]),
        ([FAILED | {"product": {"seller_sku": "B"}}], [Result("Bad price (3)", "B")]),
        ({"productSetSrcId": 7, "images": []}, [Result()]),
        ({"17": True, "18": False}, [Result(), Result("The shop rejected it without giving a reason.")]),
    ],
    ids=str,
)
def test_a_synchronous_answer_is_the_result_of_each_entry(result: Any, found: list[Result]) -> None:
    """V7: it is final. Read as rejections, what succeeded would be sent again."""
    assert read(answered(result), len(found)) == found


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ([{"api": 1, "error": {"code": 3, "message": "No such category"}, "id": "prices-1"}], "No such category"),
        ([{"api": 2, "result": [{"status": "success"}], "id": "prices-1"}], "no reason"),
        ([{"result": [{"status": "success"}], "id": "prices-1"}], "no reason"),
        (answered([]), "no reason"),
        (answered("queued"), "queued"),
    ],
    ids=str,
)
def test_an_error_in_the_answer_is_a_rejection(answer: Any, reason: str) -> None:
    with pytest.raises(BatchRejected, match=reason):
        read(answer)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        [],
        "success",
        [*GOOD, *GOOD],
        [{"api": 1, "result": [{"status": "success"}], "id": "prices-2"}],
        [{"api": 1, "result": [{"status": "success"}]}],
        [{"api": 1, "result": [{"status": "success"}], "id": None}],
        answered([{"status": "success"}] * 3),
    ],
    ids=str,
)
def test_a_response_about_something_else_is_retried(answer: Any) -> None:
    with pytest.raises(TryAgainLater):
        read(answer, 2)


def test_one_failure_for_several_entries_rejects_the_batch() -> None:
    """The engine then sends them one by one."""
    with pytest.raises(BatchRejected, match="Bad price"):
        read(answered([FAILED]), 2)


def test_a_rejected_batch_is_isolated_and_a_rejected_item_retried_on_the_vendors_schedule(
    process: SandboxProcess, shop: Adapter
) -> None:
    """After 1, 8, 27 … minutes, at most 480."""
    bad = product(1, title="T" * 300)
    with pytest.raises(BatchRejected, match="title"):
        shop.target(DataType.PRODUCTS).send([creation(shop, product(2)), creation(shop, bad)])
    for attempts, minutes in ((0, 1), (1, 8), (2, 27), (7, 480), (30, 480)):
        before = datetime.now(UTC)
        [outcome] = shop.target(DataType.PRODUCTS).send([creation(shop, bad, attempts=attempts)])
        assert isinstance(outcome.error, TryAgainLater) and outcome.error.not_before is not None
        assert abs(outcome.error.not_before - before - timedelta(minutes=minutes)) < timedelta(seconds=20)
    assert not [row for row in process.state("variants") if row["seller_sku"].startswith("SKU-")]


def test_an_authentication_error_is_no_rejection_of_items(process: SandboxProcess, shop: Adapter) -> None:
    process.fault("status", status=401)
    with pytest.raises(NeedsAttention):
        shop.target(DataType.PRODUCTS).send([creation(shop, product(1))])


# IDs that are reported later


def test_a_shop_that_processes_at_once_returns_ids_at_once(process: SandboxProcess, shop: Adapter) -> None:
    one, two = product(1), product(2)
    outcomes = shop.target(DataType.PRODUCTS).send([creation(shop, one), creation(shop, two)])
    assert [outcome.error for outcome in outcomes] == [None, None]
    there = articles(process)
    for item, outcome in zip((one, two), outcomes, strict=True):
        article = there[outcome.external_id]
        ids = {each["seller_sku"]: each["id"] for each in article["variants"]}
        assert outcome.links == {(Kind.VARIANT, each.id): ids[each.sku] for each in item.variants}
        url = f"https://images.example.com/{item.id}.jpg"
        assert article["images"] == [{"url": url, "hash": md5(url.encode(), usedforsecurity=False).hexdigest()}]
        assert [(each["price"], each["stock"]) for each in article["variants"]] == [("12.50", 3), ("12.50", 3)]


def test_queued_products_are_pending_and_never_created_twice(process: SandboxProcess, shop: Adapter) -> None:
    process.control("POST", "queue", json={"paused": True})
    one = creation(shop, product(1))
    [outcome] = shop.target(DataType.PRODUCTS).send([one])
    assert isinstance(outcome.error, Queued) and not outcome.external_id
    assert outcome.error.not_before is not None
    one.queued_at = datetime.now(UTC) - timedelta(hours=23)
    [outcome] = shop.target(DataType.PRODUCTS).send([one])
    assert isinstance(outcome.error, Queued)
    process.control("POST", "queue", json={"paused": False})
    [outcome] = shop.target(DataType.PRODUCTS).send([one])
    assert outcome.error is None and outcome.external_id in articles(process)
    assert methods(process).count("createProducts") == 1


def test_a_product_lost_in_the_queue_is_sent_again_after_a_day(process: SandboxProcess, shop: Adapter) -> None:
    forgotten = creation(shop, product(1), queued_at=datetime.now(UTC) - timedelta(hours=25))
    [outcome] = shop.target(DataType.PRODUCTS).send([forgotten])
    assert outcome.error is None and outcome.external_id in articles(process)


def test_a_create_with_a_lost_acknowledgement_is_not_repeated(process: SandboxProcess, shop: Adapter) -> None:
    process.fault("drop", path="^/$", when="after", times=1)
    one = creation(shop, product(1))
    with pytest.raises(TryAgainLater):
        shop.target(DataType.PRODUCTS).send([one])
    [outcome] = shop.target(DataType.PRODUCTS).send([one])
    assert outcome.error is None and methods(process).count("createProducts") == 1


def test_an_id_that_is_already_in_use_is_passed_on(process: SandboxProcess, shop: Adapter) -> None:
    """It is returned unchanged: the engine detects the conflict (L16)."""
    process.control("POST", "sequence", json={"kind": "products", "next": 3})
    [outcome] = shop.target(DataType.PRODUCTS).send([creation(shop, product(1))])
    assert outcome.external_id == "3"


# Few calls


def test_only_differences_are_sent(process: SandboxProcess, shop: Adapter) -> None:
    item = product(1)
    first = creation(shop, item)
    [created] = shop.target(DataType.PRODUCTS).send([first])
    process.control("DELETE", "calls")

    linked = change(shop, item, first, created)
    assert linked.payload != first.payload and shop.target(DataType.PRODUCTS).send([linked]) == [created]
    assert process.calls() == [], "that it carries the shop's ids now is no change"

    item.images = [ImageItem("https://images.example.com/new.jpg", "", 0)]
    pictured = change(shop, item, linked, created)
    shop.target(DataType.PRODUCTS).send([pictured])
    item.title = "Another title"
    titled = change(shop, item, pictured, created)
    shop.target(DataType.PRODUCTS).send([titled])
    assert methods(process)[-2:] == ["updateImageCollection", "updateProducts"]
    article = articles(process)[created.external_id]
    assert article["title"] == "Another title" and article["images"][0]["url"].endswith("new.jpg")

    titled.previous = None
    shop.target(DataType.PRODUCTS).send([titled])
    assert methods(process)[-2:] == ["updateProducts", "updateImageCollection"], "in doubt, all of it is sent"


def test_new_variants_are_added_to_their_article_and_discontinued_ones_removed(
    process: SandboxProcess, shop: Adapter
) -> None:
    item = product(1)
    first = creation(shop, item)
    [created] = shop.target(DataType.PRODUCTS).send([first])
    item.variants[0].status = "discontinued"
    item.variants.append(variant(19, 1))
    [outcome] = shop.target(DataType.PRODUCTS).send([change(shop, item, first, created)])
    assert outcome.error is None
    article = articles(process)[created.external_id]
    assert [each["seller_sku"] for each in article["variants"]] == ["SKU-11", "SKU-19"]
    assert outcome.links[(Kind.VARIANT, 19)] == article["variants"][1]["id"]


def test_stock_and_prices_wait_for_their_product(process: SandboxProcess, shop: Adapter) -> None:
    item = product(1)
    values = [
        Operation(Action.CREATE, each.id, "", shop.target(DataType.STOCK).payload(each, NOTHING))
        for each in item.variants
    ]
    waiting = shop.target(DataType.STOCK).send(values)
    assert all(isinstance(each.error, TryAgainLater) and each.error.not_before for each in waiting)
    assert methods(process) == []
    [created] = shop.target(DataType.PRODUCTS).send([creation(shop, item)])
    process.control("DELETE", "calls")
    for each in item.variants:
        each.stock[0].quantity = Decimal(40)
    refs = links_of(created, item)
    values = [
        Operation(Action.UPDATE, each.id, "", shop.target(DataType.STOCK).payload(each, refs)) for each in item.variants
    ]
    outcomes = shop.target(DataType.STOCK).send(values)
    assert [each.external_id for each in outcomes] == list(created.links.values())
    assert [each["stock"] for each in articles(process)[created.external_id]["variants"]] == [40, 40]
    assert len(process.calls()) == 1


@pytest.mark.parametrize(
    ("amount", "list_amount", "price", "special"),
    [
        ("12.5", None, "12.50", None),
        ("12.5000", "12.5000", "12.50", None),
        ("9.9900", "12", "12.00", "9.99"),
        ("0.1250", None, "0.125", None),
        ("0", None, "0.00", None),
    ],
)
def test_a_reduced_price_is_sent_with_the_regular_price(
    shop: Adapter, amount: str, list_amount: str | None, price: str, special: str | None
) -> None:
    item = variant(1, price=amount)
    item.prices[0].list_amount = Decimal(list_amount) if list_amount else None
    payload = shop.target(DataType.PRICES).payload(item, NOTHING)
    assert (payload["price"], payload["special_price"]) == (price, special)
    dates = ("2000-01-01 00:00:00", "2099-12-31 23:59:59") if special else (None, None)
    assert (payload["special_from_date"], payload["special_to_date"]) == dates


# Skipped items


def test_a_variant_without_sku_is_reported_to_the_merchant(shop: Adapter) -> None:
    with pytest.raises(SkipRecord, match="SKU") as skipped:
        shop.target(DataType.PRODUCTS).payload(product(1, variants=[variant(1, sku="")]), NOTHING)
    assert skipped.value.fix
    with pytest.raises(SkipRecord):
        shop.target(DataType.PRODUCTS).payload(product(1, variants=[]), NOTHING)


# Imports


def test_products_are_read_with_prices_stock_options_and_problems(process: SandboxProcess, shop: Adapter) -> None:
    read = {each.external_id: each for each in records(shop, DataType.PRODUCTS) if isinstance(each, ProductRecord)}
    for row in process.state("products"):
        record = read[row["id"]]
        if any(problem.fatal for problem in record.problems):
            assert "\x00" in row["title"]
            continue
        assert (record.title, record.brand_id) == (row["title"], row["brand"])
        for created, raw in zip(record.variants or (), row["variants"], strict=True):
            assert (created.external_id, created.sku) == (raw["id"], raw["seller_sku"])
            assert created.stock[0].quantity == raw["stock"]
            assert {each["name"]: each["value"] for each in created.options} == raw["variation"]
            amount = raw["special_price"] or raw["price"]
            assert (created.price and created.price.amount) == (None if amount is None else Decimal(amount))
    assert [p.code for each in read.values() for p in each.problems if not p.fatal] == ["sku_missing"]


def test_only_the_sellers_own_products_are_read(process: SandboxProcess) -> None:
    own = open_account(process, "Live", seller="2")
    read = {each.external_id for each in records(own, DataType.PRODUCTS)}
    assert read == {row["id"] for row in process.state("products") if row["seller"] == "2"}
    assert own.source(DataType.PRODUCTS).fetch(["1"]) == []
    own.http.close()


def test_an_item_changed_while_paging_hides_no_other(process: SandboxProcess) -> None:
    shop = open_account(process, "Live", page_size=4)
    first = shop.source(DataType.PRODUCTS).read_page(since=None, cursor=None)
    moved = first.records[0].external_id
    [outcome] = shop.target(DataType.PRODUCTS).send([Operation(Action.REMOVE, 1, moved, None)])
    assert outcome.error is None
    seen, cursor = [each.external_id for each in first.records], first.cursor
    while cursor:
        page = shop.source(DataType.PRODUCTS).read_page(since=None, cursor=cursor)
        seen += [each.external_id for each in page.records]
        cursor = page.cursor
    assert len(seen) == len(set(seen)) and set(articles(process)) | {moved} == set(seen)
    shop.http.close()


def test_attributes_are_sent_with_the_shops_ids_and_read_with_our_names(process: SandboxProcess) -> None:
    shop = open_account(process, "Live", field_map={"attributes": {"Size": "77", "Material": "4"}})
    [created] = shop.target(DataType.PRODUCTS).send([creation(shop, product(1))])
    article = articles(process)[created.external_id]
    assert article["attributes"] == {"4": "Oak"} and article["variants"][0]["variation"] == {"77": "S10"}
    [record] = shop.source(DataType.PRODUCTS).fetch([created.external_id])
    assert isinstance(record, ProductRecord) and record.variants
    assert record.attributes == {"Material": "Oak"} and record.variants[0].options == [{"name": "Size", "value": "S10"}]
    shop.http.close()


# Answers at once, log-ins, required values


def test_a_synchronous_shop_answers_with_the_results(process: SandboxProcess, shop: Adapter) -> None:
    """V7: IDs come with the answer, and a failed product costs no other."""
    process.control("POST", "flow", json={"synchronous": True})
    taken = product(2)
    taken.variants[0].sku = taken.variants[1].sku = "SKU-20"
    outcomes = shop.target(DataType.PRODUCTS).send([creation(shop, product(1)), creation(shop, taken)])
    assert outcomes[0].error is None and outcomes[0].external_id in articles(process)
    assert isinstance(outcomes[1].error, SkipRecord) and "seller_sku SKU-20 exists (7)" in str(outcomes[1].error)
    assert not any("/lookup" in call["path"] for call in process.calls()[1:]), "the answer has the IDs"
    item = product(1)
    refs = links_of(outcomes[0], item)
    values = [
        Operation(Action.UPDATE, each.id, "", shop.target(DataType.STOCK).payload(each, refs)) for each in item.variants
    ]
    unknown = Operation(
        Action.UPDATE, 99, "", {"seller_sku": "X", "product_id": "9999", "config_id": "1", "quantity": "2"}
    )
    good, bad, _ = shop.target(DataType.STOCK).send([values[0], unknown, values[1]])
    assert good.error is None and isinstance(bad.error, SkipRecord) and "no such product" in str(bad.error)


def test_stock_is_sent_as_the_vendor_writes_it(process: SandboxProcess) -> None:
    """V1."""
    shop = open_account(process, "Live", seller="2")
    item = variant(1, stock="5.9")
    assert shop.target(DataType.STOCK).payload(item, NOTHING) == {
        "seller_sku": "SKU-1",
        "quantity": "5",
        "seller_id": "2",
    }
    shop.http.close()


def test_a_log_in_comes_first_where_the_shop_asks_for_one(process: SandboxProcess) -> None:
    """V6: with a user name, each push is a batch that starts with `auth`; the signature may then be left out."""
    process.control("POST", "login", json={"username": "hub", "password": "word"})
    for known, signed in (("word", True), ("word", False), ("wrong", True)):
        credentials = {"username": "hub", "password": known}
        shop = open_account(process, "Live", credentials=credentials, sign_pushes=signed)
        operation = creation(shop, product(1))
        if known == "wrong":
            with pytest.raises(NeedsAttention):
                shop.target(DataType.PRODUCTS).send([creation(shop, product(2))])
        else:
            [outcome] = shop.target(DataType.PRODUCTS).send([operation])
            assert outcome.error is None
        shop.http.close()


def test_required_values_are_checked_before_sending(process: SandboxProcess) -> None:
    """V5."""
    required = ["primary_category", "attribute_set", "product_identifier", "Material", "Colour"]
    shop = open_account(
        process, "Live", required=required, tax_class="2", field_map={"attribute_sets": {"physical": "4"}}
    )
    target = shop.target(DataType.PRODUCTS)
    with pytest.raises(SkipRecord, match="primary_category, product_identifier, Colour"):
        target.payload(product(1), NOTHING)
    item = product(1, attributes={"Material": ["Oak", "Ash"], "Colour": "red"})
    for each in item.variants:
        each.barcode = "4006381333931"
    payload = target.payload(item, References({(Kind.CATEGORY, 7): "31"}))
    entry = payload["products"][0]
    assert entry["attributes"] == {"Material": ["Oak", "Ash"], "Colour": "red"}
    sent = ("attribute_set", "primary_category", "categories", "tax_class", "approval_status", "platform_identifier")
    assert [entry[name] for name in sent] == ["4", "31", ["31"], "2", 1, "SellerCenter"]
    assert entry["stock"] == 3 and entry["config_id"] is None
    [outcome] = target.send([Operation(Action.CREATE, 1, "", payload)])
    assert outcome.error is None, "all documented fields are there"
    shop.http.close()
