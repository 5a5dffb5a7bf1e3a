"""External image feeds: read from a file server, matched by SKU, combined with the shop's images (S4)."""

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Image, Product, Variant
from catalog.records import ImageRecord, ProductRecord, VariantRecord
from connectors.engine.applying import apply_page, import_context_for
from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.http import MAX_BODY
from connectors.sdk.records import GalleryRecord, Record
from connectors.services.connections import install_connection
from connectors.services.runs import sync
from hub.kinds import DataType, Direction
from hub.models import Change, Job, Master, Run
from sandbox.process import SandboxProcess
from synclog.models import Issue
from tests.engine.worker import work_until_idle
from tests.factories import make_connection, make_job, make_products, make_seller

Open = Callable[..., Adapter]
Platform = Callable[[str], SandboxProcess]


@pytest.fixture
def put(platform: Platform) -> Callable[..., None]:
    """`put(content, kind=…)`: replaces the file on the server."""

    def upload(content: bytes | list[Any], kind: str = "jsonl") -> None:
        if isinstance(content, list):
            content = b"".join(json.dumps(line).encode() + b"\n" for line in content)
        body = {"account": "studio", "kind": kind, "content": base64.b64encode(content).decode()}
        platform("image_feed").control("POST", "files", json=body)

    return upload


def read(adapter: Adapter) -> list[Any]:
    return list(adapter.source(DataType.PRODUCTS).read_page(since=None, cursor=None).records)


def urls(record: Any) -> list[str]:
    return [image.url for image in record.images]


# Import


def test_csv_and_json_lines_are_equivalent(open_adapter: Open, platform: Platform) -> None:
    lines = read(open_adapter("image_feed", page_size=100))
    table = open_adapter("image_feed", page_size=100, format="csv")
    table.http.base_url = table.http.base_url.replace(".jsonl", ".csv")
    assert {each.external_id: urls(each) for each in read(table)} == {
        each.external_id: urls(each) for each in lines if each.images
    }


def test_a_gzipped_file_is_decompressed(open_adapter: Open, put: Callable[..., None]) -> None:
    put(gzip.compress(b'{"sku": "A", "images": [{"url": "https://cdn.example/a.jpg"}]}\n'))
    [record] = read(open_adapter("image_feed"))
    assert (record.external_id, urls(record)) == ("A", ["https://cdn.example/a.jpg"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(bytes(MAX_BODY + 1)), "larger than 64 MiB"),
        (gzip.compress(b'{"sku": "A"}' * 50)[:-12], "incomplete"),
        (b"\x1f\x8bnothing of the kind", "not valid gzip"),
        ("Müller".encode("latin-1"), "not UTF-8"),
    ],
    ids=["bomb", "half a file", "no gzip", "Latin-1"],
)
def test_an_unreadable_file_needs_attention(
    open_adapter: Open, put: Callable[..., None], content: bytes, reason: str
) -> None:
    put(content)
    with pytest.raises(NeedsAttention, match=reason) as raised:
        read(open_adapter("image_feed"))
    assert raised.value.fix


def test_an_invalid_line_is_reported_and_the_others_are_read(open_adapter: Open, put: Callable[..., None]) -> None:
    good = {"url": "https://cdn.example/a.jpg", "position": 2}
    put(
        [
            {
                "sku": "A",
                "images": [good, {"url": "javascript:alert(1)"}, {"url": "https://cdn.example/" + "x" * 1000}],
            },
            {"images": [good]},
            {"sku": "B" * 201, "images": [good]},
            ["no", "object"],
            {"sku": "C", "images": "none"},
        ]
    )
    found = {record.external_id: record for record in read(open_adapter("image_feed"))}
    assert urls(found["A"]) == ["https://cdn.example/a.jpg"]
    assert [problem.code for problem in found["A"].problems] == ["image_url_invalid"] * 2
    for name in ("line 2", "line 3", "line 4", "C"):
        assert any(problem.fatal for problem in found[name].problems)


def test_only_a_line_feed_ends_a_line(open_adapter: Open, put: Callable[..., None]) -> None:
    image = '{"url": "https://cdn.example/a.jpg", "label": "Front\u2028and back"}'
    put(f'{{"sku": "A", "images": [{image}]}}\r\n{{"sku": "B", "images": []}}'.encode())
    first, second = read(open_adapter("image_feed"))
    assert (first.images[0].alt, second.external_id) == ("Front\u2028and back", "B")


def test_a_csv_file_without_the_required_columns_is_rejected(open_adapter: Open, put: Callable[..., None]) -> None:
    put(b"article,picture\nA,https://cdn.example/a.jpg\n", kind="csv")
    adapter = open_adapter("image_feed", format="csv")
    adapter.http.base_url = adapter.http.base_url.replace(".jsonl", ".csv")
    with pytest.raises(NeedsAttention, match="has no column sku and url"):
        read(adapter)


def test_an_unchanged_file_is_not_read_again(open_adapter: Open, put: Callable[..., None]) -> None:
    put([{"sku": "A", "images": []}])
    page = open_adapter("image_feed").source(DataType.PRODUCTS).read_page(since=timezone.now(), cursor=None)
    assert (page.records, page.cursor) == ([], None)


# Applying records


@pytest.fixture
def feed(db: None) -> Job:
    connection = make_connection(make_seller("acme"), platform="image_feed", name="Studio")
    return make_job(connection, DataType.PRODUCTS, Direction.IMPORT)


def import_records(job: Job, *records: Record) -> Any:
    run = Run.objects.create(job=job, scope=Run.Scope.PARTIAL, trigger=Run.Trigger.EVENT, state=Run.State.DONE)
    return apply_page(import_context_for(job, run_id=run.pk, now=timezone.now()), records)


