"""The pages in a real browser: login, navigation and live updates, on desktop and phone screens."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.text import capfirst
from playwright.sync_api import Page, expect

from accounts.models import Membership, User
from hub.kinds import DataType, Direction
from hub.models import JobState, LinkPayload, Run, RunLogLine
from synclog.models import Issue, ItemEvent
from synclog.services import IssueDraft, upsert_issues
from tests.dashboard.merchants import Merchant, make_comparison, make_merchant, webhook_event

PageOf = Callable[[User | None], Page]
PHONE = 390
WIDTHS = (PHONE, 768, 1024, 1280, 1440)
# Elements whose content overflows them horizontally; pages must scroll only vertically.
OVERFLOWING = """() => [...document.querySelectorAll("html, main, .card, .issue, .notice, .facts, td, th")]
    .filter((box) => box.scrollWidth > box.clientWidth)
    .map((box) => `${box.tagName} ${box.className}: ${box.scrollWidth} in ${box.clientWidth}`)
"""
LISTS = ["", "issues/", "runs/", "checks/", "products/", "customers/", "orders/", "statuses/", "webhooks/", "settings/"]


@pytest.fixture
def acorn(transactional_db: None) -> Merchant:
    return make_merchant("acorn")


def start_run(merchant: Merchant, data_type: DataType) -> Run:
    return Run.objects.create(
        job=merchant.job(Direction.IMPORT, data_type),
        scope="full",
        trigger="button",
        state=Run.State.PREPARING,
        started_at=timezone.now(),
        total=100,
        remaining=60,
    )


def test_a_merchant_logs_in_and_finds_the_issue_of_a_product(acorn: Merchant, page: Page) -> None:
    acorn.owner.set_password("a long pass phrase")
    acorn.owner.save()
    page.goto("/")
    page.get_by_label("Email").fill("alice@acorn.example")
    page.get_by_label("Password").fill("a long pass phrase")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="BigCommerce shop", exact=True)).to_be_visible()

    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Inbox").click()
    expect(page.get_by_role("list", name="Causes").get_by_role("heading")).to_have_text(["SKU missing 1 product"])
    page.get_by_role("link", name="SKU missing").click()
    page.get_by_role("link", name="Enamel coffee pot").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Enamel coffee pot")
    expect(page.get_by_text("Add a SKU in the shop")).to_be_visible()
    expect(page.get_by_text("No SKU", exact=True)).to_be_visible()


def test_selected_issues_are_resolved_together(acorn: Merchant, page_of: PageOf) -> None:
    page = page_of(acorn.owner)
    page.goto("/s/acorn/issues/")
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Resolve selected").click()
    expect(page.get_by_text("1 issue resolved.")).to_be_visible()
    expect(page.get_by_role("heading", name="Nothing is blocked")).to_be_visible()


def test_the_overview_polls_during_a_sync_and_stops_at_its_end(acorn: Merchant, page_of: PageOf) -> None:
    run = start_run(acorn, DataType.CUSTOMERS)
    page = page_of(acorn.owner)
    polls: list[str] = []
    page.on("request", lambda request: polls.append(request.url) if "/live/" in request.url else None)
    page.goto("/s/acorn/")
    page.get_by_text("data types of BigCommerce shop").click()
    progress = page.get_by_role("progressbar", name="Customers")
    expect(progress).to_have_js_property("value", 40)
    page.get_by_role("button", name="Sync Customers").focus()
    Run.objects.filter(pk=run.pk).update(remaining=10)
    expect(progress).to_have_js_property("value", 90)
    expect(page.get_by_role("button", name="Sync Customers")).to_be_focused()

    Run.objects.filter(pk=run.pk).update(state=Run.State.DONE, remaining=0, finished_at=timezone.now())
    expect(progress).to_have_count(0)
    expect(page.locator("#announcements")).to_have_text(
        f"BigCommerce shop, Customers: {capfirst(Run.State.DONE.label)}."
    )
    expect(page.locator("#connections")).not_to_have_attribute("hx-trigger", "every 2s")
    asked = len(polls)
    page.wait_for_timeout(2_500)
    assert len(polls) == asked


def test_the_log_grows_live(acorn: Merchant, page_of: PageOf) -> None:
    run = start_run(acorn, DataType.CUSTOMERS)
    RunLogLine.objects.create(run=run, text="the first page")
    page = page_of(acorn.owner)
    page.goto(f"/s/acorn/runs/{run.pk}/")
    log = page.get_by_role("log").get_by_role("listitem")
    expect(log).to_have_count(1)
    RunLogLine.objects.create(run=run, text="the second page")
    expect(log).to_have_count(2)
    page.locator("summary").filter(has_text="Cancel run").click()
    page.get_by_role("button", name="Cancel run").click()
    expect(page.get_by_text("Run canceled.")).to_be_visible()
    expect(page.get_by_text("Cancel run")).to_have_count(0)


def test_a_key_is_created_and_revoked(acorn: Merchant, page_of: PageOf) -> None:
    page = page_of(acorn.owner)
    page.goto("/s/acorn/settings/")
    page.get_by_label("Name").fill("Warehouse script")
    page.get_by_label("Start and cancel syncs").check()
    page.get_by_role("button", name="Create API key").click()
    assert page.locator("#new-key").inner_text().startswith("sc_")
    page.locator("summary").filter(has_text="Revoke").click()
    page.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_text("Key “Warehouse script” revoked.")).to_be_visible()


def test_a_user_can_switch_between_sellers(acorn: Merchant, page_of: PageOf) -> None:
    birch = make_merchant("birch")
    Membership.objects.create(user=acorn.owner, seller=birch.seller)
    page = page_of(acorn.owner)
    page.goto("/s/acorn/")
    page.get_by_text("Acorn & Daughters").first.click()
    page.get_by_role("link", name="Birch & Daughters").click()
    page.wait_for_url("**/s/birch/")
    page.goto("/")
    page.wait_for_url("**/s/birch/")


def test_nothing_overflows_horizontally_on_any_screen(acorn: Merchant, page_of: PageOf) -> None:
    """Even with long names, states, times and payload fields."""
    run = start_run(acorn, DataType.CUSTOMERS)
    RunLogLine.objects.create(run=run, text="https://shop.example/" + "a-path-without-an-end" * 9)
    acorn.shop.name = "Donaudampfschifffahrtsgesellschaftskapitän"
    acorn.shop.save()
    JobState.objects.update(
        last_update_at=timezone.now() - timedelta(days=45, hours=5), last_full_sync_at=timezone.now() - timedelta(400)
    )
    ItemEvent.objects.filter(action="updated").update(
        changes={"productGroup.products.p206.variants.POT-ENAMEL-24.defaults.sellingPrice": ["19.0000", "4321.5000"]}
    )
    page = page_of(acorn.owner)
    link = LinkPayload.objects.get(link__connection=acorn.shop)
    event = webhook_event(acorn.shop)
    pages = [*LISTS, f"products/{acorn.products[0].pk}/", f"runs/{acorn.runs['done'].pk}/", f"runs/{run.pk}/"]
    comparison, preview = make_comparison(acorn), make_comparison(acorn, scope="preview", state="done")
    pages += [f"{where}/{check.pk}/" for where in ("runs", "checks") for check in (comparison, preview)]
    for path in [*pages, f"payloads/{link.pk}/", f"webhooks/{event.pk}/"]:
        page.goto(f"/s/acorn/{path}")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate(OVERFLOWING) == [], (path, width)


def test_keyboard_focus_shows_exact_times(acorn: Merchant, page_of: PageOf) -> None:
    page = page_of(acorn.owner)
    page.goto("/s/acorn/runs/")
    row = page.get_by_role("row").nth(1)
    started = row.locator("time")
    shown = "time => getComputedStyle(time, '::after').content"
    assert started.evaluate(shown) == "none"
    page.get_by_role("button", name="Apply").focus()
    page.keyboard.press("Tab")
    expect(row.get_by_role("link")).to_be_focused()
    assert (started.get_attribute("title") or "?") in started.evaluate(shown)


def test_the_keyboard_can_skip_the_navigation(acorn: Merchant, page_of: PageOf) -> None:
    page = page_of(acorn.owner)
    page.goto("/s/acorn/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_differences_are_repaired_by_keyboard(acorn: Merchant, page_of: PageOf) -> None:
    """Select, confirm with the number of items, and queue."""
    comparison = make_comparison(acorn)
    page = page_of(acorn.owner)
    page.goto(f"/s/acorn/checks/{comparison.pk}/")
    page.get_by_role("checkbox", name=f"Select {acorn.products[1].title}").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Repair selected").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Repair 1 item in Elevate search?")).to_be_visible()
    page.get_by_role("button", name="Repair 1 item").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 item queued for repair.")).to_be_visible()
    assert [item.verdict for item in comparison.items.exclude(repaired_at=None)] == ["different"]


def test_a_comparison_updates_live(acorn: Merchant, page_of: PageOf) -> None:
    comparison = make_comparison(acorn, state="preparing")
    page = page_of(acorn.owner)
    page.goto(f"/s/acorn/runs/{comparison.pk}/")
    expect(page.get_by_role("progressbar")).to_be_visible()
    Run.objects.filter(pk=comparison.pk).update(state=Run.State.DONE_WITH_ERRORS, finished_at=timezone.now())
    expect(page.locator("#announcements")).to_have_text("Run status: Differences found")
    expect(page.get_by_role("progressbar")).to_have_count(0)


def test_a_slash_leads_to_the_search_and_the_only_result_opens(acorn: Merchant, page_of: PageOf) -> None:
    page = page_of(acorn.owner)
    page.goto("/s/acorn/")
    page.keyboard.press("/")
    page.keyboard.type("pot-enamel")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Enamel coffee pot")


def test_the_menu_opens_on_a_phone(acorn: Merchant, page_of: PageOf) -> None:
    page = page_of(acorn.owner)
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.goto("/s/acorn/")
    assert page.evaluate("document.documentElement.scrollHeight") <= 2 * 844, "the overview fits two screens"
    expect(page.get_by_role("navigation", name="Pages")).not_to_be_visible()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Inbox").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")


def test_412_issues_with_one_cause_are_dealt_with_in_one_action(acorn: Merchant, page_of: PageOf) -> None:
    log = acorn.issues[0].sync_log
    drafts = [IssueDraft(f"product:{n}", "1 variant has no SKU: L.", code="sku_missing") for n in range(9000, 9411)]
    upsert_issues(log=log, job=acorn.issues[0].job, drafts=drafts, now=timezone.now())
    page = page_of(acorn.owner)
    page.goto("/s/acorn/issues/")
    row = page.get_by_role("list", name="Causes").get_by_role("listitem").filter(has_text="SKU missing")
    expect(row).to_contain_text("412 items")
    row.get_by_role("button", name="Check again").click()
    expect(page.get_by_text("Checking 412 items again.")).to_be_visible()
    # Live: what is synced in the meantime leaves the list without a reload.
    Issue.objects.filter(cause="sku_missing").update(resolved_at=timezone.now())
    expect(page.get_by_role("heading", name="Nothing is blocked")).to_be_visible(timeout=15_000)
