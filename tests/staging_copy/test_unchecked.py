"""What the check after a copy did not look up is reported with the reason, and the pages tell about sellers."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Seller
from catalog.models import Product
from connectors.adapters.registry import adapters
from hub.kinds import Role
from hub.models import Connection, Link
from staging_copy.checking.unchecked import find_unchecked
from tests.adapters.cases import CASES

PAGES = Path(__file__).resolve().parents[2] / "docs" / "platforms"
SHOPS = sorted(key for key, adapter in adapters().items() if adapter.role == Role.SHOP)


@pytest.mark.parametrize("key", SHOPS)
def test_the_page_of_a_shop_says_how_sellers_are_looked_up(key: str) -> None:
    name = CASES[key].page or adapters()[key].__module__.rpartition(".")[2]
    text = (PAGES / f"{name}.md").read_text().partition("## Sellers\n")[2].partition("\n## ")[0]
    has_sellers = "seller" in adapters()[key].listing_classes()
    assert ("A seller is looked up" in text) == has_sellers
    # Of all others, staging-copy.md says that their sellers are not checked.
    assert has_sellers == (key == "seller_center_shop")


@pytest.mark.django_db
def test_every_reason_is_told() -> None:
    def seller(slug: str) -> Seller:
        return Seller.objects.create(slug=slug, name=slug)

    def shop(owner: Seller, **settings: Any) -> Connection:
        return Connection.objects.create(
            seller=owner, slug=f"{owner.slug}-shop", name="Shop", platform="rest", role=Role.SHOP, settings=settings
        )

    lonely, paused, plain, linked, unlinked = (seller(slug) for slug in ("a", "b", "c", "d", "e"))
    off = shop(paused)
    Connection.objects.filter(pk=off.pk).update(paused_at=timezone.now())
    without_lookup, asked, other = shop(plain), shop(linked, seller="77"), shop(unlinked)
    products = {each.slug: Product.objects.create(seller=each, title=each.slug) for each in Seller.objects.all()}
    Link.objects.create(connection=asked, kind="product", external_id="1", item_id=products["d"].pk)
    Product.objects.create(seller=lonely, title="gone", status="deleted")
    found = find_unchecked(
        checked=[without_lookup.pk, asked.pk, other.pk],
        asked={"product": [asked.pk, other.pk], "seller": [asked.pk, other.pk]},
    )
    reasons = {"no shop": 1, "shop not checked": 1, "no lookup": 1, "no id": 1}
    assert found["unchecked_products"]["reasons"] == found["unchecked_sellers"]["reasons"] == reasons
    assert [row["seller"] for row in found["unchecked_products"]["shown"]] == ["a", "b", "c", "e"]
    assert found["unchecked_sellers"]["shown"][0] == {"id": lonely.pk, "name": "a", "slug": "a", "reason": "no shop"}
