"""Shopify as a target: what the store has after products, stock and prices were sent."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from catalog.items import ImageItem, PriceItem
from connectors.adapters.factory import account_for
from connectors.platforms.shopify.targets.images import files
from connectors.platforms.shopify.targets.products import ProductTarget
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import NeedsAttention, Queued, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from hub.kinds import DataType, Kind
from hub.models import Connection
from sandbox.process import SandboxProcess
from tests.adapters.samples import PRICE_LIST, product, variant

Open = Callable[..., Adapter[Any]]
SMALL = [{"name": "Size", "value": "S"}]
IMAGE = ImageItem("https://images.example.com/1.jpg", "", 0)


@pytest.fixture
def store(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("shopify_target")


@pytest.fixture
def adapter(store: SandboxProcess, open_adapter: Open) -> Adapter[Any]:
    return open_adapter("shopify_target")


def send(
    adapter: Adapter[Any], data_type: DataType, item: Any, refs: References | None = None, **known: Any
) -> Outcome:
    """`known`: `external_id` and `previous` of an item that was sent before."""
    target = adapter.target(data_type)
    action = Action.UPDATE if known.get("external_id") else Action.CREATE
    details = {"external_id": "", **known}
    payload = target.payload(item, refs or References({}))
    [outcome] = target.send([Operation(action, item.id, payload=payload, **details)])
    return outcome


def sent(adapter: Adapter[Any], item: Any, outcome: Outcome) -> dict[str, Any]:
    return {
        "external_id": outcome.external_id,
        "previous": adapter.target(DataType.PRODUCTS).payload(item, References({})),
    }


def stored(store: SandboxProcess, outcome: Outcome) -> Any:
    return next(row for row in store.state("products") if str(row["id"]) == outcome.external_id)


def links(outcome: Outcome, product_id: int = 1) -> References:
    return References({(Kind.PRODUCT, product_id): outcome.external_id, **outcome.links})


def test_products_with_and_without_options(store: SandboxProcess, open_adapter: Open) -> None:
    adapter = open_adapter("shopify_target", publication_ids=[1])
    outcome = send(adapter, DataType.PRODUCTS, product(1))
    found = stored(store, outcome)
    assert (found["title"], found["handle"], found["vendor"], found["status"]) == ("Lamp 1", "lamp-1", "Acme", "ACTIVE")
    assert (found["options"], found["publications"], len(found["images"])) == (["Size"], [1], 1)
    rows = {row["sku"]: row for row in found["variants"]}
    assert rows["SKU-10"]["options"] == ["S10"] and rows["SKU-10"]["price"] == "12.50" and rows["SKU-10"]["tracked"]
    assert rows["SKU-10"]["weight"] == {"value": 250, "unit": "GRAMS"}
    assert outcome.links == {(Kind.VARIANT, number): str(rows[f"SKU-{number}"]["id"]) for number in (10, 11)}

    # A handle that is taken is left to the store.
    single = product(2, slug="lamp-1", status="suspended", variants=[variant(20, 2, options=[], stock=None)])
    found = stored(store, send(adapter, DataType.PRODUCTS, single))
    assert (found["handle"], found["status"], found["options"]) == ("lamp-2", "DRAFT", [])
    assert [(row["sku"], row["tracked"]) for row in found["variants"]] == [("SKU-20", False)]


@pytest.mark.parametrize("is_indexed", [True, False], ids=["found by SKU", "found by custom ID"])
def test_a_creation_without_an_answer_is_not_repeated(
    is_indexed: bool, store: SandboxProcess, open_adapter: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shopify's search lags behind, so the SKU of a new product may be unknown."""
    adapter = open_adapter("shopify_target", publication_ids=[1])
    send(adapter, DataType.PRODUCTS, product(9))  # defines the key
    before = len(list(store.state("products")))
    store.fault("drop", method="POST", after=2, when="after", times=1)
    [lost] = adapter.target(DataType.PRODUCTS).send([operation(adapter, product(1))])
    assert isinstance(lost.error, TryAgainLater)
    created = max(row["id"] for row in store.state("products"))
    store.control("POST", "own/alpha", json={"product": created, "sku": "OWN", "options": ["Own"]})
    if not is_indexed:
        monkeypatch.setattr(ProductTarget, "_owners", lambda *_: {})
    outcome = send(adapter, DataType.PRODUCTS, product(1))
    assert outcome.error is None and len(list(store.state("products"))) == before + 1
    found = stored(store, outcome)
    assert {row["sku"] for row in found["variants"]} == {"SKU-10", "SKU-11", "OWN"}
    assert len(found["images"]) == 2 and found["publications"] == [1]


