"""End to end in a browser: a merchant starts a sync, watches it, and finds the issues (D2, D7, B8)."""

import re
from collections.abc import Callable

import pytest
from django.utils.text import capfirst
from playwright.sync_api import Page, expect

from accounts.models import Membership, Seller, User
from connectors.services.connections import install_connection
from hub.models import Run
from sandbox.process import SandboxProcess
from tests.dashboard.merchants import person

Sandbox = Callable[..., SandboxProcess]
SYNC_TIMEOUT = 120_000  # milliseconds


@pytest.fixture
def shop(sandbox: Sandbox) -> SandboxProcess:
    """60 valid products and a few that cannot be synced; slow enough to watch."""
    return sandbox("bigcommerce", accounts={"acorn": "shop-token"}, products=60, latency_ms=100)


@pytest.fixture
def target(sandbox: Sandbox) -> SandboxProcess:
    return sandbox("rest", accounts={"acorn": "target-token"})


def test_a_sync_copies_the_shop_to_the_target(
    shop: SandboxProcess, target: SandboxProcess, worker: str, beat: str, page_of: Callable[[User | None], Page]
) -> None:
    seller = Seller.objects.create(slug="acorn", name="Acorn", time_zone="Europe/Copenhagen")
    alice = person("alice@acorn.example", seller, Membership.Role.OWNER)
    install_connection(
        seller=seller,
        platform="bigcommerce",
        name="Our shop",
        slug="acorn-shop",
        base_url=f"{shop.url}/stores/acorn",
        credentials={"access_token": "shop-token"},
        start=False,
    )
    install_connection(
        seller=seller,
        platform="rest",
        name="Our target",
        slug="acorn-target",
        base_url=target.url,
        credentials={"token": "target-token"},
        start=False,
    )
    page = page_of(alice)
    page.goto("/")
    for name in ("Our shop", "Our target"):
        page.locator("summary").filter(has_text=f"of {name}").click()
    page.get_by_role("button", name="Sync Products of Our shop").click()
    expect(page.get_by_text("Products sync started for Our shop.")).to_be_visible()

    # Without a reload: the import runs and finishes, then the export that follows it.
    completed, blocked = str(capfirst(Run.State.DONE.label)), re.compile(r"\d+ blocked")
    ours = page.get_by_role("table", name="Syncs of Our shop").get_by_role("row", name="Products")
    other = page.get_by_role("table", name="Syncs of Our target").get_by_role("row", name="Products")
    expect(ours.get_by_role("progressbar")).to_be_visible()
    expect(ours.get_by_text(blocked)).to_be_visible(timeout=SYNC_TIMEOUT)
    expect(other.get_by_text(completed).or_(other.get_by_text(blocked))).to_be_visible(timeout=SYNC_TIMEOUT)
    expect(page.locator("#connections")).not_to_have_attribute("hx-trigger", "every 2s", timeout=SYNC_TIMEOUT)
    assert not Run.objects.filter(state__in=Run.OPEN).exists()
    assert len(list(target.state("products"))) >= 60

    # The results, and the issues.
    ours.get_by_role("link", name=blocked).click()
    expect(
        page.get_by_role("table", name="Items by kind and result").get_by_role("row", name="Product")
    ).to_be_visible()
    expect(page.get_by_role("log").get_by_text(re.compile("with (some )?errors"))).to_be_visible()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Inbox").click()
    causes = page.get_by_role("list", name="Causes").get_by_role("listitem")
    expect(causes.first.get_by_role("button", name="Check again")).to_be_visible()

    # A synced product, with an external ID and a status for both connections.
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Catalog").click()
    page.get_by_role("table").get_by_role("row").nth(5).get_by_role("link").click()
    expect(page.get_by_role("table", name="External IDs for each connection").get_by_role("row")).to_have_count(3)
    expect(page.get_by_text("Synced").first).to_be_visible()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
