"""Previews, comparisons and repairs in the console (N9, N13)."""

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


def test_preview_starts_after_confirmation(operator: Console, job: Job) -> None:
    address = f"/admin/hub/job/{job.pk}/preview/"
    assert b"Nothing is imported or sent" in operator.dialog(address) and not Run.objects.filter(job=job).exists()
    answer = operator.do(address)
    run = Run.objects.get(job=job)
    assert run.scope == "preview" and answer.headers["HX-Redirect"] == f"/admin/hub/run/{run.pk}/change/"


def test_unsupported_comparison_is_not_offered(operator: Console, job: Job, two_sellers: TwoSellers) -> None:
    page = operator.get(f"/admin/hub/job/{job.pk}/change/").content.decode()
    assert f"/{job.pk}/preview/" in page and f"/{job.pk}/compare/" not in page
    import_job = two_sellers.north.job(DataType.PRODUCTS)
    page = operator.get(f"/admin/hub/job/{import_job.pk}/change/").content.decode()
    assert f"/{import_job.pk}/preview/" in page and f"/{import_job.pk}/compare/" not in page


def test_unsupported_comparison_schedule_is_rejected(operator: Console, job: Job) -> None:
    address = f"/admin/hub/job/{job.pk}/change/"
    answer = operator.post(address, operator.form_of(address) | {"comparison_schedule": "1w"})
    assert "Comparison isn't supported" in operator.errors_of(answer)["comparison_schedule"][0]


def test_run_links_to_its_results(operator: Console, comparison: Run) -> None:
    page = operator.get(f"/admin/hub/run/{comparison.pk}/change/").content.decode()
    assert f"{ITEMS}?run__id__exact={comparison.pk}" in page and "Differences found" in page
    found = operator.get(f"{ITEMS}?run__id__exact={comparison.pk}").context["cl"]
    assert found.result_count == 4


@pytest.mark.parametrize("across", ["0", "1"])
def test_repair_asks_for_confirmation_with_the_number_of_items(operator: Console, comparison: Run, across: str) -> None:
    chosen = comparison.items.filter(verdict__in=["missing", "unknown"]).values_list("pk", flat=True)
    sent = {"action": "repair_selected", "_selected_action": list(chosen), "select_across": across}
    address = f"{ITEMS}?run__id__exact={comparison.pk}&verdict__exact=missing" if across == "1" else ITEMS
    question = operator.post(address, sent).content.decode()
    assert "Repair 2 items" in question and not Change.objects.exists()
    operator.post(address, sent | {"confirmed": "yes"})
    assert set(Change.objects.filter(job=comparison.job).values_list("item_id", flat=True)) == {1, 2}
    again = operator.post(address, sent, follow=True).content.decode()
    assert "None of the selected items can be repaired." in again