def operation(adapter: Adapter[Any], item: Any) -> Operation[Any]:
    return Operation(Action.CREATE, item.id, "", adapter.target(DataType.PRODUCTS).payload(item, References({})))


def test_what_the_store_has_of_its_own_is_kept(store: SandboxProcess, adapter: Adapter[Any]) -> None:
    first = product(1)
    outcome = send(adapter, DataType.PRODUCTS, first)
    store.control("POST", "own/alpha", json={"product": int(outcome.external_id), "sku": "OWN", "options": ["Own"]})
    changed = product(
        1, title="Other", variants=[variant(11)], images=[ImageItem("https://images.example.com/new.jpg", "New", 0)]
    )
    again = send(adapter, DataType.PRODUCTS, changed, **sent(adapter, first, outcome))
    found = stored(store, again)
    assert again.error is None and found["title"] == "Other" and found["handle"] == "lamp-1"
    assert [row["sku"] for row in found["variants"]] == ["SKU-11", "OWN"]
    assert [str(url).rpartition("/")[2] for url in found["images"]] == ["new.jpg?v=1", "own.jpg?v=1"]
    assert again.links == {(Kind.VARIANT, 11): outcome.links[Kind.VARIANT, 11]}
    # An option value is changed in place: the variant keeps its ID.
    resized = product(1, variants=[variant(11, options=[{"name": "Size", "value": "XL"}])], images=changed.images)
    third = send(adapter, DataType.PRODUCTS, resized, **sent(adapter, changed, again))
    assert third.links == again.links and stored(store, third)["variants"][0]["options"] == ["XL"]
    # Variants of the store's own that have other options cannot be told from ours.
    other = product(1, variants=[variant(11, options=[{"name": "Color", "value": "Red"}])])
    error = send(adapter, DataType.PRODUCTS, other, **sent(adapter, resized, third)).error
    assert isinstance(error, SkipRecord) and "OWN" in str(error)


def test_a_sku_that_the_store_has_twice(store: SandboxProcess, adapter: Adapter[Any]) -> None:
    """Neither variant is taken for the other: one would be deleted."""
    first, renamed = product(1, variants=[variant(10)]), product(1, variants=[variant(10, sku="NEW")])
    outcome = send(adapter, DataType.PRODUCTS, first)
    again = send(adapter, DataType.PRODUCTS, renamed, **sent(adapter, first, outcome))
    assert again.error is None and again.links == outcome.links  # with another SKU, it is the same variant

    def own(sku: str) -> None:
        details = {"product": int(outcome.external_id), "sku": sku, "options": [f"Own {sku}"]}
        store.control("POST", "own/alpha", json=details)

    own("OWN")
    known = sent(adapter, renamed, again)
    taken = product(1, title="Other", variants=[variant(10, sku="OWN")])
    errors = [send(adapter, DataType.PRODUCTS, taken, **known).error]
    own("NEW")
    changed = product(1, title="Other", variants=[variant(10, sku="NEW")])
    removed = product(1, title="Other", variants=[variant(11)])
    for item, details in ((changed, known), (changed, known | {"previous": None}), (removed, known)):
        errors.append(send(adapter, DataType.PRODUCTS, item, **details).error)
    assert [isinstance(each, SkipRecord) and each.problem.code for each in errors] == ["sku_repeated"] * 4
    found = stored(store, outcome)
    assert [row["sku"] for row in found["variants"]] == ["NEW", "OWN", "NEW"] and found["title"] == "Lamp 1"


