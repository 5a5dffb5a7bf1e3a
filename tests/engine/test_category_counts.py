"""Counters of a run per storefront, and disabled categories counted apart from updated ones (B10, B12)."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.test import Client
from django.urls import reverse

from accounts.models import Membership
from catalog.models import Category
from connectors.services.connections import install_connection
from connectors.services.runs import sync
from hub.kinds import Kind
from hub.models import Connection, Job, Run, RunCounter
from hub.queue import enqueue
from sandbox.process import SandboxProcess
from synclog.models import ItemStatus
from tests.engine.worker import last_run, work_until_idle
from tests.factories import make_seller, make_user

pytestmark = pytest.mark.django_db(transaction=True)


def figures(run: Run) -> dict[str, dict[str, int]]:
    """Kind → the counters that are not zero."""
    counts = {each.kind: {name: getattr(each, name) for name in RunCounter.Outcome} for each in run.counters.all()}
    return {kind: {name: number for name, number in each.items() if number} for kind, each in counts.items()}


def of_tree(platform: SandboxProcess, tree: int) -> list[dict[str, Any]]:
    return [row for row in platform.state("categories") if row["tree_id"] == tree]


def leaves(platform: SandboxProcess, tree: int) -> list[dict[str, Any]]:
    """Return categories without children: changing them affects nothing else."""
    rows = of_tree(platform, tree)
    return [row for row in rows if row["category_id"] not in {each["parent_id"] for each in rows}]


def categories(shop: Connection) -> Run:
    sync(connection=shop, data_type="categories", trigger="button")
    work_until_idle()
    return last_run(Job.objects.get(connection=shop, direction="import", data_type="categories"))


def at_the_shop(platform: SandboxProcess, method: str, **request: Any) -> None:
    url = f"{platform.url}/stores/shop/v3/catalog/trees/categories"
    answer = requests.request(method, url, headers={"X-Auth-Token": "token"}, timeout=60, **request)
    assert answer.ok, answer.text


def test_each_storefront_has_its_own_counters_and_statuses(shop: Connection, shop_platform: SandboxProcess) -> None:
    shop_tree, outlet = (len(of_tree(shop_platform, tree)) for tree in (1, 2))
    run = categories(shop)
    assert figures(run) == {
        "category@1": {"read": shop_tree, "created": shop_tree},
        "category@2": {"read": outlet, "created": outlet},
    }
    assert shop_tree != outlet
    statuses = ItemStatus.objects.filter(job=run.job, kind=Kind.CATEGORY)
    assert statuses.filter(storefront="1").count() == shop_tree
    assert statuses.filter(storefront="2").count() == outlet


def test_hidden_or_deleted_categories_are_not_counted_as_updated(
    shop: Connection, shop_platform: SandboxProcess, client: Client
) -> None:
    categories(shop)
    work_until_idle()
    (hidden, renamed, *_), (gone, *_) = leaves(shop_platform, 1), leaves(shop_platform, 2)
    changes = [
        {"category_id": hidden["category_id"], "is_visible": False},
        {"category_id": renamed["category_id"], "name": "Another name"},
    ]
    at_the_shop(shop_platform, "PUT", json=changes)
    at_the_shop(shop_platform, "DELETE", params={"category_id:in": gone["category_id"]})
    run = categories(shop)
    first, second = (len(of_tree(shop_platform, tree)) for tree in (1, 2))
    assert figures(run) == {
        "category@1": {"read": first, "updated": 1, "disabled": 1, "unchanged": first - 2},
        "category@2": {"read": second, "removed": 1, "unchanged": second},
    }
    merchant = make_user("merchant@example.com")
    Membership.objects.create(seller=shop.seller, user=merchant, role="owner")
    client.force_login(merchant)
    page = client.get(reverse("dashboard:run", args=[shop.seller.slug, run.pk])).content.decode()
    assert "storefront 1" in page and "storefront 2" in page
    assert page.index(">Updated<") < page.index(">Disabled<") < page.index(">Removed<")


def test_categories_hidden_at_the_store_are_counted_as_disabled(sandbox: Callable[..., SandboxProcess]) -> None:
    store = sandbox("bigcommerce", accounts={"shop": "token"}, products=0, quota=100_000)
    target = install_connection(
        seller=make_seller("acme"),
        platform="bigcommerce_target",
        name="Store",
        slug="store",
        base_url=f"{store.url}/stores/shop",
        credentials={"access_token": "token"},
        start=False,
    )
    rows = [
        Category.objects.create(seller=target.seller, name=name, slug=name.lower(), path=name)
        for name in ("Garden", "Cellar")
    ]
    job = Job.objects.get(connection=target, data_type="categories")

    def send() -> Run:
        enqueue(seller_id=target.seller_id, kind=Kind.CATEGORY, item_ids=[row.pk for row in rows])
        work_until_idle()
        return last_run(job)

    assert figures(send()) == {"category": {"read": 2, "created": 2}}
    Category.objects.filter(name="Garden").update(visible=False)
    Category.objects.filter(name="Cellar").update(position=7)
    assert figures(send()) == {"category": {"read": 2, "updated": 1, "disabled": 1}}
    assert {row["name"]: row["is_visible"] for row in store.state("categories")}["Garden"] is False
