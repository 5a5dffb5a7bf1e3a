"""Previews and comparisons in the merchant's pages (N9, N13)."""

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from connectors.registry import adapter_for
from hub.kinds import DataType, Direction
from hub.models import Change, Link, Run, RunItem
from tests.dashboard.merchants import Merchant, make_comparison

LogIn = Callable[[User], Client]


@pytest.fixture
def comparison(acorn: Merchant) -> Run:
    return make_comparison(acorn)


def shown(run: Run) -> str:
    return f"/s/acorn/checks/{run.pk}/"


def test_every_job_that_sends_is_listed(acorn: Merchant, comparison: Run, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get("/s/acorn/checks/")
    assert [row.job.data_type for row in page.context["checks"]] == ["products"]
    assert page.context["checks"][0].comparison == comparison
    assert "Differences found" in page.content.decode()
    comparison.delete()
    assert "does not tell what it holds" in logged_in(acorn.owner).get("/s/acorn/checks/").content.decode()


def test_a_seller_without_targets_sees_what_comes_next(birch: Merchant, logged_in: LogIn) -> None:
    birch.job(Direction.EXPORT, DataType.PRODUCTS).delete()
    assert "Nothing is sent anywhere yet" in logged_in(birch.owner).get("/s/birch/checks/").content.decode()


def test_a_preview_starts_with_a_button_and_is_joined(acorn: Merchant, logged_in: LogIn) -> None:
    client, job = logged_in(acorn.owner), acorn.job(Direction.EXPORT, DataType.PRODUCTS)
    for _ in range(2):
        answer = client.post(f"/s/acorn/checks/jobs/{job.pk}/preview/")
    run = Run.objects.get(scope="preview")
    assert answer.headers["Location"] == f"/s/acorn/runs/{run.pk}/" and run.started_by == acorn.owner
    page = client.get(answer.headers["Location"]).content.decode()
    assert "preview of what would be sent to Elevate search" in page and "you joined it" in page


def test_what_cannot_be_compared_is_said(acorn: Merchant, logged_in: LogIn) -> None:
    job = acorn.job(Direction.EXPORT, DataType.PRODUCTS)
    client = logged_in(acorn.owner)
    page = client.post(f"/s/acorn/checks/jobs/{job.pk}/compare/", follow=True)
    assert "does not let its products be read" in page.content.decode()
    assert not Run.objects.filter(scope="proof").exists()


def test_checks_are_no_syncs_on_the_overview(acorn: Merchant, comparison: Run, logged_in: LogIn) -> None:
    cards = logged_in(acorn.owner).get("/s/acorn/").context["overview"].connections
    assert comparison not in [card.run for one in cards for card in one.jobs]


def test_what_was_found_is_filtered_and_searched(acorn: Merchant, comparison: Run, logged_in: LogIn) -> None:
    client = logged_in(acorn.viewer)
    page = client.get(shown(comparison), {"verdict": "different"})
    assert [row.verdict for row, _ in page.context["rows"]] == ["different"]
    assert acorn.products[1].title in page.content.decode()
    for text in ("foreign-1", str(acorn.products[0].pk)):
        assert len(client.get(shown(comparison), {"text": text}).context["rows"]) == 1
    assert client.get(shown(comparison), {"text": "nothing"}).context["rows"] == []
    assert b"is not one of the available choices" in client.get(shown(comparison), {"verdict": "create"}).content


def test_many_are_paged(acorn: Merchant, comparison: Run, logged_in: LogIn) -> None:
    RunItem.objects.bulk_create(
        RunItem(run=comparison, verdict="unknown", kind="product", external_id=f"f{n}") for n in range(120)
    )
    client, met, query = logged_in(acorn.owner), 0, ""
    for _ in range(3):
        page = client.get(f"{shown(comparison)}?page={query}").context["page"]
        met, query = met + len(page.rows), page.older
    assert met == 124 and not query


def test_the_download_is_safe_to_open(acorn: Merchant, comparison: Run, logged_in: LogIn) -> None:
    answer = logged_in(acorn.viewer).get(f"{shown(comparison)}download/")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row["What"] for row in rows] == [
        "missing there",
        "different there",
        "there, but no longer offered here",
        "there, but not from here",
    ]
    different = rows[1]
    assert (different["Field"], different["Before"], different["After"]) == ("title", "'=1+1", acorn.products[1].title)


