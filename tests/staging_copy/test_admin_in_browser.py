"""Copies in a real browser: schedule, start, follow the progress, answer the check, read the report, roll back."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from sandbox.process import SandboxProcess
from staging_copy import services
from staging_copy.models import Copy, CopySchedule, DryRun
from staging_copy.tasks import run_due_copies
from tests.staging_copy.conftest import CopyDatabases, Live
from tests.staging_copy.test_checked_copy import delete_at_shop, platform, shop
from tests.two_sellers import make_person

__all__ = ["platform", "shop"]

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("check_of_its_own")]


@pytest.fixture
def page(copy_databases: CopyDatabases, page_of: Callable[..., Page]) -> Page:
    page = page_of(make_person("olivia@hub.example", is_staff=True, is_superuser=True))
    page.set_viewport_size({"width": 1440, "height": 1000})
    return page


def run_action(page: Page, action_name: str) -> None:
    """Click an action of the row's page and confirm its dialog."""
    page.locator(f"a[hx-get$='/{action_name.replace('_', '-')}/'], a[hx-get$='/{action_name}/']").first.click()
    page.locator("#dialog button[type=submit]").click()
    expect(page.locator("#dialog button[type=submit]")).to_have_count(0)


def test_schedule_weekly_copies(page: Page) -> None:
    page.goto("/admin/staging_copy/copyschedule/add/")
    page.fill("input[name=name]", "Every Sunday")
    page.select_option("select[name=day]", "0")
    page.fill("input[name=hour]", "03:00")
    page.locator("select[name=time_zone]").evaluate("field => field.value = 'Europe/Berlin'")
    page.locator("[name=_continue]").click()
    expect(page.get_by_text(re.compile(r"Sunday, \d\d \w+ \d{4}, 03:00 CES?T"))).to_have_count(5)
    schedule = CopySchedule.objects.get()
    assert (schedule.crontab, schedule.time_zone) == ("0 3 * * 0", "Europe/Berlin")
    # The saved form shows the selected day; changing the hour alone moves the schedule.
    expect(page.locator("select[name=day]")).to_have_value("0")
    page.fill("input[name=hour]", "04:30")
    page.locator("[name=_continue]").click()
    expect(page.get_by_text(re.compile(r"Sunday, .* 04:30 CES?T"))).to_have_count(5)
    page.goto("/admin/staging_copy/copyschedule/")
    expect(page.get_by_text("Every Sunday at 04:30")).to_be_visible()
    page.goto(f"/admin/staging_copy/copyschedule/{schedule.pk}/change/")
    page.select_option("select[name=day]", "")
    page.fill("input[name=crontab]", "0 3 1 * *")
    page.locator("[name=_continue]").click()
    expect(page.locator("input[name=crontab]")).to_have_value("0 3 1 * *")
    run_action(page, "pause")
    expect(page.get_by_text("Paused.", exact=True)).to_be_visible()


