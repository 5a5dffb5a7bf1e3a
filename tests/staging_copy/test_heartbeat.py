"""`manage.py healthy copier`: an idle copier must run regularly, a busy one may take long."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from staging_copy import heartbeat, services, tasks

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def var_dir(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


def test_a_copier_that_never_ran_is_not_healthy() -> None:
    with pytest.raises(CommandError, match="has not run yet"):
        call_command("healthy", "copier")


def test_a_run_of_due_copies_is_a_heartbeat_for_ten_minutes(db: None) -> None:
    tasks.run_due_copies()
    call_command("healthy", "copier")
    now = timezone.now()
    assert heartbeat.find_problem(now=now + 9 * MINUTE) == ""
    assert "has not checked for due copies for" in heartbeat.find_problem(now=now + 11 * MINUTE)


def test_a_copier_may_be_busy_for_hours(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def copy() -> None:
        seen.append(heartbeat.find_problem(now=timezone.now() + 23 * 60 * MINUTE))
        seen.append(heartbeat.find_problem(now=timezone.now() + 25 * 60 * MINUTE))
        raise RuntimeError("the copy broke")

    monkeypatch.setattr(services, "run_due_copies", copy)
    with pytest.raises(RuntimeError):
        tasks.run_due_copies()
    assert seen[0] == "" and seen[1].startswith("The copier has been working on copies for 1 day")
    call_command("healthy", "copier")


def test_the_copier_on_staging_is_always_healthy(settings: Any) -> None:
    settings.ENVIRONMENT = "staging"
    call_command("healthy", "copier")
