"""The console in a real browser: dialogs work, and no page loads anything from another host."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from accounts.models import ApiKey
from accounts.services import find_api_key
from hub.models import Run
from tests.admin.sample_rows import fill
from tests.two_sellers import TwoSellers, make_person


@pytest.fixture
def page(transactional_db: None, two_sellers: TwoSellers, page_of: Callable[..., Page]) -> Page:
    fill(two_sellers)
    page = page_of(make_person("operator@hub.example", is_staff=True, is_superuser=True))
    page.set_viewport_size({"width": 1440, "height": 1000})
    return page


def test_run_is_canceled_after_confirmation(page: Page, two_sellers: TwoSellers) -> None:
    page.goto(f"/admin/hub/run/{two_sellers.north.run.pk}/change/")
    page.locator("a[hx-get$='/cancel/']").click()
    expect(page.locator("#dialog")).to_contain_text("Items already sent are not reverted")
    page.locator("#dialog button[type=submit]").click()
    expect(page.get_by_text("Run canceled.", exact=True)).to_be_visible()
    assert Run.objects.get(pk=two_sellers.north.run.pk).state == Run.State.CANCELLED
    expect(page.locator("a[hx-get$='/cancel/']")).to_have_count(0)


def test_connection_is_paused_with_a_reason(page: Page, two_sellers: TwoSellers) -> None:
    page.goto(f"/admin/hub/connection/{two_sellers.north.shop.pk}/change/")
    page.locator("a[hx-get$='/pause/']").click()
    page.locator("#dialog input[name=reason]").fill("sale weekend")
    page.locator("#dialog button[type=submit]").click()
    expect(page.get_by_text("sale weekend")).to_be_visible()
    expect(page.locator("a[hx-get$='/resume/']")).to_be_visible()


def test_new_api_key_is_shown(page: Page) -> None:
    page.goto("/admin/accounts/apikey/add/")
    page.fill("input[name=name]", "ERP")
    page.locator("input[name=scopes]").first.check()
    page.locator("[name=_save]").click()
    text = page.locator("#new-key").input_value()
    assert find_api_key(text) == ApiKey.objects.get(name="ERP")


def test_pages_load_nothing_from_other_hosts(page: Page, live_server: object) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    for address in ("/admin/", "/admin/hub/connection/", "/admin/hub/job/", "/api/docs"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
    own = urlsplit(page.url).netloc
    assert {urlsplit(url).netloc for url in requested if not url.startswith("data:")} == {own}


@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_with_boxes_of_choices_fits_the_window(page: Page, two_sellers: TwoSellers, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/admin/accounts/user/{two_sellers.north.owner.pk}/change/")
    expect(page.locator("#id_groups_from")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
