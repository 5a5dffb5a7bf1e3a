"""Console actions except those of connections: schedules, runs, queue, API keys, issues, kill switches."""

import re

import pytest
from django.utils import timezone
from pytest_django.asserts import assertRedirects

from accounts.models import ApiKey, AuditEvent
from accounts.services import find_api_key
from catalog.models import Product
from hub.kinds import DataType
from hub.models import Change, Job, JobState, Master, PlatformSwitch, Run
from hub.services import pause_job, require_attention
from synclog.models import Issue
from synclog.services import IssueDraft, resolve_issues, upsert_issues
from tests.admin.conftest import Console
from tests.admin.sample_rows import export_job, make_changes
from tests.two_sellers import TwoSellers

CHANGES = "/admin/hub/change/"


@pytest.fixture
def job(two_sellers: TwoSellers) -> Job:
    return two_sellers.north.job(DataType.PRODUCTS)


def test_a_schedule_takes_effect_at_once(operator: Console, job: Job) -> None:
    address = f"/admin/hub/job/{job.pk}/change/"
    sent = operator.form_of(address) | {"full_schedule": "0 3 * * *", "time_zone": "Europe/Zurich"}
    answer = operator.post(address, sent)
    assert answer.status_code == 302, operator.errors_of(answer)
    at = JobState.objects.get(job=job).next_full_at
    assert at is not None and at > timezone.now() and at.minute == 0


@pytest.mark.parametrize(
    ("field", "value", "fix"),
    [
        ("full_schedule", "every day", "15m, 6h or 1d"),
        ("full_schedule", "0 3 31 2 *", "15m, 6h or 1d"),
        ("partial_schedule", "0s", "(1s)"),
        ("time_zone", "Mars/Olympus", "valid choice"),
        ("filter_statuses", "lives", "valid choice"),
        ("filter_stock_buffer", "-1", "greater than or equal to 0"),
    ],
)
def test_invalid_schedule_or_filter_is_rejected(operator: Console, job: Job, field: str, value: str, fix: str) -> None:
    address = f"/admin/hub/job/{job.pk}/change/"
    answer = operator.post(address, operator.form_of(address) | {field: value})
    errors = operator.errors_of(answer)
    assert list(errors) == [field] and fix in errors[field][0]


def test_a_changed_filter_is_saved_once_its_effect_has_been_shown(operator: Console, two_sellers: TwoSellers) -> None:
    """I5: conditions instead of JSON, with their effect on real items."""
    job = export_job(two_sellers.north)
    seller = two_sellers.north.seller
    Product.objects.create(seller=seller, title="Draft chair", status="suspended")
    Product.objects.create(seller=seller, title="Live chair", status="live")
    address = f"/admin/hub/job/{job.pk}/change/"
    sent = operator.form_of(address) | {"filter_statuses": "live", "filter_stock_buffer": "2"}
    shown = operator.post(address, sent | {"apply_filters": "on"})
    page = shown.content.decode()
    assert "No longer sent, and removed there: Draft chair." in page and "Please correct" not in page
    confirmed = {
        "apply_filters": "on",
        "shown_filters": shown.context["adminform"].form["shown_filters"].value(),
    }
    assert re.search(rf'<input type="hidden" name="shown_filters" value="{confirmed["shown_filters"]}"', page)
    others = sent | {"filter_statuses": "suspended"} | confirmed
    assert "Live chair" in operator.post(address, others).content.decode()
    wrong = operator.post(address, others | {"full_schedule": "often"})
    assert "full_schedule" in operator.errors_of(wrong) and "Please correct" in wrong.content.decode()
    job.refresh_from_db()
    assert job.filters == {}
    assert operator.post(address, sent | confirmed).status_code == 302
    job.refresh_from_db()
    assert job.filters == {"statuses": ["live"], "stock_buffer": 2}
    assert AuditEvent.objects.filter(action="job.save", seller=seller, target=f"job {job.pk}").exists()


def test_saving_a_job_keeps_a_concurrent_pause(operator: Console, job: Job) -> None:
    address = f"/admin/hub/job/{job.pk}/change/"
    sent = operator.form_of(address)
    pause_job(job=job, by=None)
    operator.post(address, sent | {"full_schedule": "1d"})
    job.refresh_from_db()
    assert job.paused and job.full_schedule == "1d"


def test_resuming_clears_the_reason_for_attention(operator: Console, job: Job) -> None:
    require_attention(job=job, reason="The API token was revoked.")
    assert "The API token was revoked." in operator.get(f"/admin/hub/job/{job.pk}/change/").content.decode()
    operator.do(f"/admin/hub/job/{job.pk}/resume/")
    job.refresh_from_db()
    assert not job.paused and JobState.objects.get(job=job).attention == ""


def test_selected_jobs_start_one_sync_each(operator: Console, job: Job) -> None:
    for _ in range(2):
        operator.post("/admin/hub/job/", {"action": "sync_selected", "_selected_action": [job.pk]})
    assert Run.objects.filter(job=job).count() == 1


