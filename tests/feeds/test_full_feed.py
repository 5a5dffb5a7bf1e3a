"""GET /api/v1/feeds/{feed}/full: JSON Lines and XML with arbitrary text."""

import gzip
import json
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.feeds import formats, queries
from catalog.feeds.formats import Format
from catalog.models import FeedPosition, Image, Product, Status, Variant
from tests.factories import make_products
from tests.two_sellers import TwoSellers, key_for

pytestmark = pytest.mark.django_db(transaction=True)
Feed = FeedPosition.Feed
PRODUCTS = "/api/v1/feeds/products/full"


def parsed(body: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(body)  # noqa: S314 (our own output)


def test_json_lines_contain_the_same_items_as_pages(two_sellers: TwoSellers) -> None:
    make_products(two_sellers.north.seller, 7)
    client = key_for(two_sellers.north.seller)
    for feed in Feed:
        whole = client.get(f"/api/v1/feeds/{feed}/full")
        assert whole["Content-Type"] == "application/jsonl"
        lines = [json.loads(line) for line in whole.getvalue().splitlines()]
        assert lines == client.get(f"/api/v1/feeds/{feed}").json()["items"]
        after = client.get(f"/api/v1/feeds/{feed}", {"cursor": whole["Feed-Cursor"]}).json()
        assert (after["items"], after["more"]) == ([], False)


def test_discontinued_products_are_left_out(two_sellers: TwoSellers) -> None:
    live, hidden, _ = make_products(two_sellers.north.seller, 3)
    Product.objects.exclude(pk__in=[live.pk, hidden.pk]).update(status=Status.DISCONTINUED)
    Product.objects.filter(pk=hidden.pk).update(status=Status.SUSPENDED)
    lines = key_for(two_sellers.north.seller).get(PRODUCTS).getvalue().splitlines()
    assert [json.loads(line)["status"] for line in lines] == ["live", "suspended"]


def test_xml_contains_the_same_data(two_sellers: TwoSellers) -> None:
    [product] = make_products(two_sellers.north.seller, 1)
    Product.objects.update(title="Chair \x02 & <stool>", attributes={"care & use": ["wipe", {"at": 30}], "new": True})
    Variant.objects.update(options=[{"name": "Size", "value": "M"}])
    Image.objects.create(
        seller=two_sellers.north.seller, product=product, url="https://cdn.example/?a=1&b=2", position=1
    )
    client = key_for(two_sellers.north.seller)
    answer = client.get(PRODUCTS, {"format": "xml"})
    assert answer["Content-Type"] == "application/xml"
    root = parsed(answer.getvalue())
    found = root.find("product")
    assert root.get("of") == "products"
    assert found.findtext("title") == "Chair \ufffd & <stool>"
    assert found.findtext("attributes/attribute[@name='new']") == "true"
    wipe, at = found.findall("attributes/attribute[@name='care & use']/value")
    assert (wipe.text, at.findtext("value[@name='at']")) == ("wipe", "30")
    assert found.findtext("variants/variant/options/option/value") == "M"
    assert found.find("brand") is None
    gallery = parsed(client.get("/api/v1/feeds/images/full?format=xml").getvalue())
    assert gallery.findtext("product/images/image/url") == "https://cdn.example/?a=1&b=2"
    stock = parsed(client.get("/api/v1/feeds/inventory/full?format=xml").getvalue())
    assert stock.findtext("item/sku") == "SKU-1"


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
FREE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(
    title=TEXT,
    attributes=st.dictionaries(TEXT, FREE, max_size=4),
    paths=st.lists(TEXT, max_size=2),
    option=st.dictionaries(TEXT | st.sampled_from(["name", "value"]), TEXT, max_size=3),
)
def test_xml_is_well_formed_for_any_text(
    title: str, attributes: dict[str, Any], paths: list[str], option: dict[str, str]
) -> None:
    variants = [{"id": 2, "options": [option]}]
    document = {"id": 1, "title": title, "attributes": attributes, "categories": paths, "variants": variants}
    root = parsed(b"".join(formats.encode(Format.XML, Feed.PRODUCTS, [orjson.dumps(document).decode()])))

    def without_invalid_characters(text: str) -> str:
        allowed = ("\t", "\n", "\r")
        return "".join(
            each if each in allowed or each >= " " and each not in "\ufffe\uffff" else "\ufffd" for each in text
        )

    assert (root.findtext("product/title") or "") == without_invalid_characters(title)
    assert [element.text or "" for element in root.iterfind("product/categories/category")] == [
        without_invalid_characters(path) for path in paths
    ]
    found = root.find("product/variants/variant/options/option")
    assert {element.tag: element.text or "" for element in found} == {
        key: without_invalid_characters(option[key]) for key in ("name", "value") if key in option
    }
    assert [element.get("name") for element in root.iterfind("product/attributes/attribute")] == [
        without_invalid_characters(name) for name in attributes
    ]


@pytest.mark.parametrize("output_format", Format)
def test_the_feed_is_compressed_if_the_client_accepts_it(two_sellers: TwoSellers, output_format: Format) -> None:
    make_products(two_sellers.north.seller, 50)
    client = key_for(two_sellers.north.seller)
    plain = client.get(PRODUCTS, {"format": output_format})
    compressed = client.get(PRODUCTS, {"format": output_format}, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain and compressed["Content-Encoding"] == "gzip"
    body = compressed.getvalue()
    assert len(body) < len(plain.getvalue()) / 4
    assert gzip.decompress(body) == client.get(PRODUCTS, {"format": output_format}).getvalue()


def test_a_feed_can_be_longer_than_a_chunk(two_sellers: TwoSellers, monkeypatch: pytest.MonkeyPatch) -> None:
    products = make_products(two_sellers.north.seller, 7)
    monkeypatch.setattr(queries, "_CHUNK_SIZE", 3)
    lines = key_for(two_sellers.north.seller).get(PRODUCTS).getvalue().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [product.pk for product in products]


def test_an_unchanged_feed_is_not_sent_again(two_sellers: TwoSellers) -> None:
    make_products(two_sellers.north.seller, 2)
    client = key_for(two_sellers.north.seller)
    first = client.get(PRODUCTS)
    again = client.get(PRODUCTS, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.getvalue()) == (304, b"")
    other_format = client.get(PRODUCTS, {"format": "xml"}, headers={"If-None-Match": first["ETag"]})
    assert other_format.status_code == 200
    Product.objects.filter(title="Product SKU 1").update(title="Another")
    assert client.get(PRODUCTS, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_an_unknown_format_or_feed_is_an_error_of_that_field(two_sellers: TwoSellers) -> None:
    client = key_for(two_sellers.north.seller)
    answer = client.get(PRODUCTS, {"format": "csv"})
    assert (answer.status_code, answer.json()["errors"][0]["property"]) == (400, "format")
    answer = client.get("/api/v1/feeds/orders/full")
    assert (answer.status_code, answer.json()["errors"][0]["property"]) == (400, "feed")
