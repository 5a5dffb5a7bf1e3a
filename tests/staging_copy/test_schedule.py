"""Recurring copies are planned exactly once per run time, across clock changes and concurrent planners (L2)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounts.models import User
from hub.alerts import collect_findings
from staging_copy.models import Backup, Copy, CopySchedule
from staging_copy.schedules import next_times, plan_due, save_schedule, set_paused

pytestmark = pytest.mark.django_db(transaction=True)
SATURDAY = datetime(2026, 11, 21, 12, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 2, tzinfo=UTC)


@pytest.fixture
def weekly() -> CopySchedule:
    """Every Sunday at 03:00 in Berlin."""
    schedule = CopySchedule(name="weekly", crontab="0 3 * * 0", time_zone="Europe/Berlin", created_at=SATURDAY)
    return save_schedule(schedule=schedule, by=None, now=SATURDAY)


def test_a_due_schedule_plans_a_copy_and_moves_to_the_next_week(weekly: CopySchedule) -> None:
    assert weekly.next_at == SUNDAY
    assert plan_due(now=SUNDAY - timedelta(seconds=1)) == 0
    assert plan_due(now=SUNDAY + timedelta(seconds=30)) == 1
    copy = Copy.objects.get()
    assert (copy.state, copy.not_before, copy.schedule) == (Copy.State.PLANNED, SUNDAY, weekly)
    weekly.refresh_from_db()
    assert weekly.next_at == SUNDAY + timedelta(days=7)


def test_concurrent_planners_plan_one_copy(weekly: CopySchedule) -> None:
    def plan(_: int) -> int:
        try:
            return plan_due(now=SUNDAY)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(plan, range(16))) == 1
    assert Copy.objects.count() == 1


@pytest.mark.parametrize(
    ("crontab", "around", "first", "second"),
    [
        # 02:30 does not exist on 28 March 2027 in Berlin: it runs at 03:00 instead.
        ("30 2 * * *", datetime(2027, 3, 27, 12, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC), 23.5),
        # 02:30 exists twice on 31 October 2027.
        ("30 2 * * *", datetime(2027, 10, 30, 12, tzinfo=UTC), datetime(2027, 10, 31, 0, 30, tzinfo=UTC), 25),
        ("0 3 * * 0", datetime(2027, 3, 21, 12, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC), 168),
        ("0 3 * * 0", datetime(2027, 10, 24, 12, tzinfo=UTC), datetime(2027, 10, 31, 2, tzinfo=UTC), 168),
    ],
)
def test_clock_changes_neither_skip_nor_repeat_a_copy(
    weekly: CopySchedule, crontab: str, around: datetime, first: datetime, second: float
) -> None:
    weekly.crontab = crontab
    save_schedule(schedule=weekly, by=None, now=around)
    expected = [first, first + timedelta(hours=second)]
    assert next_times(weekly, after=around, count=2) == expected
    moment = around
    while moment < expected[1]:
        # Two planners.
        assert plan_due(now=moment) + plan_due(now=moment) in (0, 1)
        Copy.objects.filter(state="planned").update(state="done")
        # All of these schedules run on the hour or half hour.
        moment += timedelta(minutes=30)
    assert list(Copy.objects.values_list("not_before", flat=True)) == [first]


def test_missed_run_times_lead_to_one_copy(weekly: CopySchedule) -> None:
    assert plan_due(now=SUNDAY + timedelta(days=30)) == 1
    weekly.refresh_from_db()
    assert weekly.next_at > SUNDAY + timedelta(days=30)


def test_a_resumed_schedule_waits_for_its_next_run_time(weekly: CopySchedule) -> None:
    set_paused(schedule=weekly, paused=True, by=None, now=SATURDAY)
    assert plan_due(now=SUNDAY + timedelta(days=1)) == 0
    set_paused(schedule=weekly, paused=False, by=None, now=SUNDAY + timedelta(days=1))
    assert plan_due(now=SUNDAY + timedelta(days=1)) == 0
    assert plan_due(now=SUNDAY + timedelta(days=7)) == 1


def test_while_a_copy_is_running_the_next_is_skipped_with_a_reason(weekly: CopySchedule) -> None:
    running = Copy.objects.create(schedule=weekly, state=Copy.State.RUNNING)
    assert plan_due(now=SUNDAY) == 0
    skipped = Copy.objects.exclude(pk=running.pk).get()
    assert skipped.state == Copy.State.CANCELLED
    assert skipped.problem == (f"Skipped because {running} of the same schedule has not finished. Its status: Running.")


@pytest.mark.parametrize(("field", "value"), [("crontab", "61 3 * * 0"), ("time_zone", "Mars/Olympus")])
def test_invalid_values_are_rejected_by_field(weekly: CopySchedule, field: str, value: str) -> None:
    setattr(weekly, field, value)
    with pytest.raises(ValidationError) as rejected:
        weekly.full_clean()
    assert list(rejected.value.message_dict) == [field]


def kinds(now: datetime) -> set[str]:
    return {str(finding.key) for finding in collect_findings(now=now)}


def test_a_week_without_a_copy_is_an_alert(weekly: CopySchedule) -> None:
    assert kinds(SUNDAY + timedelta(hours=1)) == set()
    key = f"absent:staging_copy:schedule:{weekly.pk}"
    assert kinds(SUNDAY + timedelta(days=8)) == {key}
    plan_due(now=SUNDAY + timedelta(minutes=1))
    Copy.objects.update(state="failed")
    assert key in kinds(SUNDAY + timedelta(days=1))
    Copy.objects.update(state="done")
    assert kinds(SUNDAY + timedelta(days=6)) == set()


def test_a_schedule_is_overdue_by_its_own_times_only() -> None:
    """Mondays and Thursdays: a Sunday is not late. Nor is what a pause left out."""
    monday = SUNDAY.replace(hour=3) + timedelta(days=1)
    schedule = CopySchedule(name="twice a week", crontab="0 3 * * 1,4", created_at=SATURDAY)
    save_schedule(schedule=schedule, by=None, now=SATURDAY)
    for at in (monday, monday + timedelta(days=3)):
        plan_due(now=at)
        Copy.objects.update(state="done")
    assert kinds(monday + timedelta(days=6)) == set()
    key = f"absent:staging_copy:schedule:{schedule.pk}"
    assert kinds(monday + timedelta(days=7, hours=7)) == {key}
    set_paused(schedule=schedule, paused=True, by=None, now=monday + timedelta(days=6))
    set_paused(schedule=schedule, paused=False, by=None, now=monday + timedelta(days=20))
    assert kinds(monday + timedelta(days=20, hours=7)) == set()


@pytest.mark.parametrize(
    ("state", "key"),
    [("failed", "failing"), ("unchecked", "attention"), ("asking", "attention"), ("done", ""), ("running", "")],
)
def test_a_copy_that_needs_attention_is_an_alert(state: str, key: str) -> None:
    Copy.objects.create(state="failed")
    Copy.objects.create(state=state)
    assert kinds(timezone.now()) == ({f"{key}:staging_copy:copy"} if key else set())


def test_a_copy_that_runs_for_hours_is_an_alert() -> None:
    copy = Copy.objects.create(state="running", stage="rows", started_at=timezone.now())
    assert kinds(timezone.now() + timedelta(hours=5)) == set()
    assert kinds(timezone.now() + timedelta(hours=7)) == {"attention:staging_copy:copy"}
    Copy.objects.filter(pk=copy.pk).update(state="done")
    assert kinds(timezone.now() + timedelta(hours=7)) == set()


def test_no_backup_at_all_is_an_alert_except_on_staging(settings: Any) -> None:
    now = timezone.now()
    User.objects.create_user("first@hub.example", date_joined=now)
    assert kinds(now + timedelta(hours=29)) == set()
    assert kinds(now + timedelta(hours=31)) == {"absent:staging_copy:backup"}
    Backup.objects.create(name="a", origin="nightly", state="failed", taken_at=now)
    assert kinds(now + timedelta(hours=31)) == {"absent:staging_copy:backup", "failing:staging_copy:backup"}
    Backup.objects.all().delete()
    settings.ENVIRONMENT = "staging"
    assert kinds(now + timedelta(hours=31)) == set()


def test_nights_without_a_backup_are_an_alert() -> None:
    now = timezone.now()
    Backup.objects.create(name="a", origin="nightly", state="good", taken_at=now - timedelta(hours=29))
    assert kinds(now) == set()
    assert kinds(now + timedelta(hours=3)) == {"absent:staging_copy:backup"}
    Backup.objects.create(name="b", origin="nightly", state="failed", taken_at=now)
    assert kinds(now) == {"failing:staging_copy:backup"}
