"""Celery tasks."""

import logging
from typing import Any

from celery import shared_task

from hub import clock
from privacy.services import erase_expired

logger = logging.getLogger(__name__)


@shared_task(name="privacy.erase_expired")
def erase_expired_data(**_: Any) -> None:
    erased = erase_expired(now=clock.now())
    if any(erased.values()):
        logger.info("Personal data whose term has expired was erased: %s", erased)