def test_canceling_a_run_requires_confirmation(operator: Console, two_sellers: TwoSellers) -> None:
    run = two_sellers.north.run
    address = f"/admin/hub/run/{run.pk}/cancel/"
    assert b"Cancel this run?" in operator.dialog(address)
    run.refresh_from_db()
    assert run.is_open
    operator.do(address)
    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED
    assert f"/admin/hub/run/{run.pk}/cancel/" not in operator.get(f"/admin/hub/run/{run.pk}/change/").content.decode()


@pytest.mark.parametrize(("action_name", "yes"), [("approve", True), ("decline", False)])
def test_run_is_approved_or_declined(operator: Console, two_sellers: TwoSellers, action_name: str, yes: bool) -> None:
    run = two_sellers.north.run
    Run.objects.filter(pk=run.pk).update(state=Run.State.NEEDS_APPROVAL, reason="It would delete 400 products.")
    page = operator.get(f"/admin/hub/run/{run.pk}/change/").content.decode()
    assert "It would delete 400 products." in page and f"/{action_name}/" in page
    operator.do(f"/admin/hub/run/{run.pk}/{action_name}/")
    run.refresh_from_db()
    assert run.state == Run.State.PREPARING and run.cursor["answer"] is yes


def held_changes(two_sellers: TwoSellers, number: int) -> list[Change]:
    some = make_changes(
        export_job(two_sellers.north), number, state=Change.State.HELD, failure_kind=Change.FailureKind.REJECTED
    )
    Change.objects.filter(pk=some[0].pk).update(failure_kind=Change.FailureKind.UNAVAILABLE)
    return some


def test_selected_changes_are_retried(operator: Console, two_sellers: TwoSellers) -> None:
    first, *others = held_changes(two_sellers, 3)
    operator.post(CHANGES, {"action": "retry", "_selected_action": [first.pk]})
    assert list(Change.objects.filter(state=Change.State.READY)) == [first]


def test_all_changes_matching_a_filter_are_retried(operator: Console, two_sellers: TwoSellers) -> None:
    first, *others = held_changes(two_sellers, 60)
    operator.post(
        f"{CHANGES}?failure=rejected",
        {"action": "retry", "_selected_action": [others[-1].pk], "select_across": "1"},
    )
    assert list(Change.objects.exclude(state=Change.State.READY)) == [first]
    assert "Retrying 59 changes." in operator.get(CHANGES).content.decode()


def test_changes_are_found_by_item(operator: Console, two_sellers: TwoSellers) -> None:
    held_changes(two_sellers, 12)
    answer = operator.get(f"{CHANGES}?q=product:7")
    assert [change.item_id for change in answer.context["cl"].result_list] == [7]
    assert list(operator.get(f"{CHANGES}?q=nonsense").context["cl"].result_list) == []


def test_pagination_of_a_large_list(operator: Console, two_sellers: TwoSellers) -> None:
    held_changes(two_sellers, 120)
    answer = operator.get(f"{CHANGES}?p=3")
    assert answer.context["cl"].result_count == 120
    assert len(answer.context["cl"].result_list) == 20


def test_api_key_is_shown_once(operator: Console, two_sellers: TwoSellers) -> None:
    sent = {"name": "ERP", "seller": two_sellers.north.seller.pk, "scopes": ["sync:read", "synclog:write"]}
    answer = operator.post("/admin/accounts/apikey/add/", sent)
    key = ApiKey.objects.get(name="ERP")
    (text,) = {word for word in answer.content.decode().split('"') if word.startswith(key.prefix)}
    assert find_api_key(text) == key and key.scopes == ["sync:read", "synclog:write"]
    assert "no-store" in answer["Cache-Control"]
    secret = text.removeprefix(f"{key.prefix}_")
    for address in (
        "/admin/accounts/apikey/",
        f"/admin/accounts/apikey/{key.pk}/change/",
        "/admin/accounts/auditevent/",
    ):
        assert secret not in operator.get(address).content.decode()
    assert secret not in str(operator.cookies) and secret not in str(AuditEvent.objects.values())


def test_revoked_key_is_invalid(operator: Console, two_sellers: TwoSellers) -> None:
    operator.post("/admin/accounts/apikey/add/", {"name": "ERP", "scopes": ["sync:read"]})
    key = ApiKey.objects.get(name="ERP")
    operator.do(f"/admin/accounts/apikey/{key.pk}/revoke/")
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert AuditEvent.objects.filter(action="key.revoke").count() == 1


def test_kill_switch_pauses_and_resumes_a_platform(operator: Console, two_sellers: TwoSellers) -> None:
    operator.post("/admin/hub/platformswitch/add/", {"platform": "paper", "reason": "they are down"})
    switch = PlatformSwitch.objects.get()
    assert switch.paused_by is not None and not two_sellers.north.shop.lanes.filter(paused=False).exists()
    operator.post(f"/admin/hub/platformswitch/{switch.pk}/delete/", {"post": "yes"})
    assert not PlatformSwitch.objects.exists()
    assert not two_sellers.north.shop.lanes.filter(paused=True).exists()


