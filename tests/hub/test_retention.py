"""Rows go when their table's retention is over, with all that belongs to them; the rest stays."""

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


def aged() -> dict[type[Model], str]:
    """Tables with a retention by age, and the column that tells it."""
    models = {model._meta.db_table: model for model in apps.get_models()}
    rules = {}
    for app in ("accounts", "catalog", "connectors", "hub", "orders", "synclog"):
        rules |= import_module(f"{app}.policy").RETENTION
    found = {models[table]: re.search(r"days by (\w+)", rule) for table, rule in rules.items() if table in models}
    return {model: match[1] for model, match in found.items() if match}


def dated(model: type[Model], column: str) -> QuerySet[Model]:
    return model._base_manager.filter(**{f"{column}__isnull": False})


def numbers() -> dict[str, int]:
    return {model._meta.db_table: model._base_manager.count() for model in apps.get_models() if model._meta.managed}


def test_what_is_young_stays(two_sellers: TwoSellers) -> None:
    fill(two_sellers)
    before = numbers()
    prune(now=timezone.now())
    assert numbers() == before


def test_what_is_old_goes_with_all_that_belongs_to_it(two_sellers: TwoSellers) -> None:
    fill(two_sellers)
    Issue.objects.update(resolved_at=timezone.now())
    FeedItem.objects.create(feed_import=FeedImport.objects.first(), change_id=1, token=1, item_id=1, action="update")
    assert not [model for model, column in aged().items() if not dated(model, column).exists()]
    below = (RunCounter, RunLogLine, FeedItem)
    assert all(model._base_manager.exists() for model in below)
    before = numbers()
    prune(now=timezone.now() + timedelta(days=1000))
    for model, column in aged().items():
        assert not dated(model, column).exists(), model
    assert not any(model._base_manager.exists() for model in below)
    after = numbers()
    for table in ("catalog_product", "orders_order", "hub_connection", "hub_job", "hub_link", "accounts_user"):
        assert after[table] == before[table] > 0, table
