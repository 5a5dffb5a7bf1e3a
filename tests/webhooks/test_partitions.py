"""Daily partitions of the webhook events: created ahead, filled from the default partition, dropped when old."""

from datetime import UTC, date, datetime, timedelta

import psycopg2
import pytest
from django.db import IntegrityError, connection

from connectors.engine.maintenance import prune
from connectors.models import WebhookEvent
from hub.models import Connection

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2031, 5, 10, 12, tzinfo=UTC)


def days_of_partitions() -> set[date]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname ~ '^connectors_webhookevent_[0-9]{8}$' AND relispartition"
        )
        return {date.fromisoformat(name[-8:]) for (name,) in cursor.fetchall()}


def store(shop: Connection, day: date) -> WebhookEvent:
    return WebhookEvent.objects.create(
        connection=shop, day=day, received_at=NOW, delivery_id=str(day), data_type="products", payload={}
    )


def place_of(event: WebhookEvent) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM connectors_webhookevent WHERE id = %s", [event.pk])
        return str(cursor.fetchone()[0])


def test_partitions_are_created_ahead_and_stray_rows_moved(shop: Connection) -> None:
    today, yesterday = NOW.date(), NOW.date() - timedelta(days=1)
    strays = [store(shop, day) for day in (yesterday, today)]
    assert {place_of(stray) for stray in strays} == {"connectors_webhookevent_default"}
    prune(now=NOW)
    assert {today + timedelta(days=number) for number in range(8)} | {yesterday} <= days_of_partitions()
    assert [place_of(stray) for stray in strays] == [
        f"connectors_webhookevent_{day:%Y%m%d}" for day in (yesterday, today)
    ]
    with pytest.raises(IntegrityError, match="duplicate key"):
        store(shop, today)
    prune(now=NOW)


def test_old_partitions_are_dropped_at_once(shop: Connection) -> None:
    prune(now=NOW)
    old = store(shop, NOW.date())
    prune(now=NOW + timedelta(days=30))
    assert WebhookEvent.objects.filter(pk=old.pk).exists()
    prune(now=NOW + timedelta(days=31))
    assert NOW.date() not in days_of_partitions()
    assert not WebhookEvent.objects.exists()
    store(shop, NOW.date() - timedelta(days=100))  # the sender's clock was far behind
    prune(now=NOW + timedelta(days=31))
    assert not WebhookEvent.objects.exists()


def test_maintenance_does_not_wait_for_a_long_backup(shop: Connection) -> None:
    long_after = NOW + timedelta(days=1000)
    settings = connection.settings_dict
    with psycopg2.connect(host=settings["HOST"], user=settings["USER"], dbname=settings["NAME"]) as backup:
        backup.cursor().execute("SELECT 1 FROM connectors_webhookevent")
        prune(now=long_after)
        assert long_after.date() not in days_of_partitions()
        stored = store(shop, long_after.date())
    backup.close()
    prune(now=long_after)
    assert place_of(stored) == f"connectors_webhookevent_{long_after:%Y%m%d}"
