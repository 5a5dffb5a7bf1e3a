"""Sync history and the page of a run (B8, B10, B11)."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from django.utils import timezone
from django.utils.text import capfirst

from accounts.models import User
from dashboard import presentation
from hub.kinds import DataType, Direction
from hub.models import Run, RunLogLine
from hub.services import pause_job
from synclog.models import Issue
from tests.dashboard.merchants import Merchant

LogIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


def open_run(merchant: Merchant, state: str = Run.State.PREPARING, **fields: object) -> Run:
    job = merchant.job(Direction.IMPORT, DataType.CUSTOMERS)
    now = timezone.now()
    return Run.objects.create(job=job, scope="full", trigger="button", state=state, started_at=now, **fields)


def test_the_last_19_are_shown_and_older_ones_on_the_next_page(acorn: Merchant, logged_in: LogIn) -> None:
    job = acorn.job(Direction.IMPORT, DataType.ORDERS)
    Run.objects.bulk_create(Run(job=job, scope="partial", trigger="schedule", state="done") for _ in range(12))
    client = logged_in(acorn.owner)
    first = client.get("/s/acorn/runs/").context["page"]
    every = list(Run.objects.filter(job__connection__seller=acorn.seller).order_by("-id"))
    assert first.rows == every[:19]
    second = client.get("/s/acorn/runs/", {"page": first.older}).context["page"]
    assert second.rows == every[19:]
    assert client.get("/s/acorn/runs/", {"page": second.newer}).context["page"].rows == every[:19]


def test_the_page_size_is_a_setting(acorn: Merchant, logged_in: LogIn, settings: object) -> None:
    settings.RUNS_SHOWN = 4  # type: ignore[attr-defined]
    assert len(logged_in(acorn.owner).get("/s/acorn/runs/").context["page"].rows) == 4


def test_the_sync_history_is_filtered(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    for query, expected in (
        ("?state=failed", [acorn.runs["failed"]]),
        ("?state=done_with_errors&scope=full", [acorn.runs["done"]]),
        (f"?connection={acorn.search.slug}", [acorn.runs["failed"]]),
        ("?data_type=orders", []),
    ):
        assert client.get(f"/s/acorn/runs/{query}").context["page"].rows == expected, query


def test_the_chart_shows_states_by_symbol_as_well_as_color(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get("/s/acorn/runs/").content.decode()
    assert page.count("<rect") == 13 and ">×</text>" in page and ">!</text>" in page


def test_a_run_shows_its_results(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get(f"/s/acorn/runs/{acorn.runs['done'].pk}/").content.decode()
    for expected in (
        *(str(capfirst(Run.State.DONE_WITH_ERRORS.label)), "9 min<", ">42<", "alice@acorn.example", "Manual"),
        *("storefront 2", "6 products read in 1 page.", "?run="),
    ):
        assert expected in page, expected
    assert "Cancel run" not in page and "every 2s" not in page


def test_steps_depend_on_the_direction(acorn: Merchant) -> None:
    """An import only reads; an export prepares changes, then sends them."""

    def steps(direction: Direction, state: str, **fields: object) -> str:
        about = {"scope": "full", "trigger": "button", "started_at": timezone.now()} | fields
        run = Run(job=acorn.job(direction, DataType.PRODUCTS), state=state, **about)
        return ", ".join(str(stage.label) for stage in presentation.stages(run))

    reading, sending = Direction.IMPORT, Direction.EXPORT
    label = {state: capfirst(state.label) for state in Run.State}
    assert steps(reading, "preparing") == "Queued, Reading, Finished"
    assert steps(reading, "asking") == f"Queued, {label[Run.State.NEEDS_APPROVAL]}, Finished"
    assert steps(reading, "done") == f"Queued, Reading, {label[Run.State.DONE]}"
    assert steps(reading, "done", trigger="event", scope="partial") == f"Reading, {label[Run.State.DONE]}"
    prepared = "Queued, Checking for changes, Ready to send"
    assert steps(sending, "prepared") == f"{prepared}, Sending, Finished"
    errors = label[Run.State.DONE_WITH_ERRORS]
    assert steps(sending, "done_with_errors", remaining=0) == f"{prepared}, Sending, {errors}"
    assert steps(sending, "failed", total=7) == f"Queued, Checking for changes, {label[Run.State.FAILED]}"
    assert steps(sending, "cancelled", started_at=None) == f"Queued, {label[Run.State.CANCELLED]}"
    assert steps(sending, "sending", trigger="event", scope="partial") == "Sending, Finished"


def test_a_short_run_shows_less_than_a_second(acorn: Merchant, logged_in: LogIn) -> None:
    run = acorn.runs["done"]
    Run.objects.filter(pk=run.pk).update(finished_at=run.started_at + timedelta(milliseconds=400))
    page = logged_in(acorn.owner).get(f"/s/acorn/runs/{run.pk}/").content.decode()
    assert "<dd>&lt; 1 s</dd>" in page and "0 s<" not in page


def test_a_failed_run_shows_the_reason(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get(f"/s/acorn/runs/{acorn.runs['failed'].pk}/").content.decode()
    assert "The search engine rejected the feed" in page


def test_only_new_log_lines_are_fetched(acorn: Merchant, logged_in: LogIn) -> None:
    run = open_run(acorn)
    first = RunLogLine.objects.create(run=run, text="the first line")
    client = logged_in(acorn.owner)
    page = client.get(f"/s/acorn/runs/{run.pk}/").content.decode()
    assert "the first line" in page and f"after={first.pk}&amp;was=preparing" in page
    RunLogLine.objects.create(run=run, text="the second line")
    state: dict[str, str | int] = {"after": first.pk, "was": "preparing"}
    more = client.get(f"/s/acorn/runs/{run.pk}/live/", state, headers=HTMX).content.decode()
    assert "the second line" in more and "the first line" not in more
    assert "every 2s" in more and 'id="announcements"' not in more


def test_polling_stops_at_the_end_and_announces_the_status(acorn: Merchant, logged_in: LogIn) -> None:
    run = open_run(acorn)
    Run.objects.filter(pk=run.pk).update(state=Run.State.DONE, finished_at=timezone.now())
    state: dict[str, str | int] = {"after": 0, "was": "preparing"}
    page = logged_in(acorn.owner).get(f"/s/acorn/runs/{run.pk}/live/", state, headers=HTMX).content.decode()
    assert "every 2s" not in page
    assert f"Run status: {capfirst(Run.State.DONE.label)}" in page and "Cancel run" not in page


def test_the_whole_log_can_be_downloaded(acorn: Merchant, logged_in: LogIn) -> None:
    response = logged_in(acorn.owner).get(f"/s/acorn/runs/{acorn.runs['done'].pk}/log/")
    lines = response.getvalue().decode().splitlines()
    run = acorn.runs["done"]
    status = capfirst(Run.State.DONE_WITH_ERRORS.label)
    assert lines[0] == f"Run {run.pk}: {run.job}. Scope: {capfirst(Run.Scope.FULL.label)}. Status: {status}."
    assert len(lines) == 1 + 5
    assert "WARNING Enamel coffee pot: 1 variant has no SKU." in lines[3]
    assert " CET " in lines[3] or " CEST " in lines[3], "time in the seller's zone"
    running = open_run(acorn)
    response = logged_in(acorn.owner).get(f"/s/acorn/runs/{running.pk}/log/")
    assert "log so far" in response.getvalue().decode()
    response = logged_in(acorn.owner).get(f"/s/acorn/runs/{run.pk}/log/")
    assert response.headers["Content-Disposition"].startswith("attachment")


def test_a_run_is_canceled_once_after_confirmation(acorn: Merchant, logged_in: LogIn) -> None:
    run = open_run(acorn)
    client = logged_in(acorn.owner)
    assert "Cancel this run?" in client.get(f"/s/acorn/runs/{run.pk}/").content.decode()
    page = client.post(f"/s/acorn/runs/{run.pk}/cancel/", follow=True).content.decode()
    assert "Run canceled." in page and "by alice@acorn.example" in page
    assert "has already finished" in client.post(f"/s/acorn/runs/{run.pk}/cancel/", follow=True).content.decode()


def test_a_run_that_needs_approval_gets_an_answer(acorn: Merchant, logged_in: LogIn) -> None:
    run = open_run(acorn, Run.State.NEEDS_APPROVAL, reason="1,204 of 5,100 products are gone. Remove them?")
    client = logged_in(acorn.owner)
    assert "Remove them?" in client.get(f"/s/acorn/runs/{run.pk}/").content.decode()
    assert "Select yes or no." in client.post(f"/s/acorn/runs/{run.pk}/answer/", follow=True).content.decode()
    run.refresh_from_db()
    assert run.state == Run.State.NEEDS_APPROVAL
    client.post(f"/s/acorn/runs/{run.pk}/answer/", {"answer": "no"})
    run.refresh_from_db()
    assert (run.state, run.cursor["answer"]) == (Run.State.PREPARING, False)
    client.post(f"/s/acorn/runs/{run.pk}/answer/", {"answer": "yes"}, follow=True)
    run.refresh_from_db()
    assert run.cursor["answer"] is False, "a late answer is ignored"


def test_an_issue_that_was_open_before_counts_for_a_run_that_skipped_its_item(
    acorn: Merchant, logged_in: LogIn
) -> None:
    run, issue = acorn.runs["done"], acorn.issues[0]
    Issue.objects.filter(pk=issue.pk).update(
        opened_at=run.created_at - timedelta(days=3), seen_at=run.created_at + timedelta(minutes=1)
    )
    client = logged_in(acorn.owner)
    assert client.get(f"/s/acorn/runs/{run.pk}/").context["open_issues"] == 1
    assert issue.title in client.get(f"/s/acorn/issues/?run={run.pk}").content.decode()


def test_a_run_of_a_paused_job_says_so_and_can_be_resumed(acorn: Merchant, logged_in: LogIn) -> None:
    run = open_run(acorn, Run.State.QUEUED)
    pause_job(job=run.job, by=None)
    client, page = logged_in(acorn.owner), f"/s/acorn/runs/{run.pk}/"
    shown = client.get(page).content.decode()
    assert "This sync is paused." in shown and "Waiting to start" not in shown
    answer = client.post(f"/s/acorn/jobs/{run.job_id}/resume/", {"next": page})
    assert answer.headers["Location"] == page
    assert "Waiting to start" in client.get(page).content.decode()


def test_messages_go_when_the_run_has_finished(acorn: Merchant, logged_in: LogIn) -> None:
    run = open_run(acorn)
    client, live = logged_in(acorn.owner), f"/s/acorn/runs/{run.pk}/live/"
    assert 'id="messages"' not in client.get(live, headers=HTMX).content.decode()
    Run.objects.filter(pk=run.pk).update(state=Run.State.DONE)
    for path in (live, "/s/acorn/live/"):
        assert '<div id="messages" role="status" hx-swap-oob="true">' in client.get(path, headers=HTMX).content.decode()
