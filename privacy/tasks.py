"""Celery tasks."""

import logging
from typing import Any

from celery import shared_task

from hub import clock
from privacy.requests import carry_out_requests
from privacy.services import erase_expired

logger = logging.getLogger(__name__)


@shared_task(name="privacy.carry_out")
def carry_out(**_: Any) -> None:
    """What an operator has confirmed. Requests that this loses are carried out at night."""
    carry_out_requests(now=clock.now())


@shared_task(name="privacy.erase_expired")
def erase_expired_data(**_: Any) -> None:
    """Also what shops asked to erase. Neither stops the other."""
    try:
        if requested := carry_out_requests(now=clock.now()):
            logger.info("%s requests of shops to erase personal data were carried out.", requested)
    finally:
        erased = erase_expired(now=clock.now())
        if any(erased.values()):
            logger.info("Personal data whose term has expired was erased: %s", erased)
