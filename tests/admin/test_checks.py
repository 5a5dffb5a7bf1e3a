"""Previews, comparisons and repairs in the operators' console (N9, N13)."""

import pytest

from hub.kinds import DataType
from hub.models import Change, Job, Run, RunItem
from tests.admin.conftest import Console
from tests.admin.sample_rows import export_job
from tests.two_sellers import TwoSellers

ITEMS = "/admin/hub/runitem/"


@pytest.fixture
def job(two_sellers: TwoSellers) -> Job:
    return export_job(two_sellers.north)


@pytest.fixture
def comparison(job: Job) -> Run:
    run = Run.objects.create(job=job, scope="proof", trigger="schedule", state="done_with_errors", reason="2 missing")
    RunItem.objects.bulk_create(
        RunItem(run=run, verdict=verdict, kind="product", item_id=n, external_id=f"x{n}")
        for n, verdict in enumerate(("missing", "missing", "different", "unknown"), 1)
    )
    return run


def test_a_preview_is_started_after_a_question(operator: Console, job: Job) -> None:
    address = f"/admin/hub/job/{job.pk}/preview/"
    assert b"Nothing is sent" in operator.get(address).content and not Run.objects.filter(job=job).exists()
    answer = operator.do(address)
    run = Run.objects.get(job=job)
    assert run.scope == "preview" and answer.headers["HX-Redirect"] == f"/admin/hub/run/{run.pk}/change/"


def test_what_cannot_be_compared_is_not_offered(operator: Console, job: Job, two_sellers: TwoSellers) -> None:
    page = operator.get(f"/admin/hub/job/{job.pk}/change/").content.decode()
    assert f"/{job.pk}/preview/" in page and f"/{job.pk}/compare/" not in page
    reading = two_sellers.north.job(DataType.PRODUCTS)
    assert f"/{reading.pk}/preview/" not in operator.get(f"/admin/hub/job/{reading.pk}/change/").content.decode()


def test_a_schedule_for_what_cannot_be_compared_is_refused(operator: Console, job: Job) -> None:
    address = f"/admin/hub/job/{job.pk}/change/"
    answer = operator.post(address, operator.form_of(address) | {"comparison_schedule": "1w"})
    assert "does not tell what it holds" in operator.errors_of(answer)["comparison_schedule"][0]


def test_a_run_leads_to_what_it_found(operator: Console, comparison: Run) -> None:
    page = operator.get(f"/admin/hub/run/{comparison.pk}/change/").content.decode()
    assert f"{ITEMS}?run__id__exact={comparison.pk}" in page and "differences found" in page
    found = operator.get(f"{ITEMS}?run__id__exact={comparison.pk}").context["cl"]
    assert found.result_count == 4


@pytest.mark.parametrize("across", ["0", "1"])
def test_repair_asks_how_many_first(operator: Console, comparison: Run, across: str) -> None:
    chosen = comparison.items.filter(verdict__in=["missing", "unknown"]).values_list("pk", flat=True)
    sent = {"action": "repair_selected", "_selected_action": list(chosen), "select_across": across}
    address = f"{ITEMS}?run__id__exact={comparison.pk}&verdict__exact=missing" if across == "1" else ITEMS
    question = operator.post(address, sent).content.decode()
    assert "Yes, repair 2" in question and not Change.objects.exists()
    operator.post(address, sent | {"confirmed": "yes"})
    assert set(Change.objects.filter(job=comparison.job).values_list("item_id", flat=True)) == {1, 2}
    again = operator.post(address, sent, follow=True).content.decode()
    assert "Nothing of what was selected can be repaired." in again