def gallery(sku: str, *names: str) -> Record:
    images = [
        ImageRecord(external_id=sku, url=f"https://cdn.example/{name}.jpg", position=n) for n, name in enumerate(names)
    ]
    return GalleryRecord(external_id=sku, images=images, raw={"sku": sku})


def shown() -> list[str]:
    return [url.rpartition("/")[2].removesuffix(".jpg") for url in Image.objects.values_list("url", flat=True)]


def test_images_are_matched_by_sku_and_sent_to_the_targets(feed: Job) -> None:
    seller = feed.connection.seller
    target = make_job(make_connection(seller))
    [product] = make_products(seller, 1)
    tally = import_records(feed, gallery("SKU-1", "front", "back"))
    assert tally.updated == 1
    assert shown() == ["front", "back"]
    assert list(Change.objects.filter(job=target).values_list("item_id", flat=True)) == [product.pk]
    assert Product.objects.get().title == product.title
    assert import_records(feed, gallery("SKU-1", "front", "back")).unchanged == 1
    import_records(feed, gallery("SKU-1", "back"))
    assert shown() == ["back"]
    import_records(feed, gallery("SKU-1"))
    assert shown() == []


def test_images_of_all_skus_of_a_product_form_one_gallery(feed: Job) -> None:
    [product] = make_products(feed.connection.seller, 1)
    Variant.objects.create(seller=feed.connection.seller, product=product, sku="SKU-2")
    import_records(feed, gallery("SKU-2", "large", "both"), gallery("SKU-1", "small", "both"))
    assert shown() == ["small", "both", "large"]
    import_records(feed, gallery("SKU-2", "huge"))
    assert shown() == ["small", "both", "huge"]


def test_images_of_the_former_sku_are_removed_after_a_rename(feed: Job) -> None:
    make_products(feed.connection.seller, 1)
    import_records(feed, gallery("SKU-1", "old"))
    Variant.objects.update(sku="SKU-9")
    import_records(feed, gallery("SKU-9", "new"))
    assert shown() == ["new"]


def test_an_unknown_sku_is_an_issue_until_a_product_has_it(feed: Job) -> None:
    make_products(make_seller("another"), 1)
    tally = import_records(feed, gallery("SKU-1", "front"))
    assert (tally.skipped, Image.objects.count(), Product.objects.count()) == (1, 0, 1)
    issue = Issue.objects.get()
    assert (issue.code, issue.resolved_at) == ("sku_unknown", None)
    assert "SKU-1" in issue.message and issue.fix
    make_products(feed.connection.seller, 1)
    import_records(feed, gallery("SKU-1", "front"))
    assert shown() == ["front"]
    assert Issue.objects.get().resolved_at is not None


def lamp(*names: str, title: str = "Lamp") -> ProductRecord:
    images = [ImageRecord(external_id=name, url=f"https://cdn.example/{name}.jpg") for name in names]
    variants = [VariantRecord(external_id="1", sku="SKU-1")]
    return ProductRecord(external_id="1", title=title, variants=variants, images=images)


@pytest.fixture
def shop(feed: Job) -> Job:
    return make_job(make_connection(feed.connection.seller, role="shop"), DataType.PRODUCTS, Direction.IMPORT)


def test_the_feed_adds_images_that_the_shop_lacks(feed: Job, shop: Job) -> None:
    import_records(shop, lamp())
    import_records(feed, gallery("SKU-1", "studio"))
    import_records(shop, lamp(title="Another"))
    assert shown() == ["studio"]


def test_the_shops_images_are_kept_without_a_source_of_truth(feed: Job, shop: Job) -> None:
    import_records(shop, lamp("shop"))
    import_records(feed, gallery("SKU-1", "studio"))
    assert shown() == ["shop"]
    assert "source of truth for images" in Issue.objects.get().fix


def test_as_source_of_truth_the_feed_replaces_the_shops_images_and_the_shop_fills_gaps(feed: Job, shop: Job) -> None:
    Master.objects.create(seller=feed.connection.seller, group=Master.Group.IMAGES, connection=feed.connection)
    import_records(shop, lamp("shop"))
    assert shown() == ["shop"]
    import_records(shop, lamp("newer"))
    assert shown() == ["newer"]
    import_records(feed, gallery("SKU-1", "studio"))
    assert shown() == ["studio"]
    import_records(shop, lamp("newest"))
    assert shown() == ["studio"]


# Through the engine


@pytest.mark.django_db(transaction=True)
def test_a_full_sync_updates_galleries_and_keeps_those_of_skus_missing_in_the_file(
    platform: Platform, put: Callable[..., None]
) -> None:
    seller = make_seller("acme")
    make_products(seller, 12)
    put([{"sku": f"SKU-{n}", "images": [{"url": f"https://cdn.example/{n}.jpg"}]} for n in range(1, 14)])
    connection = install_connection(
        seller=seller,
        platform="image_feed",
        name="Studio",
        slug="studio",
        base_url=f"{platform('image_feed').url}/studio/images.jsonl",
        credentials={"token": "studio-token"},
        settings={"page_size": 10},
    )
    work_until_idle()
    assert sorted(shown(), key=int) == [str(n) for n in range(1, 13)]
    assert [issue.external_id for issue in Issue.objects.all()] == ["variant:SKU-13"]
    put([{"sku": "SKU-1", "images": []}])
    sync(connection=connection, data_type=DataType.PRODUCTS, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    assert set(Run.objects.filter(scope=Run.Scope.FULL).values_list("state", flat=True)) <= {
        Run.State.DONE,
        Run.State.DONE_WITH_ERRORS,
    }
    assert sorted(shown(), key=int) == [str(n) for n in range(2, 13)]
    assert set(Product.objects.values_list("status", flat=True)) == {"live"}
