"""Celery tasks."""

from typing import Any

from celery import shared_task

from hub import clock
from notifications.services import send_due


@shared_task(name="notifications.send")
def send(**_: Any) -> None:
    send_due(now=clock.now())
