"""Lists are paged without missing or repeating a row, and searched by word and by SKU."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from catalog.models import Product, Variant
from dashboard.keyset import Keyset, Page
from dashboard.queries import catalog, counting, sales
from dashboard.queries.counting import Total
from synclog.models import Issue
from tests.dashboard.merchants import Merchant

LogIn = Callable[[User], Client]


def walk(rows: QuerySet[Any], field: str, size: int) -> list[list[int]]:
    """The IDs on all pages, following the markers to the end; also checks the way back."""
    marker = ""
    pages: list[list[int]] = []
    while True:
        keyset = Keyset(marker, size=size, field=field)
        page: Page[Any] = keyset.page(keyset.apply(rows))
        pages.append([row.pk for row in page.rows])
        if not page.older:
            break
        marker = page.older
    back = [pages[-1]]
    while page.newer:
        keyset = Keyset(page.newer, size=size, field=field)
        page = keyset.page(keyset.apply(rows))
        back.append([row.pk for row in page.rows])
    assert back[::-1] == pages
    return pages


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_paging_by_time_shows_every_row_once_although_times_repeat(acorn: Merchant, size: int) -> None:
    log, now = acorn.issues[0].sync_log, timezone.now()
    Issue.objects.bulk_create(
        Issue(
            sync_log=log,
            seller=acorn.seller,
            external_id=f"x:{n}",
            message="?",
            seen_at=now - timedelta(minutes=n // 4),
        )
        for n in range(14)
    )
    rows = Issue.objects.filter(external_id__startswith="x:")
    seen = [pk for page in walk(rows, "seen_at", size) for pk in page]
    assert seen == list(rows.order_by("-seen_at", "-id").values_list("pk", flat=True))


@pytest.mark.parametrize("size", [1, 4, 50])
def test_paging_by_id_shows_every_row_once(acorn: Merchant, size: int) -> None:
    seen = [pk for page in walk(Product.objects.filter(seller=acorn.seller), "", size) for pk in page]
    assert seen == sorted((product.pk for product in acorn.products), reverse=True)


def test_a_row_that_two_searches_find_appears_once(acorn: Merchant) -> None:
    Variant.objects.filter(product=acorn.products[0], position=0).update(sku="OAK")
    page = catalog.products(seller=acorn.seller, keyset=Keyset(), search="oak")
    assert [product.title for product in page.rows] == ["Oak side table"]


@pytest.mark.parametrize(
    ("search", "titles"),
    [
        ("oak", ["Oak side table"]),
        ("TABLE oak", ["Oak side table"]),
        ("bla", ["Wool blanket, grey"]),  # the last word matches by prefix
        ("bla wool", []),  # the others do not
        ("lamp-br", ["Brass desk lamp"]),  # the prefix of a SKU
        ("100%", []),
        ("it's & | ! (:*", []),
        ("'; --", []),
    ],
)
def test_search_finds_words_and_sku_prefixes(acorn: Merchant, search: str, titles: list[str]) -> None:
    page = catalog.products(seller=acorn.seller, keyset=Keyset(), search=search)
    assert [product.title for product in page.rows] == titles


def test_search_uses_its_indexes(acorn: Merchant) -> None:
    """The query plans use the word index and the SKU index, so a search does not scan a million products."""
    products = Product.objects.bulk_create(Product(seller=acorn.seller, title=f"Chair {n}") for n in range(4000))
    Variant.objects.bulk_create(
        Variant(seller=acorn.seller, product=product, sku=f"CHAIR-{product.pk}") for product in products
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_product, catalog_variant")
    with CaptureQueriesContext(connection) as queries:
        catalog.products(seller=acorn.seller, keyset=Keyset(), search="oak")
    plans = []
    with connection.cursor() as cursor:
        for query in queries.captured_queries[:2]:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    assert "catalog_product_words" in plans[0]
    assert "catalog_variant_sku_prefix" in plans[1] and "~>=~" in plans[1]


def test_status_and_search_are_combined(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get("/s/acorn/products/?search=linen&status=live").content.decode()
    assert "No products found" in page


@pytest.mark.parametrize("search", ["ida@north", "IDA@", "Hol", "holm"])
def test_customers_are_found_by_email_and_name(acorn: Merchant, search: str) -> None:
    page = sales.customers(seller=acorn.seller, keyset=Keyset(), search=search)
    assert [customer.last_name for customer in page.rows] == ["Holm"]


def test_orders_are_found_by_number(acorn: Merchant) -> None:
    found = sales.orders(seller=acorn.seller, keyset=Keyset(field="placed_at"), search="1000")
    assert [order.number for order in found.rows] == ["100042"]


def test_the_older_page_keeps_the_filters(acorn: Merchant, logged_in: LogIn) -> None:
    Product.objects.bulk_create(Product(seller=acorn.seller, title=f"Chair {n}") for n in range(60))
    client = logged_in(acorn.owner)
    first = client.get("/s/acorn/products/?search=chair&status=live").content.decode()
    older = next(part for part in first.split('"') if "page=older" in part).replace("&amp;", "&")
    assert "search=chair" in older and "status=live" in older
    second = client.get(f"/s/acorn/products/{older}").content.decode()
    assert "Chair 0<" in second and "Chair 59<" not in second and "Oak" not in second


def test_totals_are_counted_or_estimated(acorn: Merchant, logged_in: LogIn, monkeypatch: pytest.MonkeyPatch) -> None:
    client = logged_in(acorn.owner)
    assert client.get("/s/acorn/products/").context["total"] == Total(6, is_exact=True)
    assert client.get("/s/acorn/products/", {"status": "suspended"}).context["total"].number == 1
    assert client.get("/s/acorn/products/", {"search": "oak"}).context["total"] is None
    monkeypatch.setattr(counting, "CAP", 100)
    Product.objects.bulk_create(Product(seller=acorn.seller, title="Stool") for _ in range(4_321))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_product")
    assert "about 4,300" in client.get("/s/acorn/products/").content.decode()