def test_copy_from_dry_run_to_rollback(
    page: Page, copy_databases: CopyDatabases, live: Live, shop: None, platform: SandboxProcess
) -> None:
    services.take_backup()
    delete_at_shop(platform, *range(1, 21))
    page.goto("/admin/staging_copy/copy/add/")
    page.locator("button[name=dry_run]").click()
    expect(page.locator(".console-progress")).to_contain_text("Verify copy")
    run_due_copies()
    expect(page.get_by_text(str(DryRun.State.PASSED.label)).first).to_be_visible()
    page.locator("a[href$='/show_report/'], a[href$='/show-report/']").first.click()
    expect(page.locator(".console-report")).to_contain_text("orders_order")
    page.goto("/admin/staging_copy/copy/add/")
    page.locator("button[name=start]").click()
    expect(page.get_by_role("alert")).to_contain_text(copy_databases.staging.name)
    assert not Copy.objects.exists()
    page.fill("input[name=target]", copy_databases.staging.name)
    page.locator("button[name=start]").click()
    expect(page.locator(".console-progress")).to_contain_text("Check")
    run_due_copies()
    # The page polls, and shows the question without a reload.
    expect(page.locator("#copy-question")).to_contain_text(
        "20 of 30 products are missing from the staging shop Acme's shop"
    )
    run_action(page, "approve")
    expect(page.locator(".console-progress")).to_contain_text("Waiting for the copier")
    run_due_copies()
    expect(page.get_by_text(str(Copy.State.DONE.label)).first).to_be_visible()
    page.locator("a[href$='/show_report/'], a[href$='/show-report/']").first.click()
    report = page.locator(".console-report")
    expect(report).to_contain_text("Products deleted on staging")
    expect(report).to_contain_text("olivia@hub.example chose to delete them on staging")
    expect(report).to_contain_text("Highest IDs in use")
    expect(report.get_by_role("row", name="Email addresses outside the masking domain")).to_contain_text("0")
    expect(report.get_by_role("row", name="orders_customer", exact=False).first).to_contain_text("email: 1")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download JSON").click()
    assert download.value.suggested_filename == f"copy-{Copy.objects.get().pk}.json"
    page.goto(f"/admin/staging_copy/copy/{Copy.objects.get().pk}/change/")
    page.locator("a[href$='/show_samples/'], a[href$='/show-samples/']").first.click()
    sample = page.locator("#samples").get_by_role("row").filter(has_text="orders_customer.email")
    expect(sample).to_contain_text("ALICE@acme.example")
    expect(sample).to_contain_text("@sellercenter.net")
    page.goto(f"/admin/staging_copy/copy/{Copy.objects.get().pk}/change/")
    run_action(page, "roll_back")
    run_due_copies()
    expect(page.get_by_text(str(Copy.State.ROLLED_BACK.label)).first).to_be_visible()
    assert Copy.objects.get().state == Copy.State.ROLLED_BACK


def test_schedule_one_copy_and_cancel_it(page: Page, copy_databases: CopyDatabases, live: Live) -> None:
    """The copy uses the latest backup at that time, so none is needed now."""
    page.goto("/admin/staging_copy/copy/add/")
    # Unfold's select widget for long lists, which needs its scripts.
    expect(page.locator(".select2-selection")).to_have_text("UTC")
    tomorrow = (timezone.now() + timedelta(days=1)).date()
    page.fill("input[name=at]", f"{tomorrow}T03:00")
    page.fill("input[name=target]", copy_databases.staging.name)
    page.locator("button[name=start]").click()
    expect(page.get_by_text(re.compile(r"Copy scheduled for .* 03:00 UTC\."))).to_be_visible()
    scheduled = Copy.objects.get()
    assert scheduled.not_before.hour == 3 and scheduled.not_before.date() == tomorrow
    run_action(page, "cancel")
    scheduled.refresh_from_db()
    assert scheduled.state == Copy.State.CANCELLED


def test_second_copy_is_rejected_while_one_is_running(page: Page, copy_databases: CopyDatabases, live: Live) -> None:
    running = Copy.objects.create(state=Copy.State.RUNNING)
    page.goto("/admin/staging_copy/copy/add/")
    page.fill("input[name=target]", copy_databases.staging.name)
    page.locator("button[name=start]").click()
    expect(page.get_by_role("alert")).to_contain_text(
        f"Another copy is in progress ({running}). Wait until it finishes, or cancel it first."
    )
    assert Copy.objects.count() == 1


def test_copies_require_permission(copy_databases: CopyDatabases, client: Any) -> None:
    client.force_login(make_person("clerk@hub.example", is_staff=True))
    copy = Copy.objects.create(state=Copy.State.DONE, report={"tables": []})
    for address in ("add/", "", f"{copy.pk}/change/", f"{copy.pk}/report/", f"{copy.pk}/report.json"):
        assert client.get(f"/admin/staging_copy/copy/{address}").status_code == 403
    assert client.post(f"/admin/staging_copy/copy/{copy.pk}/roll_back/", {"_form_submitted": "on"}).status_code != 200
    copy.refresh_from_db()
    assert copy.requested_action == ""