def test_repair_asks_first_and_says_how_many(acorn: Merchant, comparison: Run, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    question = client.post(f"{shown(comparison)}repair/").content.decode()
    assert "Repair 3 items at Elevate search?" in question and "removed there" in question
    assert not comparison.items.exclude(repaired_at=None).exists()
    page = client.post(f"{shown(comparison)}repair/", {"confirmed": "yes"}, follow=True).content.decode()
    assert "3 items are on the way." in page
    items = {one.pk for one in acorn.products[:3]}
    assert set(Change.objects.filter(job=comparison.job, state="ready").values_list("item_id", flat=True)) == items
    assert not comparison.items.get(verdict="unknown").repaired_at
    assert AuditEvent.objects.get(action="proof.repair").user == acorn.owner
    assert "nothing to repair" in client.post(f"{shown(comparison)}repair/", follow=True).content.decode()


@pytest.mark.parametrize("chosen", ["different", "picked"])
def test_repair_of_some(acorn: Merchant, comparison: Run, logged_in: LogIn, chosen: str) -> None:
    one = comparison.items.get(verdict="different")
    Link.objects.create(
        connection=acorn.search, kind="product", external_id="x", item_id=one.item_id, sent_hash=b"x", sent_revision=1
    )
    data: dict[str, object] = {"verdict": chosen} if chosen != "picked" else {"picked": "yes", "item": [one.pk]}
    client = logged_in(acorn.owner)
    assert "Repair 1 item at" in client.post(f"{shown(comparison)}repair/", data).content.decode()
    client.post(f"{shown(comparison)}repair/", data | {"confirmed": "yes"})
    assert list(comparison.items.exclude(repaired_at=None)) == [one]
    assert Link.objects.get(item_id=one.item_id, connection=acorn.search).sent_hash is None


def test_nothing_of_another_run_is_repaired(
    acorn: Merchant, birch: Merchant, comparison: Run, logged_in: LogIn
) -> None:
    other = make_comparison(birch)
    data = {"picked": "yes", "item": [item.pk for item in other.items.all()], "confirmed": "yes"}
    logged_in(acorn.owner).post(f"{shown(comparison)}repair/", data)
    assert not RunItem.objects.exclude(repaired_at=None).exists()


def test_a_comparison_under_way_is_not_repaired(acorn: Merchant, logged_in: LogIn) -> None:
    comparison = make_comparison(acorn, state="preparing")
    client = logged_in(acorn.owner)
    client.post(f"{shown(comparison)}repair/", {"confirmed": "yes"})
    assert not comparison.items.exclude(repaired_at=None).exists()
    assert b"Repair all" not in client.get(shown(comparison)).content


def test_go_ahead_starts_the_sync(acorn: Merchant, logged_in: LogIn) -> None:
    preview = make_comparison(acorn, scope="preview", state="done")
    client = logged_in(acorn.owner)
    assert b"Go ahead and sync" in client.get(f"/s/acorn/runs/{preview.pk}/").content
    answer = client.post(f"{shown(preview)}go-ahead/")
    run = Run.objects.get(job=preview.job, scope="full", state="queued")
    assert answer.headers["Location"] == f"/s/acorn/runs/{run.pk}/"


def test_a_comparison_is_nothing_to_go_ahead_with(acorn: Merchant, comparison: Run, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).post(f"{shown(comparison)}go-ahead/", follow=True).content.decode()
    assert "Only a preview" in page and not Run.objects.filter(scope="full", state="queued").exists()


def test_platforms_say_what_they_send() -> None:
    assert DataType.PRODUCTS in adapter_for("rest").comparable and not adapter_for("elevate").comparable
