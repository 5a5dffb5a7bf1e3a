"""An import that the search engine rejects as harmful waits for an operator, who can force it once (F8, F10, F15)."""

import gzip
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from catalog.models import Product
from connectors.alerts.notifications import evaluate_and_notify
from connectors.engine.feeds.files import prune_files
from connectors.models import FeedImport
from connectors.services.feed_imports import force_import
from connectors.services.runs import sync
from hub.models import Alert, Change, Connection, Job
from hub.services import resume_job
from sandbox.process import SandboxProcess
from tests.engine.worker import skip_delays, work_until_idle
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)

State = FeedImport.State


def discontinue_most() -> None:
    """Discontinue six of ten products, which the harm check rejects."""
    live = Product.objects.filter(status="live").order_by("pk")
    number = live.count()
    for product in live[: number * 6 // 10]:
        Product.objects.filter(pk=product.pk).update(status="discontinued", revision=10**9 + product.pk)


@pytest.fixture
def harmful_import(search: Connection, search_platform: SandboxProcess, settings: Any, tmp_path: Any) -> FeedImport:
    settings.FEED_DIR = tmp_path
    work_until_idle()
    skip_delays()
    discontinue_most()
    search_platform.clear_calls()
    ask_for_sync(search)
    return FeedImport.objects.get(state=State.HARMFUL)


def ask_for_sync(search: Connection) -> None:
    sync(connection=search, data_type="products", trigger="button")
    work_until_idle()
    skip_delays()


def job_of(feed: FeedImport) -> Job:
    return Job.objects.select_related("state").get(lane_ids__contains=[feed.lane_id])


def test_it_is_sent_once_and_the_job_waits_for_approval(
    harmful_import: FeedImport, search_platform: SandboxProcess
) -> None:
    skip_delays()
    assert len([call for call in search_platform.calls() if call["method"] in ("PUT", "POST")]) == 1
    job = job_of(harmful_import)
    assert job.paused and f"Import {harmful_import.pk} was rejected as harmful" in job.state.attention
    assert "Potentially harmful" in job.state.attention and "ask an operator to force it" in job.state.attention
    evaluate_and_notify(now=timezone.now())
    assert "rejected as harmful" in Alert.objects.get(kind=Alert.Kind.ATTENTION).message


def test_a_forced_import_is_sent_unchanged_and_nothing_else_is_forced(
    harmful_import: FeedImport, search_platform: SandboxProcess
) -> None:
    before = len(list(search_platform.state("groups")))
    force_import(feed=harmful_import, by=make_user("olivia@hub.example"))
    work_until_idle()
    skip_delays()
    harmful_import.refresh_from_db()
    assert harmful_import.state == State.SUCCESS
    assert len(list(search_platform.state("groups"))) == before - harmful_import.removals
    assert not job_of(harmful_import).paused and not Change.objects.filter(job=job_of(harmful_import)).exists()
    assert AuditEvent.objects.get(action="feed.force").user is not None
    forced = [call["query"]["force"] for call in search_platform.calls() if call["method"] in ("PUT", "POST")]
    assert forced == ["false", "true"]


def test_a_resumed_job_is_rejected_again_and_not_forced(harmful_import: FeedImport) -> None:
    FeedImport.objects.update(sent_at=timezone.now() - timedelta(minutes=5))
    resume_job(job=job_of(harmful_import), by=None)
    work_until_idle()
    skip_delays()
    assert FeedImport.objects.filter(state=State.HARMFUL, forced_by=None).count() == 2
    assert job_of(harmful_import).paused


def test_an_import_older_than_a_success_cannot_be_forced(harmful_import: FeedImport) -> None:
    Product.objects.filter(status="discontinued").update(status="live", revision=2 * 10**9)
    resume_job(job=job_of(harmful_import), by=None)
    Product.objects.filter(pk=Product.objects.filter(status="live").earliest("pk").pk).update(
        title="Renamed", revision=3 * 10**9
    )
    ask_for_sync(harmful_import.lane.connection)
    assert FeedImport.objects.filter(pk__gt=harmful_import.pk, state=State.SUCCESS).exists()
    with pytest.raises(ValueError, match="newer import has succeeded"):
        force_import(feed=harmful_import, by=make_user())
    harmful_import.refresh_from_db()
    assert harmful_import.state == State.HARMFUL and harmful_import.forced_by is None


def test_an_operator_sees_its_removals_downloads_and_forces_it(harmful_import: FeedImport) -> None:
    operator = Client()
    operator.force_login(make_user("operator@hub.example", is_staff=True, is_superuser=True))
    page = f"/admin/connectors/feedimport/{harmful_import.pk}"
    text = operator.get(f"{page}/change/").content.decode()
    gone = Product.objects.filter(pk__in=harmful_import.feed_items.filter(action="remove").values("item_id"))
    assert gone.count() == harmful_import.removals > 10
    assert all(product.title[:20].split("&")[0] in text for product in gone[:5])
    answer = operator.get(f"{page}/download/")
    lines = gzip.decompress(b"".join(answer.streaming_content)).decode()
    assert lines.count('"remove"') == harmful_import.removals
    operator.post(f"{page}/force/", {"_form_submitted": "on"})
    work_until_idle()
    skip_delays()
    harmful_import.refresh_from_db()
    assert harmful_import.state == State.SUCCESS
    assert operator.get(f"{page}/download/").status_code == 404


def test_its_file_is_kept_as_long_as_its_row(harmful_import: FeedImport) -> None:
    long_after = timezone.now().replace(year=timezone.now().year + 2)
    assert harmful_import.path.is_file() and prune_files(before=long_after) == 0
    path = harmful_import.path
    harmful_import.delete()
    assert prune_files(before=long_after) == 1 and not path.exists()