def test_an_image_with_a_similar_name_is_kept() -> None:
    uuid = "01234567-89ab-cdef-0123-456789abcdef"
    names = ("front.jpg", f"front_{uuid}.jpg", "back.jpg")
    media = [{"id": name, "status": "READY", "image": {"url": f"https://cdn.example.com/{name}?v=1"}} for name in names]
    front, back = ({"url": f"https://images.example.com/{name}.jpg", "alt": ""} for name in ("front", "back"))
    assert files([front], [front, back], media) == ([{"id": names[0]}, {"id": names[1]}], [])


def test_other_installations_have_other_keys(store: SandboxProcess, open_adapter: Open) -> None:
    """Their products may have the same IDs of ours."""
    old, new = open_adapter("shopify_target"), open_adapter("shopify_target", publication_ids=[1])
    new.client.connection_key = "new"
    theirs = send(old, DataType.PRODUCTS, product(1))
    new.target(DataType.PRODUCTS).send([Operation(Action.REMOVE, 1, "", None)])
    ours = send(new, DataType.PRODUCTS, product(1, title="Chair", variants=[variant(90)]))
    assert ours.external_id != theirs.external_id
    assert (stored(store, theirs)["title"], stored(store, theirs)["status"]) == ("Lamp 1", "ACTIVE")
    # A product that was there is not published.
    matched = send(new, DataType.PRODUCTS, product(2, variants=[variant(10), variant(11)]))
    assert matched.external_id == theirs.external_id and stored(store, matched)["publications"] == []
    assert stored(store, ours)["publications"] == [1]


def test_keys_of_connections() -> None:
    connections = [Connection(platform="shopify_target", credentials={"access_token": "x"}) for _ in range(2)]
    first, again, other = (account_for(connections[place]).connection_key for place in (0, 0, 1))
    assert first == again != other and first and first not in connections[0].webhook_token


def test_products_that_cannot_be_published(store: SandboxProcess, open_adapter: Open) -> None:
    adapter = open_adapter("shopify_target", publication_ids=[99])
    outcome = send(adapter, DataType.PRODUCTS, product(1))
    assert outcome.error is None and len(outcome.links) == 2
    assert [each.code for each in outcome.warnings] == ["not_published"]
    # Without the scope nothing is written, so that no product is created without its link.
    store.control("PATCH", "settings/alpha", json={"scopes": ["write_products", "write_inventory"]})
    adapter = open_adapter("shopify_target", publication_ids=[1])
    before = len(list(store.state("products")))
    with pytest.raises(NeedsAttention, match="write_publications"):
        send(adapter, DataType.PRODUCTS, product(2))
    assert len(list(store.state("products"))) == before
    assert send(adapter, DataType.PRODUCTS, product(1), external_id=outcome.external_id).error is None


def test_images_that_fail_or_are_being_processed(store: SandboxProcess, adapter: Adapter[Any]) -> None:
    broken = product(1, images=[IMAGE, ImageItem("https://images.example.com/broken.jpg", "", 1)])
    outcome = send(adapter, DataType.PRODUCTS, broken)
    again = send(adapter, DataType.PRODUCTS, broken, **sent(adapter, broken, outcome))
    assert [(each.code, each.values["url"]) for each in again.warnings] == [("image_not_sent", broken.images[1].url)]
    assert len(stored(store, again)["images"]) == 2  # one that is tried again, instead of one more
    store.control("PATCH", "processing/alpha", json={"seconds": 60})
    changed = product(1, images=[*broken.images, ImageItem("https://images.example.com/3.jpg", "", 2)])
    third = send(adapter, DataType.PRODUCTS, changed, **sent(adapter, broken, outcome))
    waiting = send(adapter, DataType.PRODUCTS, product(1, images=[]), **sent(adapter, changed, third))
    assert isinstance(waiting.error, TryAgainLater) and waiting.error.not_before


