"""Rows are deleted with their dependent rows when their retention has expired. All others stay."""

import re
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db.models import Model, QuerySet
from django.utils import timezone

from connectors.engine.maintenance import prune
from connectors.models import FeedImport, FeedItem
from hub.models import RunCounter, RunLogLine
from synclog.models import Issue
from tests.admin.sample_rows import fill
from tests.two_sellers import TwoSellers, two_sellers

__all__ = ["two_sellers"]

pytestmark = pytest.mark.django_db


def expiring_models() -> dict[type[Model], str]:
    """Models with a retention in days → the column it is measured by."""
    models = {model._meta.db_table: model for model in apps.get_models()}
    rules = {}
    for app in ("accounts", "catalog", "connectors", "hub", "orders", "synclog"):
        rules |= import_module(f"{app}.policy").RETENTION
    found = {models[table]: re.search(r"days by (\w+)", rule) for table, rule in rules.items() if table in models}
    return {model: match[1] for model, match in found.items() if match}


def dated_rows(model: type[Model], column: str) -> QuerySet[Model]:
    return model._base_manager.filter(**{f"{column}__isnull": False})


def row_counts() -> dict[str, int]:
    return {model._meta.db_table: model._base_manager.count() for model in apps.get_models() if model._meta.managed}


def test_rows_within_their_retention_stay(two_sellers: TwoSellers) -> None:
    fill(two_sellers)
    before = row_counts()
    prune(now=timezone.now())
    assert row_counts() == before


def test_expired_rows_are_deleted_with_dependent_rows(two_sellers: TwoSellers) -> None:
    fill(two_sellers)
    Issue.objects.update(resolved_at=timezone.now())
    FeedItem.objects.create(feed_import=FeedImport.objects.first(), change_id=1, token=1, item_id=1, action="update")
    assert not [model for model, column in expiring_models().items() if not dated_rows(model, column).exists()]
    dependents = (RunCounter, RunLogLine, FeedItem)
    assert all(model._base_manager.exists() for model in dependents)
    before = row_counts()
    prune(now=timezone.now() + timedelta(days=1000))
    for model, column in expiring_models().items():
        assert not dated_rows(model, column).exists(), model
    assert not any(model._base_manager.exists() for model in dependents)
    after = row_counts()
    for table in ("catalog_product", "orders_order", "hub_connection", "hub_job", "hub_link", "accounts_user"):
        assert after[table] == before[table] > 0, table
