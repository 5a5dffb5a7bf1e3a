"""What beat starts, and the admin nudges: the nightly backup, and the copier's look at what is due.

They run on the queue `copies`, which has a worker of its own: a copy of minutes must not hold up the turns.
"""

from typing import Any

from celery import shared_task
from django.utils import timezone

from staging_copy import schedules, services, signs, wishes
from staging_copy.models import Backup


@shared_task(name="staging_copy.back_up")
def back_up(**kwargs: Any) -> None:
    with signs.at_work("the nightly backup"):
        services.take_backup(origin=Backup.Origin.NIGHTLY)
        services.prune_backups()


@shared_task(name=wishes.BACK_UP)
def back_up_now(**kwargs: Any) -> None:
    with signs.at_work("a backup"):
        services.take_backup()


@shared_task(name=wishes.TASK)
def run_due_copies(**kwargs: Any) -> None:
    """Plans what schedules want, does what people want, makes the copies that are due."""
    with signs.at_work("copies"):
        schedules.plan_due(now=timezone.now())
        wishes.carry_out()
        services.run_due_copies()