def test_large_products_are_written_asynchronously(store: SandboxProcess, adapter: Adapter[Any]) -> None:
    many = product(1, variants=[variant(1000 + number) for number in range(260)])
    target = adapter.target(DataType.PRODUCTS)
    outcome = send(adapter, DataType.PRODUCTS, many)
    assert isinstance(outcome.error, Queued) and outcome.error.receipt_id
    queued = operation(adapter, many)
    queued.receipt_id = outcome.error.receipt_id
    [polled] = target.poll([queued])  # type: ignore[attr-defined]
    assert polled.error is None and len(polled.links) == 260
    queued.receipt_id = "999"
    [unknown] = target.poll([queued])  # type: ignore[attr-defined]
    assert isinstance(unknown.error, TryAgainLater)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": "x" * 256}, "title_length"),
        ({"variants": [variant(10, options=[{"name": f"O{n}", "value": "1"} for n in range(4)])]}, "too_many"),
        ({"variants": [variant(10), variant(11, options=[{"name": "Color", "value": "Red"}])]}, "options_missing"),
        ({"variants": [variant(10, price=None)]}, "price_missing"),
        ({"variants": [variant(10, sku="")]}, "sku_missing"),
        ({"variants": [variant(10), variant(11, sku="SKU-10")]}, "sku_duplicate"),
        ({"variants": [variant(10, options=SMALL), variant(11, options=SMALL)]}, "rejected"),
        ({"images": [ImageItem("ftp://images.example.com/1.jpg", "", 0)]}, "rejected"),
        ({"variants": [variant(10, prices=[PriceItem(PRICE_LIST, "EUR", 1, Decimal(5), None)])]}, "price_currency"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_shopify_cannot_take(changes: dict[str, Any], code: str, adapter: Adapter[Any]) -> None:
    try:
        error = send(adapter, DataType.PRODUCTS, product(1, **changes)).error
    except SkipRecord as raised:
        error = raised
    assert isinstance(error, SkipRecord) and error.problem.code == code and error.fix


def test_a_sku_of_two_products_is_ambiguous(store: SandboxProcess, adapter: Adapter[Any]) -> None:
    first, second = list(store.state("products"))[:2]
    for row in (first, second):
        store.control("PATCH", f"variants/alpha/{row['variants'][0]['id']}", json={"sku": "SKU-10"})
    error = send(adapter, DataType.PRODUCTS, product(1)).error
    assert isinstance(error, SkipRecord) and error.problem.code == "ambiguous_match"


def test_removed_products(store: SandboxProcess, open_adapter: Open) -> None:
    adapter = open_adapter("shopify_target", on_removal="archive")
    outcome = send(adapter, DataType.PRODUCTS, product(1))
    target = adapter.target(DataType.PRODUCTS)
    [removed] = target.send([Operation(Action.REMOVE, 1, outcome.external_id, None)])
    assert removed.error is None and stored(store, outcome)["status"] == "ARCHIVED"
    # One whose creation was not answered is found by our key; one that is not there is gone.
    send(adapter, DataType.PRODUCTS, product(2))
    found, gone = target.send([Operation(Action.REMOVE, 2, "", None), Operation(Action.REMOVE, 3, "", None)])
    assert found.error is gone.error is None and stored(store, found)["status"] == "ARCHIVED" and not gone.external_id


def test_stock(store: SandboxProcess, open_adapter: Open) -> None:
    adapter = open_adapter("shopify_target", location_id=2)
    made = send(adapter, DataType.PRODUCTS, product(1, variants=[variant(10, stock=None), variant(11)]))
    refs, ids = links(made), [int(made.links[Kind.VARIANT, number]) for number in (10, 11)]

    def levels() -> list[Any]:
        return [row["levels"].get("2") for row in stored(store, made)["variants"]]

    for number in (10, 11):  # neither is stocked at the location, and one is not tracked
        assert send(adapter, DataType.STOCK, variant(number, stock="4"), refs).error is None
    assert levels() == [4, 4] and all(row["tracked"] for row in stored(store, made)["variants"])
    calls = len(store.calls())
    send(adapter, DataType.STOCK, variant(10, stock="4"), refs)
    assert len(store.calls()) == calls + 1  # read, and nothing to write
    send(adapter, DataType.STOCK, variant(10, status="suspended"), refs)
    send(adapter, DataType.STOCK, variant(11, stock="-2"), refs)
    assert levels() == [0, 0]

    # A sale between reading and writing: what was sold is decided again, and the rest is sent.
    target = adapter.target(DataType.STOCK)
    read = target._read  # type: ignore[attr-defined]
    item = next(row for row in store.state("variants") if row["id"] == ids[0])["inventoryItem"]

    def sold_meanwhile(variant_ids: Any) -> Any:
        rows = read(variant_ids)
        store.control("PUT", "levels/alpha", json={"item": item, "location": 2, "available": 7})
        return rows

    target._read = sold_meanwhile  # type: ignore[attr-defined]
    operations = [
        Operation(Action.UPDATE, item.id, "", target.payload(item, refs))
        for item in (variant(10, stock="9"), variant(11, stock="5"))
    ]
    stale, good = target.send(operations)
    assert isinstance(stale.error, TryAgainLater) and good.error is None and levels() == [7, 5]
    operations[1] = Operation(Action.UPDATE, 11, "", target.payload(variant(11, stock="2000000000"), refs))
    stale, rejected = target.send(operations)
    assert stale.error is None  # the sale is the quantity that was read
    assert isinstance(rejected.error, SkipRecord) and levels() == [9, 5]
    target._read = read  # type: ignore[attr-defined]
    # An answer that is lost: the quantity is there already.
    store.fault("drop", method="POST", after=1, when="after", times=1)
    with pytest.raises(TryAgainLater):
        send(adapter, DataType.STOCK, variant(10, stock="8"), refs)
    assert send(adapter, DataType.STOCK, variant(10, stock="8"), refs).error is None and levels() == [8, 5]

    missing = send(adapter, DataType.STOCK, variant(10), References({(Kind.VARIANT, 10): "987654321"}))
    assert isinstance(missing.error, SkipRecord) and missing.error.problem.code == "not_at_target_yet"
    with pytest.raises(NeedsAttention, match="no active location 99"):
        send(open_adapter("shopify_target", location_id=99), DataType.STOCK, variant(10), refs)


def test_prices(store: SandboxProcess, adapter: Adapter[Any]) -> None:
    made = send(adapter, DataType.PRODUCTS, product(1))
    sale = PriceItem(PRICE_LIST, "GBP", 1, Decimal("9.90"), Decimal("12.50"))
    target = adapter.target(DataType.PRICES)
    gone = References({**dict(links(made)._links), (Kind.VARIANT, 11): "987654321"})
    operations = [
        Operation(Action.CREATE, 10, "", target.payload(variant(10, prices=[sale]), links(made))),
        Operation(Action.CREATE, 11, "", target.payload(variant(11), gone)),
    ]
    store.clear_calls()
    good, bad = target.send(operations)
    assert good.error is None and good.external_id == made.links[Kind.VARIANT, 10]
    assert isinstance(bad.error, SkipRecord) and "does not exist" in str(bad.error)
    row = stored(store, made)["variants"][0]
    assert (row["price"], row["compareAtPrice"]) == ("9.90", "12.50")
    send(adapter, DataType.PRICES, variant(10), links(made))
    assert stored(store, made)["variants"][0]["compareAtPrice"] is None
    found = {}
    cursor = None
    while not found or cursor:
        page = target.read_existing(cursor=cursor)
        found, cursor = found | dict(page.items), page.cursor
    payload = target.payload(variant(10), links(made))
    assert found[good.external_id].items() <= payload.items()
    assert target.find_existing([good.external_id, "987654321"]) == {good.external_id}


def test_stock_is_read_back(adapter: Adapter[Any]) -> None:
    made = send(adapter, DataType.PRODUCTS, product(1))
    send(adapter, DataType.STOCK, variant(10), links(made))
    page = adapter.target(DataType.STOCK).read_existing(cursor=None)
    number = made.links[Kind.VARIANT, 10]
    assert page.items[number] == {"variant_id": number, "quantity": 3}
