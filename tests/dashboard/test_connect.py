"""A merchant connects a platform without typing JSON, and nothing is synced before its test has passed (I4)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import Membership, Seller, User
from catalog.models import PriceList
from hub.models import Connection, Job, Run
from sandbox.process import SandboxProcess
from tests.dashboard.merchants import person

pytestmark = pytest.mark.django_db(transaction=True)
Sandbox = Callable[..., SandboxProcess]


@pytest.fixture
def alice() -> User:
    seller = Seller.objects.create(slug="acorn", name="Acorn")
    return person("alice@acorn.example", seller, Membership.Role.OWNER)


def test_a_shop_is_connected_in_three_steps(
    alice: User, sandbox: Sandbox, page_of: Callable[[User | None], Page]
) -> None:
    shop = sandbox("bigcommerce", accounts={"acorn": "shop-token"}, products=60, quota=100_000)
    page = page_of(alice)
    page.goto("/s/acorn/")
    page.get_by_role("link", name="Connect a platform").first.click()
    page.get_by_role("link", name="BigCommerce", exact=True).click()
    page.get_by_label("URL").fill(f"{shop.url}/stores/acorn")
    page.get_by_label("Access token").fill("wrong")
    page.get_by_role("button", name="Test and continue").click()
    expect(page.get_by_role("alert")).to_contain_text("The test failed, nothing was saved:")
    expect(page.get_by_role("alert")).to_contain_text("Renew the credentials")
    expect(page.get_by_text("Settings › Store-level API accounts")).to_be_visible()
    assert not Connection.objects.exists() and not PriceList.objects.exists()

    page.get_by_label("Access token").fill("shop-token")
    page.get_by_role("button", name="Test and continue").click()
    expect(page.get_by_text("Connection test succeeded:")).to_be_visible()
    assert not Run.objects.exists() and set(Job.objects.values_list("paused", flat=True)) == {True}
    row = page.get_by_role("row").filter(has_text="Products")
    row.get_by_role("button", name="Sample").click()
    expect(row).to_contain_text("items, for example:")
    page.get_by_role("checkbox", name="Orders (Import)").uncheck()
    row.get_by_role("combobox").select_option("6h")
    page.get_by_role("button", name="Start the first sync").click()
    expect(page.get_by_text("The first sync of BigCommerce has started.")).to_be_visible()
    products = Job.objects.get(data_type="products")
    assert (products.full_schedule, products.paused, products.connection.slug) == ("6h", False, "acorn-bigcommerce")
    assert Run.objects.filter(job=products, trigger="install").exists()
    enabled = Job.objects.filter(data_type="orders").values_list("direction", "enabled")
    assert dict(enabled) == {"import": False, "export": True}

    page.goto("/s/acorn/connect/bigcommerce/")
    page.get_by_label("URL").fill(f"{shop.url}/stores/acorn")
    page.get_by_label("Access token").fill("shop-token")
    page.get_by_role("button", name="Test and continue").click()
    expect(page.get_by_role("alert")).to_contain_text("already connected as BigCommerce")


@pytest.mark.parametrize(
    ("platform", "account", "filled"),
    [
        ("rest", {"acorn": "erp-token"}, {"credentials__token": "erp-token"}),
        ("seller_center_oms", {"OMS": "oms-key"}, {"credentials__api_key": "oms-key"}),
    ],
)
def test_other_platforms_need_no_json_either(
    alice: User, sandbox: Sandbox, platform: str, account: dict[str, str], filled: dict[str, Any]
) -> None:
    system = sandbox(platform, accounts=account)
    client = Client()
    client.force_login(alice)
    page = client.get(f"/s/acorn/connect/{platform}/")
    initial = {field.html_name: field.value() for field in page.context["form"]}
    sent = {name: value for name, value in initial.items() if value not in (None, False)} | filled
    answer = client.post(f"/s/acorn/connect/{platform}/test/", sent | {"base_url": system.url})
    connection = Connection.objects.get()
    assert answer.headers["Location"] == f"/s/acorn/connections/{connection.slug}/setup/"
    chosen = {f"on_{job.pk}": "on" for job in connection.jobs.all()}
    assert client.post(f"/s/acorn/connections/{connection.slug}/begin/", {}).status_code == 400
    assert client.post(f"/s/acorn/connections/{connection.slug}/begin/", chosen).status_code == 302
    assert Run.objects.filter(job__connection=connection).count() == connection.jobs.count()
