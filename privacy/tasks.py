"""Celery tasks."""

import logging
from typing import Any

from celery import shared_task

from hub import clock
from privacy.services import carry_out_requests, erase_expired

logger = logging.getLogger(__name__)


@shared_task(name="privacy.erase_expired")
def erase_expired_data(**_: Any) -> None:
    """Also what shops asked to erase."""
    try:
        if requested := carry_out_requests(now=clock.now()):
            logger.info("Personal data of %s people was erased, as shops asked for.", requested)
    finally:
        erased = erase_expired(now=clock.now())
        if any(erased.values()):
            logger.info("Personal data whose term has expired was erased: %s", erased)
