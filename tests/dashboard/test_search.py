"""The search over everything that a seller has (I3)."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from hub.models import Link
from synclog.models import Issue, RejectedItem
from synclog.rejected_items import Rejected, keep
from tests.dashboard.merchants import Merchant

LogIn = Callable[[User], Client]


@pytest.mark.parametrize(
    ("text", "page", "found"),
    [
        ("oak-table", "products", "product"),
        ("wool blan", "products", "product"),
        ("100042", "orders", "order"),
        ("#100042", "orders", "order"),
        ("IDA@northwind", "customers", "customer"),
        ("holm", "customers", "customer"),
        ("111", "products", "product"),
    ],
)
def test_the_only_result_opens(
    acorn: Merchant, birch: Merchant, logged_in: LogIn, text: str, page: str, found: str
) -> None:
    """Of one seller only: the other has the same SKUs and numbers."""
    response = logged_in(acorn.owner).get("/s/acorn/search/", {"q": text})
    products = {"oak-table": 0, "wool blan": 1, "111": 0}
    ids = {"order": acorn.order.pk, "customer": acorn.customer.pk}
    expected = ids.get(found) or acorn.products[products[text]].pk
    assert response.headers["Location"] == f"/s/acorn/{page}/{expected}/"


def test_several_results_are_listed(acorn: Merchant, logged_in: LogIn) -> None:
    run = acorn.runs["done"]
    page = logged_in(acorn.owner).get("/s/acorn/search/", {"q": "l"})
    assert page.context["rows"] == [], "too short"
    rows = logged_in(acorn.owner).get("/s/acorn/search/", {"q": "lin"}).context["rows"]
    assert {hit.title for hit, _address in rows} == {"Linen napkins, set of four"}
    answer = logged_in(acorn.owner).get("/s/acorn/search/", {"q": f"run {run.pk}"})
    assert answer.headers["Location"] == f"/s/acorn/runs/{run.pk}/"


def test_a_product_that_was_never_imported_is_found(acorn: Merchant, birch: Merchant, logged_in: LogIn) -> None:
    """By a SKU in the text of its issue, or by its ID at the source."""
    issue = acorn.issues[0]
    Issue.objects.filter(pk=issue.pk).update(
        external_id="product:977", item_id=None, title="Copper kettle", message="1 variant has no SKU: KETTLE-XL."
    )
    client = logged_in(acorn.owner)
    for text in ("kettle-xl", "977", "copper"):
        answer = client.get("/s/acorn/search/", {"q": text})
        assert answer.headers["Location"] == f"/s/acorn/issues/{issue.pk}/", text
    page = client.get(f"/s/acorn/issues/{issue.pk}/").content.decode()
    assert "Not imported from BigCommerce shop." in page and "Add a SKU in the shop" in page and "Check again" in page
    assert logged_in(birch.owner).get(f"/s/birch/issues/{issue.pk}/").status_code == 404


def test_the_issue_of_an_imported_item_leads_to_its_page(acorn: Merchant, logged_in: LogIn) -> None:
    answer = logged_in(acorn.owner).get(f"/s/acorn/issues/{acorn.issues[0].pk}/")
    assert answer.headers["Location"] == f"/s/acorn/products/{acorn.products[2].pk}/"


def test_a_product_that_was_never_imported_is_found_by_its_sku(
    acorn: Merchant, birch: Merchant, logged_in: LogIn
) -> None:
    """Of what was received, although no issue names it; its page shows that, and its issues (C8)."""
    issue, job = acorn.issues[0], acorn.issues[0].job
    assert job is not None
    Issue.objects.filter(pk=issue.pk).update(external_id="product:977", item_id=None, title="Copper kettle")
    item = Rejected("product", "977", "Copper kettle", {"variants": [{"sku": "KETTLE-S"}, {"sku": ""}]})
    keep(job=job, seller_id=acorn.seller.pk, items=[item], now=timezone.now())
    kept = RejectedItem.objects.get()
    client = logged_in(acorn.owner)
    for text in ("kettle-s", "copper"):
        answer = client.get("/s/acorn/search/", {"q": text})
        assert answer.headers["Location"] == f"/s/acorn/rejected/{kept.pk}/", text
    assert client.get(f"/s/acorn/rejected/{kept.pk}/").headers["Location"] == f"/s/acorn/issues/{issue.pk}/"
    page = client.get(f"/s/acorn/issues/{issue.pk}/").content.decode()
    assert "Not imported from BigCommerce shop." in page and "KETTLE-S" in page and "Check again" in page
    assert "KETTLE-S" not in logged_in(acorn.viewer).get(f"/s/acorn/issues/{issue.pk}/").content.decode()
    assert logged_in(birch.owner).get(f"/s/birch/rejected/{kept.pk}/").status_code == 404


@pytest.mark.parametrize("ref", ["product:977", "variant:671"])
def test_the_page_of_a_rejected_item_leads_to_the_item_once_it_is_imported(
    acorn: Merchant, logged_in: LogIn, ref: str
) -> None:
    """A variant without a product has its kind in its ID. The page notices by itself; nothing is a 404 on the way."""
    issue, job = acorn.issues[0], acorn.issues[0].job
    assert job is not None
    Issue.objects.filter(pk=issue.pk).update(external_id=ref, item_id=None)
    external_id = ref.removeprefix("product:")
    keep(job=job, seller_id=acorn.seller.pk, items=[Rejected("product", external_id, "Kettle", {})], now=timezone.now())
    client = logged_in(acorn.owner)
    page = client.get(f"/s/acorn/rejected/{RejectedItem.objects.get().pk}/", follow=True)
    assert "As last received" in page.content.decode() and issue.message in page.content.decode()
    address, seen = f"/s/acorn/issues/{issue.pk}/", page.context["state"]
    assert client.get(address, {"seen": seen}).status_code == 204
    RejectedItem.objects.all().delete()
    Issue.objects.filter(pk=issue.pk).update(resolved_at=timezone.now())
    assert client.get(address, {"seen": seen}).headers["HX-Refresh"] == "true"
    assert "no open issue" in client.get(address).content.decode()
    if ref.startswith("product:"):
        Link.objects.filter(connection=acorn.shop, item_id=acorn.products[0].pk).update(external_id=external_id)
        assert client.get(address).headers["Location"] == f"/s/acorn/products/{acorn.products[0].pk}/"
