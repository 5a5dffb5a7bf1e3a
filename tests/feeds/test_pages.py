"""GET /api/v1/feeds/…: content of items, and continuing from a cursor."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Seller
from catalog import api
from catalog.models import (
    Brand,
    Category,
    FeedPosition,
    Image,
    Price,
    PriceList,
    Product,
    ProductCategory,
    Status,
    Stock,
    StockLocation,
)
from catalog.services import set_product_status
from tests.factories import make_products, make_seller
from tests.two_sellers import ApiClient, TwoSellers, key_for

# Feeds contain only committed changes, so each test commits.
pytestmark = pytest.mark.django_db(transaction=True)
FEEDS = tuple(FeedPosition.Feed.values)
PAGES = {
    "products": api.FeedPage[api.ProductOut],
    "inventory": api.FeedPage[api.InventoryOut],
    "images": api.FeedPage[api.GalleryOut],
}


def full_product(seller: Seller) -> Product:
    """A product with a value for every field of the feeds."""
    [product] = make_products(seller, 1)
    shop = PriceList.objects.create(seller=seller, slug="shop-price", name="Shop Price", currency="EUR")
    path = Category.objects.create(seller=seller, name="Chairs", path="Garden / Chairs")
    ProductCategory.objects.create(product=product, category=path)
    Product.objects.filter(pk=product.pk).update(
        brand=Brand.objects.create(seller=seller, name="Oak & Sons"), attributes={"colour": ["red", "blue"]}
    )
    variant = product.variants.get()
    variant.options = [{"name": "Size", "value": "M"}]
    variant.cart_image_url = "https://cdn.example/small.jpg"
    variant.save()
    Price.objects.create(seller=seller, price_list=shop, variant=variant, amount=Decimal("12.5"))
    warehouse = StockLocation.objects.create(seller=seller, code="main")
    Stock.objects.create(seller=seller, variant=variant, location=warehouse, quantity=5)
    Image.objects.create(seller=seller, product=product, url="https://cdn.example/a.jpg", alt="Front", position=1)
    return product


def fetch(client: ApiClient, feed: str, cursor: str = "", **query: Any) -> Any:
    answer = client.get(f"/api/v1/feeds/{feed}", {"cursor": cursor, **query})
    assert answer.status_code == 200, answer.content
    # The page conforms to the OpenAPI schema.
    PAGES[feed].model_validate_json(answer.content, strict=False)
    return answer.json()


def ids(page: Any) -> list[int]:
    return [item["id"] for item in page["items"]]


def test_a_product_includes_its_variants_and_prices(two_sellers: TwoSellers) -> None:
    product = full_product(two_sellers.north.seller)
    [item] = fetch(key_for(two_sellers.north.seller), "products")["items"]
    variant = product.variants.get()
    assert item == {
        "id": product.pk,
        "vendor": None,
        "status": "live",
        "title": "Product SKU 1",
        "slug": "",
        "description": "",
        "type": "",
        "brand": "Oak & Sons",
        "categories": ["Garden / Chairs"],
        "attributes": {"colour": ["red", "blue"]},
        "variants": [
            {
                "id": variant.pk,
                "status": "live",
                "sku": "SKU-1",
                "barcode": "",
                "mpn": "",
                "weight_in_grams": 100,
                "image_url": "https://cdn.example/small.jpg",
                "options": [{"name": "Size", "value": "M"}],
                "settings": {},
                "rrp": None,
                "prices": [
                    {
                        "price_list": "shop-price",
                        "currency": "EUR",
                        "customer_groups": [],
                        "min_quantity": 1,
                        "max_quantity": None,
                        "amount": 12.5,
                        "list_amount": None,
                    }
                ],
            }
        ],
    }


def test_inventory_lists_every_location_and_the_total(two_sellers: TwoSellers) -> None:
    product = full_product(two_sellers.north.seller)
    variant = product.variants.get()
    attic = StockLocation.objects.create(seller=two_sellers.north.seller, code="attic")
    Stock.objects.create(
        seller=two_sellers.north.seller,
        variant=variant,
        location=attic,
        quantity=Decimal("-1.5"),
        restock_date="2026-12-24",
    )
    [item] = fetch(key_for(two_sellers.north.seller), "inventory")["items"]
    assert item == {
        "id": variant.pk,
        "product_id": product.pk,
        "vendor": None,
        "status": "live",
        "sku": "SKU-1",
        "quantity": 3.5,
        "locations": [
            {"location": "attic", "quantity": -1.5, "min_level": None, "restock_date": "2026-12-24"},
            {"location": "main", "quantity": 5, "min_level": None, "restock_date": None},
        ],
    }


def test_a_gallery_is_complete_and_in_order(two_sellers: TwoSellers) -> None:
    product = full_product(two_sellers.north.seller)
    Image.objects.create(seller=two_sellers.north.seller, product=product, url="https://cdn.example/0.jpg", position=0)
    [item] = fetch(key_for(two_sellers.north.seller), "images")["items"]
    assert item["images"] == [
        {"url": "https://cdn.example/0.jpg", "label": "", "position": 0},
        {"url": "https://cdn.example/a.jpg", "label": "Front", "position": 1},
    ]
    assert item["variants"] == [
        {
            "id": product.variants.get().pk,
            "status": "live",
            "sku": "SKU-1",
            "image_url": "https://cdn.example/small.jpg",
        }
    ]


@pytest.mark.parametrize("feed", FEEDS)
def test_paging_returns_every_item_once(two_sellers: TwoSellers, feed: str) -> None:
    make_products(two_sellers.north.seller, 12)
    make_products(two_sellers.north.seller, 11, prefix="LATER")
    client, seen, cursor, more = key_for(two_sellers.north.seller), [], "", True
    while more:
        page = fetch(client, feed, cursor, limit=5)
        seen += ids(page)
        cursor, more = page["next"], page["more"]
    assert len(seen) == len(set(seen)) == 23
    assert fetch(client, feed, cursor) == {"items": [], "next": cursor, "more": False}


CHANGES: list[tuple[str, set[str]]] = [
    ("UPDATE catalog_product SET title = 'Another'", {"products", "images"}),
    ("UPDATE catalog_product SET revision = revision + 1, updated_at = now()", set()),
    ("UPDATE catalog_variant SET sku = 'ANOTHER'", {"products", "inventory", "images"}),
    ("UPDATE catalog_variant SET updated_at = now()", set()),
    ("UPDATE catalog_price SET amount = amount + 1", {"products"}),
    ("DELETE FROM catalog_price", {"products"}),
    ("UPDATE catalog_stock SET quantity = 0", {"inventory"}),
    ("UPDATE catalog_stock SET updated_at = now()", set()),
    ("DELETE FROM catalog_stock", {"inventory"}),
    ("UPDATE catalog_image SET alt = 'Back'", {"images"}),
    ("DELETE FROM catalog_image", {"images"}),
    ("DELETE FROM catalog_productcategory", {"products"}),
    ("UPDATE catalog_category SET path = 'Garden / Benches'", {"products"}),
    ("UPDATE catalog_category SET position = 9", set()),
    ("UPDATE catalog_brand SET name = 'Elm'", {"products"}),
    ("UPDATE catalog_pricelist SET currency = 'GBP'", {"products"}),
    ("UPDATE catalog_stocklocation SET code = 'second'", {"inventory"}),
    (
        "INSERT INTO catalog_image (seller_id, product_id, external_id, url, alt, position)"
        " SELECT seller_id, id, '', 'https://cdn.example/b.jpg', '', 2 FROM catalog_product",
        {"images"},
    ),
    (
        "INSERT INTO catalog_price (seller_id, price_list_id, variant_id, min_quantity, amount)"
        " SELECT seller_id, price_list_id, variant_id, min_quantity, 9 FROM catalog_price"
        " ON CONFLICT (variant_id, price_list_id, min_quantity) DO UPDATE SET amount = EXCLUDED.amount",
        {"products"},
    ),
]


@pytest.mark.parametrize(("statement", "changed"), CHANGES)
def test_any_write_changes_the_feeds_that_contain_it(
    two_sellers: TwoSellers, statement: str, changed: set[str]
) -> None:
    full_product(two_sellers.north.seller)
    client = key_for(two_sellers.north.seller)
    cursors = {feed: fetch(client, feed)["next"] for feed in FEEDS}
    with connection.cursor() as cursor:
        cursor.execute(statement)
    assert {feed for feed in FEEDS if fetch(client, feed, cursors[feed])["items"]} == changed


def test_discontinued_items_appear_with_their_status(two_sellers: TwoSellers) -> None:
    product = full_product(two_sellers.north.seller)
    client = key_for(two_sellers.north.seller)
    cursors = {feed: fetch(client, feed)["next"] for feed in FEEDS}
    set_product_status(
        seller_id=two_sellers.north.seller.pk,
        product_ids=[product.pk],
        status=Status.DISCONTINUED,
        origin=None,
        now=timezone.now(),
    )
    for feed in FEEDS:
        [item] = fetch(client, feed, cursors[feed])["items"]
        assert item["status"] == "discontinued"


def test_permanently_deleted_items_appear_with_their_id(two_sellers: TwoSellers) -> None:
    product = full_product(two_sellers.north.seller)
    variant = product.variants.get()
    deleted = {"products": product.pk, "inventory": variant.pk, "images": product.pk}
    client = key_for(two_sellers.north.seller)
    cursors = {feed: fetch(client, feed)["next"] for feed in FEEDS}
    product.delete()
    for feed in FEEDS:
        assert fetch(client, feed, cursors[feed])["items"] == [{"id": deleted[feed], "status": "deleted"}]


def test_a_seller_can_be_deleted_with_everything() -> None:
    seller = make_seller()
    full_product(seller)
    seller.delete()
    assert not FeedPosition.objects.exists()


def test_the_number_of_queries_does_not_depend_on_the_page_size(
    two_sellers: TwoSellers, django_assert_num_queries: Any
) -> None:
    make_products(two_sellers.north.seller, 40)
    client = key_for(two_sellers.north.seller)
    fetch(client, "products", limit=2)  # updates last_used_at of the key
    for limit in (1, 40):
        with django_assert_num_queries(7):  # two are for the key and its seller
            assert len(fetch(client, "products", limit=limit)["items"]) == limit


def test_an_unchanged_page_is_not_sent_again(two_sellers: TwoSellers, django_assert_num_queries: Any) -> None:
    make_products(two_sellers.north.seller, 3)
    client = key_for(two_sellers.north.seller)
    first = client.get("/api/v1/feeds/products")
    with django_assert_num_queries(6):  # no documents are loaded
        again = client.get("/api/v1/feeds/products", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Product.objects.filter(title="Product SKU 2").update(title="Another")
    assert client.get("/api/v1/feeds/products", headers={"If-None-Match": first["ETag"]}).status_code == 200


@pytest.mark.parametrize("feed", FEEDS)
def test_a_key_cannot_read_the_feed_of_another_seller(two_sellers: TwoSellers, feed: str) -> None:
    full_product(two_sellers.north.seller)
    assert fetch(key_for(two_sellers.south.seller), feed)["items"] == []
    whole = key_for(two_sellers.south.seller).get(f"/api/v1/feeds/{feed}/full")
    assert whole.getvalue() == b""
    requested = key_for(two_sellers.south.seller).get(f"/api/v1/feeds/{feed}", {"seller": "north"})
    assert requested.status_code == 404


def test_a_key_for_several_sellers_must_choose_one(two_sellers: TwoSellers) -> None:
    full_product(two_sellers.north.seller)
    client = key_for()
    answer = client.get("/api/v1/feeds/products")
    assert (answer.status_code, answer.json()["errors"][0]["property"]) == (400, "seller")
    assert len(fetch(client, "products", seller="north")["items"]) == 1


@pytest.mark.parametrize("cursor", ["x", "products-0-0-0", "products-ffffffffffff-1-1 ", "1; DROP TABLE", "é" * 30])
def test_an_invalid_cursor_is_rejected_with_the_fix(two_sellers: TwoSellers, cursor: str) -> None:
    answer = key_for(two_sellers.north.seller).get("/api/v1/feeds/products", {"cursor": cursor})
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["property"] == "cursor"
    assert "omit the cursor" in error["message"]


def test_a_cursor_of_another_feed_or_of_the_future_is_rejected(two_sellers: TwoSellers) -> None:
    full_product(two_sellers.north.seller)
    client = key_for(two_sellers.north.seller)
    given = fetch(client, "products")["next"]
    name, lineage, changed, item_id = given.split("-")
    for cursor in (
        given.replace("products", "inventory"),
        f"{name}-{lineage}-{10**19}-{item_id}",
        f"{name}-{lineage}-{changed}-{10**19 - 1}",
    ):
        feed = "images" if cursor.startswith("inventory") else "products"
        answer = client.get(f"/api/v1/feeds/{feed}", {"cursor": cursor})
        assert (answer.status_code, answer.json()["errors"][0]["property"]) == (400, "cursor")


def test_a_cursor_of_another_database_is_outdated(two_sellers: TwoSellers) -> None:
    full_product(two_sellers.north.seller)
    client = key_for(two_sellers.north.seller)
    name, _, changed, item_id = fetch(client, "products")["next"].split("-")
    answer = client.get("/api/v1/feeds/products", {"cursor": f"{name}-{'0' * 12}-{changed}-{item_id}"})
    assert answer.status_code == 410
    assert "Fetch the full feed" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("limit", [0, 1001, "many"])
def test_an_invalid_limit_is_an_error_of_that_field(two_sellers: TwoSellers, limit: object) -> None:
    answer = key_for(two_sellers.north.seller).get("/api/v1/feeds/products", {"limit": limit})
    assert answer.status_code == 400
    assert "limit" in answer.json()["errors"][0]["property"]
