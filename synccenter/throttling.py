"""A rate limit for the REST API, counted in Redis across all web processes."""

import logging
import time
from functools import cache
from typing import cast

import redis
from django.conf import settings
from django.http import HttpRequest
from ninja.throttling import BaseThrottle

from accounts.auth import ApiRequest

logger = logging.getLogger(__name__)
WINDOW = 60


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.2, socket_connect_timeout=0.2)


class PerKeyThrottle(BaseThrottle):
    """Allows `calls` per minute for each API key. If Redis is unavailable, all calls are allowed.

    All threads share one instance, so it stores no request state.
    """

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def allow_request(self, request: HttpRequest) -> bool:
        key = cast(ApiRequest, request).auth
        name = f"api-calls:{key.pk}:{int(time.time()) // WINDOW}"
        try:
            with _redis().pipeline(transaction=False) as pipe:
                pipe.incr(name)
                pipe.expire(name, 2 * WINDOW)
                count, _ = pipe.execute()
        except redis.RedisError as error:
            logger.warning("The API rate limit is not enforced because Redis is unavailable: %s", error)
            return True
        return count <= self.calls

    def wait(self) -> float:
        return WINDOW - time.time() % WINDOW