def test_issues_of_exports_are_sent_again(operator: Console, two_sellers: TwoSellers) -> None:
    job = export_job(two_sellers.north)
    [change] = make_changes(job, 1, state=Change.State.HELD, failure_kind=Change.FailureKind.REJECTED)
    draft = IssueDraft(f"{change.kind}:{change.item_id}", "?", kind=change.kind, item_id=change.item_id)
    upsert_issues(log=two_sellers.north.log, job=job, drafts=[draft], now=timezone.now())
    ids = list(Issue.objects.values_list("pk", flat=True))
    operator.post("/admin/synclog/issue/", {"action": "send_again", "_selected_action": ids})
    change.refresh_from_db()
    assert change.state == Change.State.READY
    assert "Sending 1 item again." in operator.get("/admin/synclog/issue/").content.decode()


def test_issues_are_checked_again_at_their_sources(operator: Console, two_sellers: TwoSellers) -> None:
    """I1, I2: one on its page, all that match the filters in the list, each seller by itself."""
    jobs = [setup.job(DataType.PRODUCTS) for setup in (two_sellers.north, two_sellers.south)]
    for setup, job in zip((two_sellers.north, two_sellers.south), jobs, strict=True):
        upsert_issues(log=setup.log, job=job, drafts=[IssueDraft("product:9", "?")], now=timezone.now())
    issue = Issue.objects.get(job=jobs[0])
    page = f"/admin/synclog/issue/{issue.pk}/"
    assert "Check this item again?" in operator.dialog(f"{page}check_one/").decode()
    operator.do(f"{page}check_one/")
    assert "Checking 1 item again." in operator.get(f"{page}change/").content.decode()
    sent = {"action": "check_again", "_selected_action": [issue.pk], "select_across": "1"}
    operator.post("/admin/synclog/issue/?cause=" + issue.cause, sent)
    assert "Checking 2 items again." in operator.get("/admin/synclog/issue/").content.decode()
    checked = AuditEvent.objects.filter(action="issue.check").order_by("pk")
    assert list(checked.values_list("seller__slug", flat=True)) == ["north", "north", "south"]
    resolve_issues(issues=Issue.objects.all(), by=two_sellers.north.owner)
    assert b"check_one" not in operator.get(f"{page}change/").content
    operator.post("/admin/synclog/issue/?open=no", sent)
    assert "Nothing was checked" in operator.get("/admin/synclog/issue/").content.decode()


def test_changes_of_the_source_of_truth_are_audited(operator: Console, two_sellers: TwoSellers) -> None:
    seller, shop = two_sellers.north.seller, two_sellers.north.shop
    master = Master.objects.create(seller=seller, group=Master.Group.PRICE, connection=shop)
    address = f"/admin/hub/master/{master.pk}/change/"
    operator.post(address, operator.form_of(address) | {"group": Master.Group.STOCK})
    operator.post("/admin/hub/master/", {"action": "delete_selected", "_selected_action": [master.pk], "post": "yes"})
    assert not Master.objects.filter(seller=seller).exists()
    events = AuditEvent.objects.filter(seller=seller, action__startswith="master.").order_by("pk")
    assert list(events.values_list("action", "target")) == [("master.save", "stock"), ("master.delete", "stock")]


def test_resolving_issues_of_several_sellers_is_audited_per_seller(operator: Console, two_sellers: TwoSellers) -> None:
    ids = list(Issue.objects.values_list("pk", flat=True))
    operator.post("/admin/synclog/issue/", {"action": "resolve", "_selected_action": ids})
    assert not Issue.objects.filter(resolved_at=None).exists()
    assert set(AuditEvent.objects.filter(action="issue.resolve").values_list("seller__slug", flat=True)) == {
        "north",
        "south",
    }


@pytest.mark.parametrize("app_and_model", ["accounts/seller", "accounts/user", "hub/connection", "hub/job", "hub/run"])
def test_important_rows_cannot_be_deleted(operator: Console, two_sellers: TwoSellers, app_and_model: str) -> None:
    rows = {
        "seller": two_sellers.north.seller,
        "user": two_sellers.north.owner,
        "connection": two_sellers.north.shop,
        "run": two_sellers.north.run,
    }
    row = rows.get(app_and_model.split("/")[1]) or two_sellers.north.job(DataType.PRODUCTS)
    assert operator.post(f"/admin/{app_and_model}/{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_a_dialog_at_its_own_address_leads_to_the_page_of_the_row(operator: Console, two_sellers: TwoSellers) -> None:
    page = f"/admin/hub/run/{two_sellers.north.run.pk}/change/"
    dialog = page.replace("/change/", "/cancel/")
    assertRedirects(operator.get(dialog), page)
    assertRedirects(operator.get("/admin/staging_copy/backup/take_backup/"), "/admin/staging_copy/backup/")
