"""Previews and comparisons in the merchant pages (N9, N13)."""

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils.html import escape

from accounts.models import AuditEvent, User
from connectors.adapters.registry import adapter_for
from connectors.sdk.streams import ComparisonDepth
from connectors.services.checks import start_comparison, start_previewed_sync
from hub.kinds import DataType, Direction
from hub.models import Change, Connection, Job, Link, Run, RunItem
from tests.dashboard.merchants import Merchant, make_comparison

Verdict = RunItem.Verdict
LogIn = Callable[[User], Client]


@pytest.fixture
def comparison(acorn: Merchant) -> Run:
    return make_comparison(acorn)


def cannot_be_read_back(merchant: Merchant) -> None:
    """SparkLayer has no documented list of products."""
    connection = merchant.job(Direction.EXPORT, DataType.PRODUCTS).connection
    Connection.objects.filter(pk=connection.pk).update(platform="sparklayer")


def shown(run: Run) -> str:
    return f"/s/acorn/checks/{run.pk}/"


def test_every_job_is_listed(acorn: Merchant, comparison: Run, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get("/s/acorn/checks/")
    rows = page.context["checks"]
    assert [row.job.direction for row in rows] == ["import"] * 4 + ["export"]
    assert rows[4].comparison == comparison and not rows[0].comparable
    assert "Differences found" in page.content.decode()
    comparison.delete()
    cannot_be_read_back(acorn)
    assert "let us read this data back" in logged_in(acorn.owner).get("/s/acorn/checks/").content.decode()


def test_a_seller_without_syncs_sees_an_empty_state(birch: Merchant, logged_in: LogIn) -> None:
    Job.objects.filter(connection__seller=birch.seller).delete()
    assert "No syncs yet" in logged_in(birch.owner).get("/s/birch/checks/").content.decode()


def test_a_preview_starts_once_and_a_second_click_shows_it(acorn: Merchant, logged_in: LogIn) -> None:
    client, job = logged_in(acorn.owner), acorn.job(Direction.EXPORT, DataType.PRODUCTS)
    for _ in range(2):
        answer = client.post(f"/s/acorn/checks/jobs/{job.pk}/preview/")
    run = Run.objects.get(scope="preview")
    assert answer.headers["Location"] == f"/s/acorn/runs/{run.pk}/" and run.started_by == acorn.owner
    page = client.get(answer.headers["Location"]).content.decode()
    assert "Preview of the export to Elevate search" in page and "already running" in page


def test_a_comparison_that_is_not_supported_shows_an_error(acorn: Merchant, logged_in: LogIn) -> None:
    cannot_be_read_back(acorn)
    job = acorn.job(Direction.EXPORT, DataType.PRODUCTS)
    client = logged_in(acorn.owner)
    page = client.post(f"/s/acorn/checks/jobs/{job.pk}/compare/", follow=True)
    with pytest.raises(ValueError) as error:
        start_comparison(job=job, by=acorn.owner)
    assert escape(str(error.value)) in page.content.decode()
    assert not Run.objects.filter(scope="proof").exists()


def test_the_overview_shows_syncs_only(acorn: Merchant, comparison: Run, logged_in: LogIn) -> None:
    cards = logged_in(acorn.owner).get("/s/acorn/").context["overview"].connections
    assert comparison not in [card.run for one in cards for card in one.jobs]


def test_results_are_filtered_and_searched(acorn: Merchant, comparison: Run, logged_in: LogIn) -> None:
    client = logged_in(acorn.viewer)
    page = client.get(shown(comparison), {"verdict": "different"})
    assert [row.verdict for row, _ in page.context["rows"]] == ["different"]
    assert acorn.products[1].title in page.content.decode()
    for text in ("foreign-1", str(acorn.products[0].pk)):
        assert len(client.get(shown(comparison), {"text": text}).context["rows"]) == 1
    assert client.get(shown(comparison), {"text": "nothing"}).context["rows"] == []
    assert b"is not one of the available choices" in client.get(shown(comparison), {"verdict": "create"}).content


def test_results_are_paged(acorn: Merchant, comparison: Run, logged_in: LogIn) -> None:
    RunItem.objects.bulk_create(
        RunItem(run=comparison, verdict="unknown", kind="product", external_id=f"f{n}") for n in range(120)
    )
    client, seen, query = logged_in(acorn.owner), 0, ""
    for _ in range(3):
        page = client.get(f"{shown(comparison)}?page={query}").context["page"]
        seen, query = seen + len(page.rows), page.older
    assert seen == 124 and not query


def test_the_csv_file_is_safe_to_open(acorn: Merchant, comparison: Run, logged_in: LogIn) -> None:
    answer = logged_in(acorn.viewer).get(f"{shown(comparison)}download/")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    verdicts = (Verdict.MISSING, Verdict.DIFFERENT, Verdict.GONE, Verdict.UNKNOWN)
    assert [row["Result"] for row in rows] == [verdict.label for verdict in verdicts]
    different = rows[1]
    assert (different["Field"], different["Before"], different["After"]) == ("title", "'=1+1", acorn.products[1].title)


def test_repair_asks_for_confirmation_with_the_number(acorn: Merchant, comparison: Run, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    question = client.post(f"{shown(comparison)}repair/").content.decode()
    assert "Repair 3 items in Elevate search?" in question and "removed from Elevate search" in question
    assert not comparison.items.exclude(repaired_at=None).exists()
    page = client.post(f"{shown(comparison)}repair/", {"confirmed": "yes"}, follow=True).content.decode()
    assert "3 items queued for repair." in page
    items = {one.pk for one in acorn.products[:3]}
    assert set(Change.objects.filter(job=comparison.job, state="ready").values_list("item_id", flat=True)) == items
    assert not comparison.items.get(verdict="unknown").repaired_at
    assert AuditEvent.objects.get(action="proof.repair").user == acorn.owner
    assert "Nothing to repair" in client.post(f"{shown(comparison)}repair/", follow=True).content.decode()


@pytest.mark.parametrize("chosen", ["different", "picked"])
def test_a_part_is_repaired(acorn: Merchant, comparison: Run, logged_in: LogIn, chosen: str) -> None:
    one = comparison.items.get(verdict="different")
    Link.objects.create(
        connection=acorn.search, kind="product", external_id="x", item_id=one.item_id, sent_hash=b"x", sent_revision=1
    )
    data: dict[str, object] = {"verdict": chosen} if chosen != "picked" else {"picked": "yes", "item": [one.pk]}
    client = logged_in(acorn.owner)
    assert "Repair 1 item in" in client.post(f"{shown(comparison)}repair/", data).content.decode()
    client.post(f"{shown(comparison)}repair/", data | {"confirmed": "yes"})
    assert list(comparison.items.exclude(repaired_at=None)) == [one]
    assert Link.objects.get(item_id=one.item_id, connection=acorn.search).sent_hash is None


def test_items_of_another_run_are_not_repaired(
    acorn: Merchant, birch: Merchant, comparison: Run, logged_in: LogIn
) -> None:
    other = make_comparison(birch)
    data = {"picked": "yes", "item": [item.pk for item in other.items.all()], "confirmed": "yes"}
    logged_in(acorn.owner).post(f"{shown(comparison)}repair/", data)
    assert not RunItem.objects.exclude(repaired_at=None).exists()


def test_a_running_comparison_cannot_be_repaired(acorn: Merchant, logged_in: LogIn) -> None:
    comparison = make_comparison(acorn, state="preparing")
    client = logged_in(acorn.owner)
    client.post(f"{shown(comparison)}repair/", {"confirmed": "yes"})
    assert not comparison.items.exclude(repaired_at=None).exists()
    assert b"Repair all" not in client.get(shown(comparison)).content


def test_a_previewed_sync_can_be_started(acorn: Merchant, logged_in: LogIn) -> None:
    preview = make_comparison(acorn, scope="preview", state="done")
    client = logged_in(acorn.owner)
    assert b"Start sync" in client.get(f"/s/acorn/runs/{preview.pk}/").content
    answer = client.post(f"{shown(preview)}go-ahead/")
    run = Run.objects.get(job=preview.job, scope="full", state="queued")
    assert answer.headers["Location"] == f"/s/acorn/runs/{run.pk}/"


def test_a_comparison_is_not_a_preview_to_sync(acorn: Merchant, comparison: Run, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).post(f"{shown(comparison)}go-ahead/", follow=True).content.decode()
    with pytest.raises(ValueError) as error:
        start_previewed_sync(preview=comparison, by=acorn.owner)
    assert escape(str(error.value)) in page and not Run.objects.filter(scope="full", state="queued").exists()


def test_adapters_declare_what_is_comparable() -> None:
    keys = ("rest", "elevate", "seller_center_shop")
    comparable = {key: adapter_for(key).targets()[DataType.PRODUCTS].comparable for key in keys}
    assert comparable == {
        "rest": ComparisonDepth.CONTENT,
        "elevate": ComparisonDepth.CONTENT,
        "seller_center_shop": ComparisonDepth.PRESENCE,
    }
