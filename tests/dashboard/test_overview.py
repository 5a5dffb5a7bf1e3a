"""The overview: status of syncs, actions, and polling that stops by itself (D2, D6, B11, N7)."""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from django.utils.text import capfirst

from accounts.models import AuditEvent, User
from connectors.services.runs import sync
from dashboard.presentation import Tone
from dashboard.queries.overview import overview
from dashboard.summary import connection_health, job_health
from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Connection, Job, JobState, Run, RunCounter
from hub.services import add_job, pause_platform, require_attention
from synclog.models import Issue, SyncLog
from synclog.services import IssueDraft, log_for, upsert_issues
from tests.dashboard.merchants import Merchant

LogIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


def running(merchant: Merchant, **fields: object) -> Run:
    job = merchant.job(Direction.IMPORT, DataType.CATEGORIES)
    about = {"state": Run.State.PREPARING, "total": 200, "remaining": 50, "started_at": timezone.now()} | fields
    return Run.objects.create(job=job, scope="full", trigger="button", **about)


def test_it_shows_the_current_state(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get("/s/acorn/").content.decode()
    for words in (
        "BigCommerce shop",
        "Elevate search",
        "1 product of BigCommerce shop can’t be imported: fix 1 cause.",
        "1 blocked",
        "12\xa0minutes ago",
        "an hour ago",
    ):
        assert words in page, words
    assert "in 14\xa0minutes" in page, "the next scheduled time"
    assert f"/s/acorn/issues/?connection={acorn.shop.slug}&amp;data_type=products&amp;view=open" in page


@pytest.mark.parametrize(("schedule", "had_one"), [("1d", True), ("1d", False), ("", True)])
def test_the_last_full_sync_is_the_oldest_of_the_scheduled_jobs(acorn: Merchant, schedule: str, had_one: bool) -> None:
    """Where no job has a schedule, as at targets that follow the imports: the oldest of those that had one.

    A disabled job never has one.
    """
    job = acorn.job(Direction.EXPORT, DataType.PRODUCTS)
    Job.objects.filter(pk=job.pk).update(full_schedule=schedule)
    add_job(connection=acorn.search, direction=Direction.EXPORT, data_type=DataType.ORDERS, lane="orders")
    unused = add_job(
        connection=acorn.search, direction=Direction.IMPORT, data_type=DataType.ORDERS, lane="read", full_schedule="1d"
    )
    Job.objects.filter(pk=unused.pk).update(enabled=False)
    if not had_one:
        JobState.objects.filter(job=job).update(last_full_sync_at=None)
    card = next(each for each in overview(seller=acorn.seller).connections if each.connection == acorn.search)
    assert card.last_full_sync_at == JobState.objects.get(job=job).last_full_sync_at


def test_nothing_is_polled_while_nothing_runs(acorn: Merchant, logged_in: LogIn) -> None:
    assert "every 2s" not in logged_in(acorn.owner).get("/s/acorn/").content.decode()


def test_polling_lasts_while_something_runs_and_stops_by_itself(acorn: Merchant, logged_in: LogIn) -> None:
    run = running(acorn)
    client = logged_in(acorn.owner)
    page = client.get("/s/acorn/").content.decode()
    assert "every 2s" in page and 'value="75"' in page and "150 of 200 (75%)" in page
    again = client.get("/s/acorn/live/", {"seen": f"{run.pk}.preparing"}, headers=HTMX).content.decode()
    assert "every 2s" in again
    Run.objects.filter(pk=run.pk).update(state=Run.State.DONE, remaining=0, finished_at=timezone.now())
    last = client.get("/s/acorn/live/", {"seen": f"{run.pk}.preparing"}, headers=HTMX).content.decode()
    assert "every 2s" not in last and str(capfirst(Run.State.DONE.label)) in last


def test_an_import_counts_what_it_has_read(acorn: Merchant, logged_in: LogIn) -> None:
    """Only the source knows the total; nothing is counted down."""
    run = running(acorn, state=Run.State.PREPARING, remaining=None)
    RunCounter.objects.create(run=run, kind=Kind.CATEGORY, read=20)
    assert "20 of 200 (10%)" in logged_in(acorn.owner).get("/s/acorn/").content.decode()
    Run.objects.filter(pk=run.pk).update(total=None)
    assert "Counting items…" in logged_in(acorn.owner).get("/s/acorn/").content.decode()


def test_only_changed_states_are_announced(acorn: Merchant, logged_in: LogIn) -> None:
    run = running(acorn)
    client = logged_in(acorn.owner)
    seen = client.get("/s/acorn/").context["overview"].state_keys
    assert 'id="announcements"' not in client.get("/s/acorn/live/", {"seen": seen}, headers=HTMX).content.decode()
    Run.objects.filter(pk=run.pk).update(state=Run.State.FAILED)
    changed = client.get("/s/acorn/live/", {"seen": seen}, headers=HTMX).context["changed_states"]
    assert changed == [f"BigCommerce shop, Categories: {capfirst(Run.State.FAILED.label)}."]


def test_a_full_run_is_shown_before_a_partial_one_and_a_running_one_before_the_last(
    acorn: Merchant, logged_in: LogIn
) -> None:
    full = running(acorn)
    Run.objects.create(job=full.job, scope="partial", trigger="schedule", state=Run.State.PREPARING)
    Run.objects.create(job=full.job, scope="partial", trigger="schedule", state=Run.State.DONE)
    cards = logged_in(acorn.owner).get("/s/acorn/").context["overview"].connections[0].jobs
    assert [card.run for card in cards if card.job == full.job] == [full]


def test_the_button_starts_a_sync(acorn: Merchant, logged_in: LogIn) -> None:
    response = logged_in(acorn.owner).post(f"/s/acorn/sync/{acorn.shop.slug}/categories/", follow=True)
    assert "Categories sync started for BigCommerce shop." in response.content.decode()
    run = Run.objects.get(job=acorn.job(Direction.IMPORT, DataType.CATEGORIES))
    assert (run.trigger, run.started_by, run.scope) == ("button", acorn.owner, "full")


def test_one_press_is_one_entry_in_the_audit_log(acorn: Merchant, logged_in: LogIn) -> None:
    """Products are imported after brands, categories and settings; all of them start."""
    logged_in(acorn.owner).post(f"/s/acorn/sync/{acorn.shop.slug}/orders/")
    started = Run.objects.filter(job__connection=acorn.shop, state=Run.State.QUEUED)
    assert started.count() > 1 and AuditEvent.objects.filter(action__startswith="sync.").count() == 1


def test_a_second_click_shows_the_running_sync(acorn: Merchant, logged_in: LogIn) -> None:
    run = running(acorn)
    response = logged_in(acorn.owner).post(f"/s/acorn/sync/{acorn.shop.slug}/categories/", headers=HTMX)
    page = response.content.decode()
    assert "is already running" in page
    assert '<div id="connections"' in page
    assert list(Run.objects.filter(job=run.job)) == [run]


@pytest.mark.parametrize("data_type", ["brands", "nonsense"])
def test_data_without_a_job_cannot_be_synced(acorn: Merchant, logged_in: LogIn, data_type: str) -> None:
    assert logged_in(acorn.owner).post(f"/s/acorn/sync/{acorn.shop.slug}/{data_type}/").status_code == 404


def test_an_uninstalled_connection_shows_an_error(acorn: Merchant, logged_in: LogIn) -> None:
    Connection.objects.filter(pk=acorn.shop.pk).update(state=Connection.State.UNINSTALLED)
    client = logged_in(acorn.owner)
    response = client.post(f"/s/acorn/sync/{acorn.shop.slug}/categories/", follow=True)
    page = response.content.decode()
    with pytest.raises(ValueError) as error:
        sync(connection=Connection.objects.get(pk=acorn.shop.pk), data_type=DataType.CATEGORIES, trigger="button")
    assert escape(str(error.value)) in page and "Uninstalled." in page


def test_viewers_see_why_they_cannot_sync(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.viewer).get("/s/acorn/").content.decode()
    assert 'id="viewer-note"' in page and "You have read-only access." in page
    assert page.count("Sync<span") == page.count('disabled aria-describedby="viewer-note" title="Viewers can’t')


def test_a_job_that_needs_attention_shows_the_fix(acorn: Merchant, logged_in: LogIn) -> None:
    job = acorn.job(Direction.IMPORT, DataType.ORDERS)
    require_attention(job=job, reason="The token has expired.")
    client = logged_in(acorn.owner)
    page = client.get("/s/acorn/").content.decode()
    assert "The token has expired." in page and "then select Resume" in page
    assert (
        "Orders sync resumed for BigCommerce shop."
        in client.post(f"/s/acorn/jobs/{job.pk}/resume/", headers=HTMX).content.decode()
    )
    job.refresh_from_db()
    assert not job.paused and "The token has expired." not in client.get("/s/acorn/").content.decode()


def test_a_job_can_be_paused(acorn: Merchant, logged_in: LogIn) -> None:
    job = acorn.job(Direction.IMPORT, DataType.ORDERS)
    page = logged_in(acorn.owner).post(f"/s/acorn/jobs/{job.pk}/pause/", follow=True).content.decode()
    assert "will sync when you resume" in page
    assert Job.objects.get(pk=job.pk).paused


def test_a_paused_connection_and_platform_show_their_reasons(acorn: Merchant, logged_in: LogIn) -> None:
    Connection.objects.filter(pk=acorn.search.pk).update(paused_at=timezone.now(), pause_reason="moving house")
    pause_platform(platform="bigcommerce", reason="their outage", by=None)
    page = logged_in(acorn.owner).get("/s/acorn/").content.decode()
    assert "Paused: moving house" in page and "their outage" in page


def test_a_lane_that_backs_off_shows_the_next_attempt(acorn: Merchant, logged_in: LogIn) -> None:
    retry_at = timezone.now() + timedelta(minutes=3)
    acorn.search.lanes.update(rest_until=retry_at)
    time = f"{timezone.localtime(retry_at, ZoneInfo(acorn.seller.time_zone)):%H:%M %Z}"
    page = logged_in(acorn.owner).get("/s/acorn/").content.decode()
    assert f"Retrying automatically at {time}." in page


def test_held_items_are_counted_and_retried(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    assert "1 item needs action" in client.get("/s/acorn/").content.decode()
    change = Change.objects.get(state=Change.State.HELD)
    page = client.post(f"/s/acorn/jobs/{change.job_id}/retry/", headers=HTMX).content.decode()
    assert "Retrying 1 item." in page and "needs action" not in page
    change.refresh_from_db()
    assert change.state == Change.State.READY


def test_logs_that_other_systems_report_are_shown(acorn: Merchant, logged_in: LogIn) -> None:
    SyncLog.objects.create(
        seller=acorn.seller, integration="warehouse-x", data_type="stock", last_full_sync_succeeded=False
    )
    page = logged_in(acorn.owner).get("/s/acorn/").content.decode()
    assert "Reported by other systems" in page and "warehouse-x" in page


def test_a_connection_shows_what_its_test_found(acorn: Merchant, logged_in: LogIn) -> None:
    """V6."""
    address = f"/s/acorn/connections/{acorn.search.slug}/"
    client = logged_in(acorn.owner)
    page = client.get(address).content.decode()
    assert "The cluster takes imports by the version in the settings." in page and "Not tested" in page
    result = acorn.search.assumption_results.create(
        key="version",
        state="refuted",
        evidence="<b>It answered 404.</b>",
        settings={"api_version": "v3"},
        tested_at=timezone.now(),
    )
    page = client.get(address).content.decode()
    for words in ("Refuted", "&lt;b&gt;It answered 404.", "Suggestion: set Admin API to v3.", "Test connection"):
        assert words in page, words
    assert address in client.get("/s/acorn/").content.decode()
    Connection.objects.filter(pk=acorn.search.pk).update(paused_at=timezone.now(), pause_reason="moving house")
    page = client.post(f"{address}test/", follow=True).content.decode()
    assert "Connection test failed: Not tested, because it is paused (moving house)." in page
    assert acorn.search.assumption_results.get() == result


def sentence(client: Client) -> tuple[Tone, str]:
    found = client.get("/s/acorn/").context["summary"]
    return found.tone, found.text


def test_a_row_stays_yellow_while_issues_are_open(acorn: Merchant, logged_in: LogIn) -> None:
    """A later partial run or event that succeeds changes nothing about it."""
    job = acorn.job(Direction.IMPORT, DataType.PRODUCTS)
    Run.objects.create(job=job, scope="partial", trigger="event", state="done", finished_at=timezone.now())
    overview = logged_in(acorn.owner).get("/s/acorn/").context["overview"]
    (shop,) = (card for card in overview.connections if card.connection == acorn.shop)
    (row,) = (card for card in shop.jobs if card.job == job)
    assert (job_health(row).tone, job_health(row).label) == (Tone.WARN, "1 blocked")
    assert connection_health(shop).label == "1 blocked" and (shop.synced, shop.blocked) == (5, 1)


def test_one_sentence_names_the_worst_problem_its_size_and_what_to_do(acorn: Merchant, logged_in: LogIn) -> None:
    client, search = logged_in(acorn.owner), acorn.job(Direction.EXPORT, DataType.PRODUCTS)
    JobState.objects.update(last_success_at=timezone.now())
    assert sentence(client) == (Tone.BAD, "1 product of BigCommerce shop can’t be imported: fix 1 cause.")
    Issue.objects.update(resolved_at=timezone.now())
    drafts = [
        IssueDraft(f"product:{one.pk}", "?", code=code, kind=Kind.PRODUCT, item_id=one.pk)
        for one, code in zip(acorn.products, ("sku_missing", "price_missing", "price_missing"), strict=False)
    ]
    log = log_for(job=search, seller_id=acorn.seller.pk)
    upsert_issues(log=log, job=search, drafts=drafts, now=timezone.now())
    assert sentence(client) == (Tone.BAD, "3 products aren’t reaching Elevate search: fix 2 causes.")
    Issue.objects.filter(resolved_at=None, code="sku_missing").update(kind=Kind.ORDER)
    assert sentence(client) == (Tone.BAD, "2 products and 1 order aren’t reaching Elevate search: fix 2 causes.")
    SyncLog.objects.filter(pk=log.pk).update(last_full_sync_succeeded=False)
    assert sentence(client) == (Tone.BAD, "Elevate search: failing. Products: the last full sync failed.")
    Connection.objects.filter(pk=acorn.shop.pk).update(state="needs_attention", state_reason="Log in again.")
    assert sentence(client) == (Tone.BAD, "BigCommerce shop: not working. Log in again.")
    Connection.objects.filter(pk=acorn.shop.pk).update(state="active")
    Issue.objects.update(resolved_at=timezone.now())
    SyncLog.objects.update(last_full_sync_succeeded=True)
    assert sentence(client)[0] is Tone.GOOD and sentence(client)[1].startswith("All up to date, ")
    Change.objects.filter(job=search).update(state="ready", created_at=timezone.now() - timedelta(hours=2))
    assert sentence(client)[1] == "Elevate search: behind. Changes have waited for 2\xa0hours."
    JobState.objects.filter(job=search).update(last_success_at=timezone.now() - timedelta(days=3))
    assert sentence(client)[1] == "Elevate search: late. Products: no successful sync in time."


def test_the_menu_says_what_else_will_run(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get("/s/acorn/").content.decode()
    assert "Imports first: Settings, Categories, Brands" in page
    assert "Then sends changes to Elevate search" in page and "Nothing else runs." in page
    choices = logged_in(acorn.owner).get("/s/acorn/").context["sync_choices"]
    products = next(choice for choice in choices if choice.job == acorn.job(Direction.IMPORT, DataType.PRODUCTS))
    assert products.after == ["Elevate search"]


def test_the_last_14_days_are_drawn(acorn: Merchant, logged_in: LogIn) -> None:
    days = logged_in(acorn.owner).get("/s/acorn/").context["overview"].connections[0].days
    assert len(days) == 14 and sum(day.changed for day in days) == 3 + 5
    assert sum(day.incomplete_runs for day in days) == 1
