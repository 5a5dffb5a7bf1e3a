"""What a source returned is applied in one way: saved, discontinued if it was asked for and is missing, and counted."""

from typing import Any

import pytest
from django.utils import timezone

from catalog.models import Category, Status
from catalog.records import CategoryRecord
from connectors.engine.applying import ImportContext, import_context_for
from connectors.engine.fetching import apply_fetched, links_of_source
from hub.kinds import DataType, Direction
from hub.models import Run
from tests.factories import make_connection, make_job, make_seller

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    job = make_job(make_connection(make_seller(), role="shop"), DataType.CATEGORIES, Direction.IMPORT)
    return Run.objects.create(job=job, scope=Run.Scope.FULL, trigger=Run.Trigger.BUTTON)


def apply(run: Run, *records: CategoryRecord, calls: int = 0, **details: Any) -> ImportContext:
    context = import_context_for(run.job, run_id=run.pk, now=timezone.now())
    apply_fetched(context, run, records, calls=lambda: calls, **details)
    return context


def category(external_id: str, parent_id: str = "", tree: str = "1") -> CategoryRecord:
    return CategoryRecord(external_id=external_id, name=f"Category {external_id}", parent_id=parent_id, tree=tree)


def test_a_parent_on_a_later_page_is_found(run: Run) -> None:
    apply(run, category("b", parent_id="a"))
    assert Category.objects.get().parent is None
    apply(run, category("a"), category("b", parent_id="a"))
    assert Category.objects.get(name="Category b").path == "Category a / Category b"


def test_requested_items_that_are_missing_are_discontinued_and_counted(run: Run) -> None:
    context = apply(run, category("a"), category("b"), category("c", tree="2"))
    requested = list(links_of_source(context).exclude(external_id="a"))
    assert {link.kind for link in requested} == {"category@1", "category@2"}
    apply(run, category("b"), requested=requested, calls=2)
    statuses = dict(Category.objects.values_list("name", "status"))
    assert statuses == {
        "Category a": Status.LIVE,
        "Category b": Status.LIVE,
        "Category c": Status.DISCONTINUED,
    }
    assert dict(run.counters.values_list("kind", "removed")) == {"category@1": 0, "category@2": 1}
    run.refresh_from_db()
    assert run.api_calls == 2
