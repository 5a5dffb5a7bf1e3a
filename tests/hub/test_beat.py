"""Beat: its messages do not pile up or expire, and schedules that were changed in the admin stay."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
import redis
from celery import current_app
from celery.schedules import crontab
from django.conf import settings
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from hub import lanes, messages
from synccenter.beat import Entry, Scheduler

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    with current_app.connection_for_write() as connection:
        made = Scheduler(app=current_app, lazy=True)
        made.producer = current_app.amqp.Producer(connection)
        yield made
        made._finalize.cancel()  # it would write to the database when the test process exits


def waiting(queue: str = "turns") -> list[dict[str, Any]]:
    with closing(redis.Redis.from_url(os.environ["REDIS_URL"])) as client:
        return [json.loads(message) for message in client.lrange(queue, 0, -1)]


def test_sweeps_do_not_pile_up_without_a_worker(scheduler: Scheduler) -> None:
    entry = Entry.from_entry("sweep", app=current_app, task="connectors.sweep", schedule=timedelta(seconds=2))
    for _ in range(3 * messages.MAX_WAITING):
        scheduler.apply_async(entry)
        lanes.notify_workers()
    assert len(waiting()) == messages.MAX_WAITING


def test_rare_tasks_are_sent_although_the_queue_is_full(scheduler: Scheduler) -> None:
    sweep = Entry.from_entry("sweep", app=current_app, task="connectors.sweep", schedule=timedelta(seconds=2))
    for _ in range(messages.MAX_WAITING):
        scheduler.apply_async(sweep)
    for name, schedule in (("prune", timedelta(hours=1)), ("nightly", crontab(hour=0, minute=30))):
        scheduler.apply_async(Entry.from_entry(name, app=current_app, task="connectors.prune", schedule=schedule))
    assert [message["headers"]["task"] for message in waiting()[:2]] == ["connectors.prune"] * 2


def test_no_message_expires_by_the_clock_of_a_worker(scheduler: Scheduler) -> None:
    scheduler.setup_schedule()
    for entry in scheduler.schedule.values():
        scheduler.apply_async(entry)
    lanes.notify_workers()
    sent = [*waiting("turns"), *waiting("copies")]
    assert len(sent) == len(settings.CELERY_BEAT_SCHEDULE) + 1
    assert {message["headers"]["expires"] for message in sent} == {None}


def back_up(minute: int) -> PeriodicTask:
    """What beat does when it starts with this default."""
    schedule = crontab(hour=0, minute=minute)
    return Entry.from_entry("back_up", app=current_app, task="staging_copy.back_up", schedule=schedule).model


def test_a_schedule_that_was_changed_in_the_admin_stays() -> None:
    row = back_up(30)
    row.crontab = CrontabSchedule.objects.create(hour="3", minute="0")
    row.save()
    for default in (30, 45):
        again = back_up(default)
        assert (again.pk, again.crontab.hour, again.crontab.minute) == (row.pk, "3", "0")


def test_another_kind_of_schedule_stays_too() -> None:
    row = back_up(30)
    row.crontab, row.interval = None, IntervalSchedule.objects.create(every=6, period="hours")
    row.save()
    assert back_up(30).interval.every == 6


def test_a_new_default_replaces_an_unchanged_schedule() -> None:
    row = back_up(30)
    again = back_up(45)
    assert (again.pk, str(again.crontab.minute)) == (row.pk, "45")
    row.enabled = False
    row.save(update_fields=["enabled"])
    assert not back_up(45).enabled
