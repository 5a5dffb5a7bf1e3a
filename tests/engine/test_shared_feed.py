"""An import belongs to its lane: it contains the changes of all streams of the feed, and settles each of them."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from catalog.models import Variant
from connectors.adapters import registry
from connectors.models import FeedImport
from connectors.sdk.feeds import ImportResult, ImportState
from connectors.services.feed_imports import force_import
from hub import links
from hub.kinds import DataType, Kind
from hub.models import Change, Job, Run
from hub.queue import enqueue
from hub.services import pause_job, start_run
from synclog.models import Issue
from tests.engine.products import change
from tests.engine.shared_feed import Engine, SharedFeedPlatform
from tests.engine.worker import last_run, skip_delays, work_until_idle
from tests.factories import make_connection, make_job, make_products, make_seller, make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Engine:
    settings.FEED_DIR = str(tmp_path)
    monkeypatch.setattr(SharedFeedPlatform, "engine", Engine())
    there = registry.adapters() | {SharedFeedPlatform.key: SharedFeedPlatform}
    monkeypatch.setattr(registry, "adapters", lambda: there)
    return SharedFeedPlatform.engine


@pytest.fixture
def jobs(transactional_db: None, engine: Engine) -> list[Job]:
    """The jobs for products and stock, after the first import of two products with a variant each."""
    search = make_connection(make_seller("acme"), platform=SharedFeedPlatform.key, role="search", credentials={})
    jobs = [make_job(search, data_type, lane="feed") for data_type in (DataType.PRODUCTS, DataType.STOCK)]
    make_products(search.seller, 2)
    start_run(job=jobs[0], trigger=Run.Trigger.BUTTON)
    work_until_idle()
    return jobs


def change_both(jobs: list[Job], title: str) -> None:
    """Change a product and its variant."""
    variant = Variant.objects.order_by("pk")[0]
    change([variant.product], title=title)
    Variant.objects.filter(pk=variant.pk).update(sku=title)
    enqueue(seller_id=jobs[0].connection.seller_id, kind=Kind.VARIANT, item_ids=[variant.pk])
    skip_delays()


def test_a_full_sync_of_one_stream_replaces_the_items_of_all(jobs: list[Job], engine: Engine) -> None:
    [(replaced, lines)] = engine.imports
    assert replaced and len(lines) == len(engine.contents) == 4
    assert not Change.objects.exists()
    assert [last_run(job).state for job in jobs] == [Run.State.DONE, Run.State.DONE]
    assert [links.of_job(job).filter(sent_hash__isnull=False).count() for job in jobs] == [2, 2]


def test_one_import_contains_the_changes_of_all_streams(jobs: list[Job], engine: Engine) -> None:
    change_both(jobs, "Newer")
    replaced, lines = engine.imports[-1]
    assert len(engine.imports) == 2 and not replaced
    assert [line["content"] for line in lines] == [{"title": "Newer"}, {"sku": "Newer"}]
    assert FeedImport.objects.latest("pk").items == 2 and not Change.objects.exists()


def test_a_rejection_is_settled_for_each_stream(jobs: list[Job], engine: Engine) -> None:
    pk = Variant.objects.order_by("pk")[0].pk
    engine.answer = ImportResult(ImportState.REJECTED, reason="bad", item_errors={f"stock-{pk}": "No such variant."})
    change_both(jobs, "Newer")
    assert Issue.objects.get(resolved_at=None).job == jobs[1]
    engine.answer = ImportResult(ImportState.DONE)
    skip_delays()
    assert engine.contents[f"products-{Variant.objects.get(pk=pk).product_id}"] == {"title": "Newer"}


def test_an_import_without_a_paused_stream_replaces_nothing(jobs: list[Job], engine: Engine) -> None:
    pause_job(job=jobs[1], by=None)
    start_run(job=jobs[0], trigger=Run.Trigger.BUTTON, resend=True)
    skip_delays()
    replaced, lines = engine.imports[-1]
    assert not replaced and len(lines) == 2 and len(engine.contents) == 4


def test_an_import_that_the_previous_release_starts_belongs_to_the_lane(jobs: list[Job]) -> None:
    """While workers are replaced, the old ones name only the job."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO connectors_feedimport"
            " (job_id, mode, format, state, remote_id, items, removals, file, answer, created_at)"
            " VALUES (%s, 'change', '', 'success', '', 0, 0, '', '{}', now()) RETURNING lane_id",
            [jobs[1].pk],
        )
        assert cursor.fetchone() == (jobs[1].lane_ids[0],)


def test_a_harmful_import_pauses_all_streams_and_forcing_it_resumes_them(jobs: list[Job], engine: Engine) -> None:
    engine.answer = ImportResult(ImportState.HARMFUL, reason="too many removals")
    change_both(jobs, "Newer")
    assert set(Job.objects.values_list("paused", flat=True)) == {True}
    engine.answer = ImportResult(ImportState.DONE)
    force_import(feed=FeedImport.objects.latest("pk"), by=make_user())
    skip_delays()
    assert set(Job.objects.values_list("paused", flat=True)) == {False} and not Change.objects.exists()
