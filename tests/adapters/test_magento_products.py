"""Exporting products with their variants to a Magento shop, with the bulk API or one by one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from catalog.items import ImageItem
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import Queued, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome
from connectors.sdk.records import ProductRecord
from connectors.sdk.streams import PolledReceipts
from hub.kinds import DataType, Kind
from sandbox.process import SandboxProcess
from tests.adapters.cases import adapter_of
from tests.adapters.samples import product, variant
from tests.adapters.writing import NOTHING, creations

Open = Callable[..., Adapter[Any]]
PRODUCTS = DataType.PRODUCTS


@pytest.fixture
def shop(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("magento_target")


@pytest.fixture
def adapter(open_adapter: Open) -> Adapter[Any]:
    return open_adapter("magento_target")


def plain(number: int, **changes: Any) -> Any:
    return product(number, variants=[variant(number * 10, number, options=[], **changes)])


def send(adapter: Adapter[Any], *items: Any) -> list[Outcome]:
    return adapter.target(PRODUCTS).send(creations(adapter, PRODUCTS, items))


def queued(adapter: Adapter[Any], outcomes: Sequence[Outcome], *items: Any) -> list[Operation[Any]]:
    """The fields that the engine stores for items that the target has queued."""
    operations = creations(adapter, PRODUCTS, items)
    return [replace(each, **about_queue(outcome)) for each, outcome in zip(operations, outcomes, strict=True)]


def about_queue(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome.error, Queued) and outcome.error.receipt_id
    return {"queued_at": datetime.now(UTC), "receipt_id": outcome.error.receipt_id}


def poll(adapter: Adapter[Any], outcomes: Sequence[Outcome], *items: Any) -> list[Outcome]:
    """Poll queued operations, as the engine does."""
    return poll_operations(adapter, *queued(adapter, outcomes, *items))


def poll_operations(adapter: Adapter[Any], *operations: Operation[Any]) -> list[Outcome]:
    target = adapter.target(PRODUCTS)
    assert isinstance(target, PolledReceipts)
    return target.poll(operations)


def set_consumers(shop: SandboxProcess, on: bool) -> None:
    shop.control("POST", "setting", json={"account": "alpha", "consuming": on})


def by_sku(shop: SandboxProcess) -> dict[str, dict[str, Any]]:
    return {row["sku"]: row for row in shop.state("goods")}


def bulks(shop: SandboxProcess) -> list[int]:
    """The number of products in each bulk."""
    return [call["items"] for call in shop.calls() if "/async/bulk/" in call["path"]]


def test_a_product_with_variants_is_read_back_as_sent(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    (outcome,) = send(adapter, product(1))
    assert outcome.error is None
    reader = adapter_of("magento", shop)
    (read,) = reader.source(PRODUCTS).fetch([outcome.external_id])
    reader.http.close()
    assert isinstance(read, ProductRecord) and read.title == "Lamp 1" and read.problems == []
    assert [(each.sku, each.options) for each in read.variants or ()] == [
        ("SKU-10", [{"name": "Size", "value": "S10"}]),
        ("SKU-11", [{"name": "Size", "value": "S11"}]),
    ]
    (first, _) = read.variants or ()
    assert first.price is not None and first.price.amount == 12.5 and first.weight_in_grams == 250
    assert outcome.links == {
        (Kind.VARIANT, number): each.external_id for number, each in zip((10, 11), read.variants or (), strict=True)
    }


def test_a_product_without_options_is_simple(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    (outcome,) = send(adapter, plain(3))
    row = by_sku(shop)["SKU-30"]
    assert outcome.error is None and outcome.external_id == str(row["id"])
    assert (row["type_id"], row["visibility"], row["status"], row["name"]) == ("simple", 4, 1, "Lamp 3")


def test_an_existing_product_is_linked_and_its_other_attributes_are_kept(
    adapter: Adapter[Any], shop: SandboxProcess
) -> None:
    shop.control("POST", "goods", json={"account": "alpha", "skus": ["SKU-30"]})
    number = by_sku(shop)["SKU-30"]["id"]
    custom = [{"attribute_code": "url_key", "value": "lamp"}]
    shop.control(
        "PATCH",
        "row",
        json={"account": "alpha", "kind": "products", "id": number, "changes": {"custom_attributes": custom}},
    )
    (outcome,) = send(adapter, plain(3))
    row = by_sku(shop)["SKU-30"]
    assert outcome.external_id == str(number) and row["name"] == "Lamp 3"
    assert {each["attribute_code"] for each in row["custom_attributes"]} == {"url_key", "description"}


def test_a_hundred_products_need_as_many_calls_as_one(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    sizes = [f"S{number * 10 + more}" for number in range(6, 31) for more in (0, 1)]
    shop.control("POST", "options", json={"account": "alpha", "code": "size", "labels": sizes})
    assert [o.error for o in send(adapter, *(product(number) for number in range(1, 31)))] == [None] * 30
    assert bulks(shop) == [60, 30]
    assert len(shop.calls()) <= 11


def test_queued_products_are_not_sent_again(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    set_consumers(shop, False)
    first = send(adapter, product(1))
    (error,) = (outcome.error for outcome in first)
    assert isinstance(error, Queued) and error.not_before and error.not_before > datetime.now(UTC)
    second = poll(adapter, first, product(1))
    assert isinstance(second[0].error, Queued) and second[0].error.receipt_id == error.receipt_id
    assert bulks(shop) == [2]
    set_consumers(shop, True)
    (third,) = poll(adapter, second, product(1))
    assert third.error is None and set(third.links) == {(Kind.VARIANT, 10), (Kind.VARIANT, 11)}
    assert bulks(shop) == [2, 1]


def test_a_configurable_product_is_sent_after_its_variants_are_saved(
    adapter: Adapter[Any], shop: SandboxProcess
) -> None:
    """The shop stores only the saved product of a completed operation, not the request."""
    set_consumers(shop, False)
    first = send(adapter, product(1), plain(3))
    set_consumers(shop, True)
    set_consumers(shop, False)
    second = poll(adapter, first, product(1), plain(3))
    assert isinstance(second[0].error, Queued) and bulks(shop) == [3, 1]
    assert second[1].error is None and second[1].external_id == str(by_sku(shop)["SKU-30"]["id"])
    (third,) = poll(adapter, second[:1], product(1))
    assert isinstance(third.error, Queued) and bulks(shop) == [3, 1]
    set_consumers(shop, True)
    (last,) = poll(adapter, [third], product(1))
    assert last.error is None and last.external_id == str(by_sku(shop)["synccenter-1"]["id"])
    assert set(last.links) == {(Kind.VARIANT, 10), (Kind.VARIANT, 11)} and bulks(shop) == [3, 1]


def test_a_bulk_is_polled_once_for_all_its_products(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    set_consumers(shop, False)
    items = [plain(number) for number in range(3, 8)]
    sent = send(adapter, *items)
    shop.clear_calls()
    assert all(isinstance(each.error, Queued) for each in poll(adapter, sent, *items))
    assert [call["method"] for call in shop.calls()] == ["GET"]


def test_a_bulk_deleted_from_the_shops_log_is_sent_again(adapter: Adapter[Any]) -> None:
    (forgotten,) = poll(adapter, [Outcome(error=Queued("", receipt_id="no-such-bulk"))], plain(3))
    assert isinstance(forgotten.error, TryAgainLater) and not isinstance(forgotten.error, Queued)


def test_an_accepted_bulk_keeps_its_receipt_if_its_status_cannot_be_read(
    adapter: Adapter[Any], shop: SandboxProcess
) -> None:
    shop.fault("status", status=503, path="/detailed-status", times=1)
    sent = send(adapter, plain(3))
    assert isinstance(sent[0].error, Queued)
    (outcome,) = poll(adapter, sent, plain(3))
    assert outcome.error is None and bulks(shop) == [1]


def test_a_queued_removal_is_polled_by_its_receipt(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    (created,) = send(adapter, plain(3))
    set_consumers(shop, False)
    gone: Operation[Any] = Operation(Action.REMOVE, 3, created.external_id, None)
    (outcome,) = adapter.target(PRODUCTS).send([gone])
    gone = replace(gone, **about_queue(outcome))
    (outcome,) = poll_operations(adapter, gone)
    assert about_queue(outcome)["receipt_id"] == gone.receipt_id
    set_consumers(shop, True)
    (outcome,) = poll_operations(adapter, gone)
    assert outcome.error is None and by_sku(shop)["SKU-30"]["status"] == 2 and bulks(shop) == [1, 1]


def test_operations_queued_without_a_receipt_are_found_by_time(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    """Queued by a version that did not store receipts."""
    set_consumers(shop, False)
    operations = queued(adapter, send(adapter, product(1), plain(3)), product(1), plain(3, price="99"))
    receipts = {each.receipt_id for each in operations}
    found = adapter.target(PRODUCTS).send([replace(each, receipt_id="") for each in operations])
    assert isinstance(found[0].error, Queued) and {found[0].error.receipt_id} == receipts
    assert isinstance(found[1].error, Queued) and {found[1].error.receipt_id}.isdisjoint(receipts)
    assert bulks(shop) == [3, 1]


def test_a_product_changed_while_queued_is_sent_with_its_new_content(
    adapter: Adapter[Any], shop: SandboxProcess
) -> None:
    set_consumers(shop, False)
    before = send(adapter, plain(3))
    sent = adapter.target(PRODUCTS).send(queued(adapter, before, plain(3, price="99")))
    assert isinstance(sent[0].error, Queued) and bulks(shop) == [1, 1]
    set_consumers(shop, True)
    (outcome,) = poll(adapter, sent, plain(3, price="99"))
    assert outcome.error is None and by_sku(shop)["SKU-30"]["price"] == 99 and bulks(shop) == [1, 1]


def variants_with_equal_options() -> Any:
    """Two variants with the same option values."""
    same = [{"name": "Size", "value": "S10"}]
    return product(2, variants=[variant(20, 2, options=same), variant(21, 2, options=same)])


def test_a_rejected_product_does_not_affect_others(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    bad, good = send(adapter, variants_with_equal_options(), product(1))
    assert isinstance(bad.error, SkipRecord) and "have the same set of attribute values" in str(bad.error)
    assert bad.error.fix and good.error is None


def test_an_asynchronous_rejection_is_reported(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    set_consumers(shop, False)
    first = send(adapter, variants_with_equal_options())
    set_consumers(shop, True)
    set_consumers(shop, False)
    second = poll(adapter, first, variants_with_equal_options())
    assert isinstance(second[0].error, Queued)
    set_consumers(shop, True)
    (outcome,) = poll(adapter, second, variants_with_equal_options())
    assert isinstance(outcome.error, SkipRecord) and '"SKU-21"' in str(outcome.error)
    assert bulks(shop) == [2, 1]


def test_an_unknown_option_is_reported(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    strange = product(2, variants=[variant(20, 2, options=[{"name": "Size", "value": "Huge"}])])
    stranger = product(3, variants=[variant(30, 3, options=[{"name": "Mood", "value": "Calm"}])])
    first, second, third = send(adapter, strange, stranger, product(1))
    assert isinstance(first.error, SkipRecord) and "no option “Huge”" in str(first.error)
    assert isinstance(second.error, SkipRecord) and "“Mood”" in str(second.error)
    assert third.error is None and "SKU-20" not in {each["sku"] for each in shop.state("offered")}


def test_the_field_map_selects_the_attribute_of_an_option(open_adapter: Open, shop: SandboxProcess) -> None:
    adapter = open_adapter("magento_target", field_map={"options": {"Measure": "size"}})
    (outcome,) = send(adapter, product(1, variants=[variant(10, 1, options=[{"name": "Measure", "value": "S10"}])]))
    assert outcome.error is None


@pytest.mark.parametrize("bulk", [True, False])
def test_of_skus_that_the_shop_does_not_tell_apart_the_first_is_kept(
    bulk: bool, open_adapter: Open, shop: SandboxProcess
) -> None:
    adapter = open_adapter("magento_target", bulk=bulk)
    first = plain(3, sku="Lamp-Z")
    same = [plain(4, sku="lamp-z"), plain(5, sku="Lamp-Z "), plain(6, sku="Lámp-Z")]
    for _ in range(2):
        kept, *rejected = send(adapter, first, *same)
        assert kept.error is None
        assert all(isinstance(each.error, SkipRecord) and each.error.problem.code == "sku_equal" for each in rejected)
    alone = send(adapter, same[0])[0].error
    assert isinstance(alone, SkipRecord) and "“Lamp-Z”" in str(alone)
    assert by_sku(shop)["Lamp-Z"]["name"] == "Lamp 3" and "lamp-z" not in by_sku(shop)


def test_an_sku_that_the_shop_has_yet_to_save_is_known_as_well(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    set_consumers(shop, False)
    (first,) = send(adapter, plain(3, sku="Lamp-Z"))
    (second,) = send(adapter, plain(4, sku="lamp-z"))
    assert isinstance(first.error, Queued)
    assert isinstance(second.error, SkipRecord) and second.error.problem.code == "sku_equal"
    set_consumers(shop, True)
    assert by_sku(shop)["Lamp-Z"]["name"] == "Lamp 3"


def test_an_sku_may_change_its_spelling(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    (created,) = send(adapter, plain(3, sku="lamp-z"))
    (before,), (after,) = (creations(adapter, PRODUCTS, [plain(3, sku=sku)]) for sku in ("lamp-z", "LAMP-Z"))
    renamed = replace(after, action=Action.UPDATE, external_id=created.external_id, previous=before.payload)
    assert adapter.target(PRODUCTS).send([renamed])[0].error is None


def test_new_products_get_the_url_key_of_their_slug(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    """Two products may have one name; the addresses of existing products are kept."""
    twins = [
        product(n, title="Twin", slug=slug, variants=[variant(n * 10, n, options=[])])
        for n, slug in ((3, "a_b"), (4, ""))
    ]
    assert [each.error for each in send(adapter, *twins)] == [None, None]
    assert [url_key(by_sku(shop)[sku]) for sku in ("SKU-30", "SKU-40")] == ["a-b", "twin-sku-40"]
    assert send(adapter, product(3, title="Twin", slug="new", variants=[variant(30, 3, options=[])]))[0].error is None
    assert url_key(by_sku(shop)["SKU-30"]) == "a-b"


def url_key(row: dict[str, Any]) -> str:
    return next(str(each["value"]) for each in row["custom_attributes"] if each["attribute_code"] == "url_key")


def test_characters_that_the_shop_cannot_store_are_left_out(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    (outcome,) = send(adapter, product(3, title="Lamp \U0001f600!", variants=[variant(30, 3, options=[])]))
    assert outcome.error is None and [each.code for each in outcome.warnings] == ["characters_left_out"]
    assert by_sku(shop)["SKU-30"]["name"] == "Lamp !"


@pytest.fixture
def pictures() -> Iterator[str]:
    """A server of images: names that begin with `no` are not found, `text` is no image."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"text" if self.path == "/text" else b"\xff\xd8\xff picture"
            self.send_response(404 if self.path.startswith("/no") else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_images_are_sent_once_and_removed(pictures: str, open_adapter: Open, shop: SandboxProcess) -> None:
    adapter = open_adapter("magento_target", images=True)

    def sent(*names: str) -> tuple[list[tuple[int, str]], Outcome]:
        images = [ImageItem(f"{pictures}/{name}", name, position) for position, name in enumerate(names)]
        (outcome,) = send(adapter, product(3, images=images, variants=[variant(30, 3, options=[])]))
        assert outcome.error is None
        return [(each["id"], each["label"]) for each in by_sku(shop)["SKU-30"]["media_gallery_entries"]], outcome

    first, outcome = sent("a.jpg", "none.jpg", "text", "b.jpg")
    assert [label for _, label in first] == ["a.jpg", "b.jpg"]
    assert [each.code for each in outcome.warnings] == ["image_not_sent"] * 2
    assert by_sku(shop)["SKU-30"]["media_gallery_entries"][0]["types"] == ["image", "small_image", "thumbnail"]
    shop.clear_calls()
    assert sent("a.jpg", "b.jpg")[0] == first
    assert not [call for call in shop.calls() if (call["method"], call["path"]) == ("POST", "/rest/all/V1/products")]
    assert sent("b.jpg")[0] == first[1:]
    assert sent()[0] == []
    shop.control(
        "PATCH",
        "row",
        json={
            "account": "alpha",
            "kind": "products",
            "id": by_sku(shop)["SKU-30"]["id"],
            "changes": {"media_gallery_entries": [OWN_IMAGE]},
        },
    )
    assert sent("a.jpg")[0] == [(9, "Own")]  # the shop's own image is kept alone


OWN_IMAGE = {
    "id": 9,
    "media_type": "image",
    "label": "Own",
    "position": 0,
    "disabled": False,
    "types": [],
    "file": "/o/w/own.jpg",
}


def test_a_bulk_with_a_lost_response_creates_no_duplicates(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    shop.fault("half_body", when="after", path="/async/bulk/", times=1)
    with pytest.raises(TryAgainLater):
        send(adapter, product(1))
    before = len(by_sku(shop))
    assert [outcome.error for outcome in send(adapter, product(1))] == [None]
    assert len(by_sku(shop)) == before + 1  # the configurable product of the two


def test_products_are_sent_one_by_one_without_consumers(open_adapter: Open, shop: SandboxProcess) -> None:
    adapter = open_adapter("magento_target", bulk=False)
    set_consumers(shop, False)
    bad, good, odd = send(adapter, variants_with_equal_options(), product(1), plain(3, sku="A/b+%20&c,d:e"))
    assert isinstance(bad.error, SkipRecord) and '"SKU-21"' in str(bad.error) and "%" not in str(bad.error)
    assert good.error is None and odd.error is None and "A/b+%20&c,d:e" in by_sku(shop)
    assert bulks(shop) == []


@pytest.mark.parametrize("item", [product(1), plain(3)], ids=["with variants", "without"])
def test_a_discontinued_product_is_disabled_once(item: Any, adapter: Adapter[Any], shop: SandboxProcess) -> None:
    (created,) = send(adapter, item)
    gone = Operation(Action.REMOVE, item.id, created.external_id, None)
    for _ in range(2):
        assert adapter.target(PRODUCTS).send([gone])[0].error is None
    row = next(each for each in shop.state("goods") if str(each["id"]) == created.external_id)
    assert row["status"] == 2 and bulks(shop)[-1] == 1 and len(bulks(shop)) <= 3


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (product(1, variants=[variant(10, sku="")]), "sku_missing"),
        (product(1, variants=[variant(10, sku="x" * 65)]), "sku_too_long"),
        (product(1, variants=[variant(10, sku="x\U0001f600")]), "sku_characters"),
        (product(1, variants=[variant(10, price=None)]), "price_missing"),
        (product(1, title=""), "title_missing"),
        (product(1, variants=[variant(10, options=[]), variant(11, options=[])]), "options_missing"),
        (product(1, variants=[variant(10), variant(11, options=[])]), "options_missing"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_product_that_the_shop_cannot_represent_is_reported_before_sending(
    item: Any, code: str, adapter: Adapter[Any]
) -> None:
    with pytest.raises(SkipRecord) as raised:
        adapter.target(PRODUCTS).payload(item, NOTHING)
    assert raised.value.problem.code == code and raised.value.fix


def test_stock_is_sent_once_the_product_exists(adapter: Adapter[Any], shop: SandboxProcess) -> None:
    item = plain(3)
    [before] = adapter.target(DataType.STOCK).send(creations(adapter, DataType.STOCK, item.variants))
    assert isinstance(before.error, SkipRecord) and before.error.problem.code == "not_at_target_yet"
    send(adapter, item)
    [after] = adapter.target(DataType.STOCK).send(creations(adapter, DataType.STOCK, item.variants))
    assert after.error is None
