"""After a test that commits, the database is as migrations left it."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection

from tests import flushing
from tests.factories import make_products, make_seller

pytestmark = pytest.mark.django_db(transaction=True)


def filled() -> set[str]:
    """The tables of the test database that have rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        names = [name for (name,) in cursor.fetchall()]
        found = set()
        for name in names:
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{name}")')  # noqa: S608 - a name from the catalogue
            if cursor.fetchone()[0]:
                found.add(name)
        return found


@pytest.fixture(params=[flushing.LARGE, 0], ids=["row by row", "large tables"])
def empty(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Empties the database; the parameter is the size from which tables count as large."""
    sql = flushing.EMPTY_TABLES.replace(f"> {flushing.LARGE}", f"> {request.param}")
    monkeypatch.setattr(flushing, "EMPTY_TABLES", sql)
    return lambda: call_command("flush", interactive=False, verbosity=0)


def test_what_was_committed_is_gone_and_what_was_migrated_stays(empty: Callable[[], None]) -> None:
    kinds, permissions = ContentType.objects.count(), Permission.objects.count()
    make_products(make_seller("acme"), 3)
    assert {"accounts_seller", "catalog_product", "catalog_variant"} <= filled()

    empty()

    assert filled() == set(flushing.KEPT)
    assert (ContentType.objects.count(), Permission.objects.count()) == (kinds, permissions)
    assert kinds and permissions


def test_sequences_go_on(empty: Callable[[], None]) -> None:
    first = make_seller("acme").pk
    empty()
    assert make_seller("acme").pk > first
