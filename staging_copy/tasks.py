"""Celery tasks for backups and copies, started by beat and by the admin.

They run on the queue `copies`, which has its own worker, because a copy of several minutes must not delay turns.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from common import health
from staging_copy import requested_actions, schedules, services
from staging_copy.models import Backup

logger = logging.getLogger(__name__)

# Beat starts `run_due_copies` every minute.
_MAX_IDLE = timedelta(minutes=10)
# Longer than any copy or backup should take.
_MAX_BUSY = timedelta(hours=24)


@contextmanager
def _reporting(task: str) -> Iterator[None]:
    """The copier reports before and after a task: a worker of one process can tell nothing while it works."""
    health.report("copier", within=_MAX_BUSY, busy_with=task)
    try:
        yield
    finally:
        health.report("copier", within=_MAX_IDLE)


@shared_task(name="staging_copy.back_up")
def back_up(**kwargs: Any) -> None:
    with _reporting("the nightly backup"):
        _run_all(
            lambda: services.take_backup(origin=Backup.Origin.NIGHTLY),
            services.store_backups,
            services.prune_backups,
            services.prune_storage,
        )


def _run_all(*steps: Callable[[], object]) -> None:
    """Runs each step even if one before it failed: a disk that is full stays full until old backups are deleted.

    Raises the first error at the end.
    """
    errors: list[Exception] = []
    for step in steps:
        try:
            step()
        except Exception as error:
            logger.exception("A step of the nightly backup failed.")
            errors.append(error)
    if errors:
        raise errors[0]


@shared_task(name=requested_actions.BACKUP_TASK)
def back_up_now(**kwargs: Any) -> None:
    with _reporting("a backup"):
        services.take_backup()
        services.store_backups()


@shared_task(name="staging_copy.rehearse_restore")
def rehearse_restore(**kwargs: Any) -> None:
    with _reporting("the rehearsal of a restore"):
        services.rehearse_restore()


@shared_task(name=requested_actions.COPY_TASK)
def run_due_copies(**kwargs: Any) -> None:
    """Plans scheduled copies, carries out requested actions, and runs due copies and dry runs."""
    with _reporting("copies"):
        services.clean_up_backups()
        schedules.plan_due(now=timezone.now())
        requested_actions.run_requested()
        services.run_due_copies()
        services.run_due_dry_runs()
