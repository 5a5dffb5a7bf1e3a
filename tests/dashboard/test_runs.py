"""The activity register and the page of a run (B8, B10, B11)."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts.models import User
from dashboard import presentation
from hub.kinds import DataType, Direction
from hub.models import Run, RunLogLine
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


def test_how_many_are_shown_is_a_setting(acorn: Merchant, logged_in: LogIn, settings: object) -> None:
    settings.RUNS_SHOWN = 4  # type: ignore[attr-defined]
    assert len(logged_in(acorn.owner).get("/s/acorn/runs/").context["page"].rows) == 4


def test_the_register_is_filtered(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    for query, expected in (
        ("?state=failed", [acorn.runs["failed"]]),
        ("?state=done_with_errors&scope=full", [acorn.runs["done"]]),
        (f"?connection={acorn.search.slug}", [acorn.runs["failed"]]),
        ("?data_type=orders", []),
    ):
        assert client.get(f"/s/acorn/runs/{query}").context["page"].rows == expected, query


def test_the_chart_shows_each_run_by_form_as_well_as_colour(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get("/s/acorn/runs/").content.decode()
    assert page.count("<rect") == 13 and ">×</text>" in page and ">!</text>" in page


def test_a_run_shows_its_figures(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get(f"/s/acorn/runs/{acorn.runs['done'].pk}/").content.decode()
    for expected in (
        *("Ended with some errors", "9 min 0 s", ">42<", "alice@acorn.example", "by button"),
        *("storefront 2", "6 products read in 1 page.", "?run="),
    ):
        assert expected in page, expected
    assert "Cancel the run" not in page and "every 2s" not in page


def test_its_steps_are_those_of_its_direction(acorn: Merchant) -> None:
    """An import reads; only an export has something prepared to send."""

    def steps(direction: Direction, state: str, **fields: object) -> str:
        about = {"scope": "full", "trigger": "button", "started_at": timezone.now()} | fields
        run = Run(job=acorn.job(direction, DataType.PRODUCTS), state=state, **about)
        return ", ".join(stage.label for stage in presentation.stages(run))

    reading, sending = Direction.IMPORT, Direction.EXPORT
    assert steps(reading, "preparing") == "waiting for a worker, reading, ended"
    assert steps(reading, "asking") == "waiting for a worker, waiting for your answer, ended"
    assert steps(reading, "done") == "waiting for a worker, reading, ended well"
    assert steps(reading, "done", trigger="event", scope="partial") == "reading, ended well"
    prepared = "waiting for a worker, comparing, prepared, nothing sent yet"
    assert steps(sending, "prepared") == f"{prepared}, sending, ended"
    assert steps(sending, "done_with_errors", remaining=0) == f"{prepared}, sending, ended with some errors"
    assert steps(sending, "failed", total=7) == "waiting for a worker, comparing, failed"
    assert steps(sending, "cancelled", started_at=None) == "waiting for a worker, cancelled"
    assert steps(sending, "sending", trigger="event", scope="partial") == "sending, ended"


def test_what_took_no_time_took_under_a_second(acorn: Merchant, logged_in: LogIn) -> None:
    run = acorn.runs["done"]
    Run.objects.filter(pk=run.pk).update(finished_at=run.started_at + timedelta(milliseconds=400))
    page = logged_in(acorn.owner).get(f"/s/acorn/runs/{run.pk}/").content.decode()
    assert "<dd>under a second</dd>" in page and "0 s<" not in page


def test_a_failed_run_says_why(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get(f"/s/acorn/runs/{acorn.runs['failed'].pk}/").content.decode()
    assert "The search engine refused the feed" in page


def test_the_log_grows_by_its_new_lines_alone(acorn: Merchant, logged_in: LogIn) -> None:
    run = open_run(acorn)
    first = RunLogLine.objects.create(run=run, text="the first line")
    client = logged_in(acorn.owner)
    page = client.get(f"/s/acorn/runs/{run.pk}/").content.decode()
    assert "the first line" in page and f"after={first.pk}&amp;was=preparing" in page
    RunLogLine.objects.create(run=run, text="the second line")
    state: dict[str, str | int] = {"after": first.pk, "was": "preparing"}
    more = client.get(f"/s/acorn/runs/{run.pk}/live/", state, headers=HTMX).content.decode()
    assert "the second line" in more and "the first line" not in more
    assert "every 2s" in more and 'id="news"' not in more


def test_polling_stops_at_the_end_and_says_how_it_ended(acorn: Merchant, logged_in: LogIn) -> None:
    run = open_run(acorn)
    Run.objects.filter(pk=run.pk).update(state=Run.State.DONE, finished_at=timezone.now())
    state: dict[str, str | int] = {"after": 0, "was": "preparing"}
    page = logged_in(acorn.owner).get(f"/s/acorn/runs/{run.pk}/live/", state, headers=HTMX).content.decode()
    assert "every 2s" not in page
    assert "The run: ended well." in page and "Cancel the run" not in page


def test_the_whole_log_can_be_downloaded(acorn: Merchant, logged_in: LogIn) -> None:
    response = logged_in(acorn.owner).get(f"/s/acorn/runs/{acorn.runs['done'].pk}/log/")
    lines = response.getvalue().decode().splitlines()
    run = acorn.runs["done"]
    assert lines[0] == f"Run {run.pk}, full: {run.job}. State: ended with some errors."
    assert len(lines) == 1 + 5
    assert "WARNING Enamel coffee pot: 1 variant has no SKU." in lines[3]
    assert " CET " in lines[3] or " CEST " in lines[3], "the seller's time"
    going_on = open_run(acorn)
    response = logged_in(acorn.owner).get(f"/s/acorn/runs/{going_on.pk}/log/")
    assert "log so far" in response.getvalue().decode()
    response = logged_in(acorn.owner).get(f"/s/acorn/runs/{run.pk}/log/")
    assert response.headers["Content-Disposition"].startswith("attachment")


def test_cancelling_is_confirmed_and_done_once(acorn: Merchant, logged_in: LogIn) -> None:
    run = open_run(acorn)
    client = logged_in(acorn.owner)
    assert "Yes, cancel it" in client.get(f"/s/acorn/runs/{run.pk}/").content.decode()
    page = client.post(f"/s/acorn/runs/{run.pk}/cancel/", follow=True).content.decode()
    assert "The run is cancelled" in page and "Cancelled by alice@acorn.example" in page
    assert "had ended already" in client.post(f"/s/acorn/runs/{run.pk}/cancel/", follow=True).content.decode()


def test_a_run_that_asks_gets_its_answer(acorn: Merchant, logged_in: LogIn) -> None:
    run = open_run(acorn, Run.State.NEEDS_APPROVAL, reason="1,204 of 5,100 products are gone. Remove them?")
    client = logged_in(acorn.owner)
    assert "Remove them?" in client.get(f"/s/acorn/runs/{run.pk}/").content.decode()
    assert "choose yes or no" in client.post(f"/s/acorn/runs/{run.pk}/answer/", follow=True).content.decode()
    run.refresh_from_db()
    assert run.state == Run.State.NEEDS_APPROVAL
    client.post(f"/s/acorn/runs/{run.pk}/answer/", {"answer": "no"})
    run.refresh_from_db()
    assert (run.state, run.cursor["answer"]) == (Run.State.PREPARING, False)
    late = client.post(f"/s/acorn/runs/{run.pk}/answer/", {"answer": "yes"}, follow=True).content.decode()
    assert "does not wait for an answer any more" in late
