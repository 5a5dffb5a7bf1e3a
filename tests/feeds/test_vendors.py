"""A seller's feeds include the items of its vendors, with the vendor's name (S9)."""

import json
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import DropshipAgreement
from catalog.models import Price, PriceList, Product, Variant
from tests.factories import make_connection, make_products
from tests.two_sellers import ApiClient, TwoSellers, key_for

pytestmark = pytest.mark.django_db(transaction=True)


def read(client: ApiClient, feed: str, cursor: str = "") -> Any:
    return client.get(f"/api/v1/feeds/{feed}", {"cursor": cursor})


def owners(items: list[dict[str, Any]]) -> list[str | None]:
    return [item["vendor"] for item in items]


def agree(two_sellers: TwoSellers, **fields: Any) -> DropshipAgreement:
    """South ships for north, whose order lines call it Pines."""
    return DropshipAgreement.objects.create(
        seller=two_sellers.north.seller, vendor=two_sellers.south.seller, name_on_lines="Pines", **fields
    )


@pytest.mark.parametrize("feed", ["products", "inventory", "images"])
def test_feeds_contain_the_items_of_vendors_with_their_name(two_sellers: TwoSellers, feed: str) -> None:
    make_products(two_sellers.south.seller, 2, prefix="THEIRS")
    make_products(two_sellers.north.seller, 1, prefix="OURS")
    agree(two_sellers)
    page = read(key_for(two_sellers.north.seller), feed).json()
    assert owners(page["items"]) == ["Pines", "Pines", None]
    whole = key_for(two_sellers.north.seller).get(f"/api/v1/feeds/{feed}/full").getvalue().splitlines()
    assert owners([json.loads(line) for line in whole]) == [None, "Pines", "Pines"]
    Variant.objects.filter(sku="THEIRS-2").update(sku="THEIRS-3")
    assert owners(read(key_for(two_sellers.north.seller), feed, page["next"]).json()["items"]) == ["Pines"]


def test_the_vendors_feed_does_not_contain_the_sellers_items(two_sellers: TwoSellers) -> None:
    make_products(two_sellers.north.seller, 1, prefix="OURS")
    agree(two_sellers)
    assert read(key_for(two_sellers.south.seller), "products").json()["items"] == []


def test_an_ended_agreement_shares_nothing(two_sellers: TwoSellers) -> None:
    make_products(two_sellers.south.seller, 1, prefix="THEIRS")
    agree(two_sellers, active=False)
    assert read(key_for(two_sellers.north.seller), "products").json()["items"] == []


def test_a_new_vendor_makes_cursors_outdated(two_sellers: TwoSellers) -> None:
    """The vendor's items are older than the cursor, so a client that continues would miss them."""
    make_products(two_sellers.south.seller, 1, prefix="THEIRS")
    client = key_for(two_sellers.north.seller)
    cursor = read(client, "products").json()["next"]
    agreement = agree(two_sellers)
    assert read(client, "products", cursor).status_code == 410
    cursor = read(client, "products").json()["next"]
    agreement.active = False
    agreement.save()
    assert read(client, "products", cursor).status_code == 410


def test_only_prices_of_the_vendors_erp_are_included(two_sellers: TwoSellers) -> None:
    [product] = make_products(two_sellers.south.seller, 1, prefix="THEIRS")
    for role, amount in (("erp", "7.5"), ("b2b", "9")):
        system = make_connection(two_sellers.south.seller, role=role)
        prices = PriceList.objects.create(
            seller=two_sellers.south.seller, slug=role, name=role, currency="EUR", connection=system
        )
        Price.objects.create(
            seller=two_sellers.south.seller, price_list=prices, variant=product.variants.get(), amount=Decimal(amount)
        )
    agree(two_sellers)

    def price_lists(client: ApiClient) -> list[str]:
        [item] = read(client, "products").json()["items"]
        return [price["price_list"] for price in item["variants"][0]["prices"]]

    assert price_lists(key_for(two_sellers.north.seller)) == ["erp"]
    assert price_lists(key_for(two_sellers.south.seller)) == ["b2b", "erp"]
    assert Product.objects.count() == 1
