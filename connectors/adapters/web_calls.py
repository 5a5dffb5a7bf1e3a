"""Limits how many requests of a web process call platforms at a time: slow ones must leave threads for other pages."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from connectors.sdk.errors import TryAgainLater

# A web process has four threads.
_slots = threading.BoundedSemaphore(2)
_request: ContextVar[ExitStack | None] = ContextVar("web_calls", default=None)


def limit_platform_calls(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that gives back at the end of a request what it has taken."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with ExitStack() as taken:
            token = _request.set(taken)
            try:
                return get_response(request)
            finally:
                _request.reset(token)

    return middleware


def take_slot() -> None:
    """Before the first call to a platform in a request, take a slot until the request ends. Does nothing in workers.

    TryAgainLater at once if there is none: nothing has been sent then.
    """
    taken = _request.get()
    if taken is None:
        return
    if not _slots.acquire(blocking=False):
        raise TryAgainLater(
            _("Too many requests are waiting for platforms. Try again in a few seconds."), sent=False, status=503
        )
    taken.callback(_slots.release)
    _request.set(None)
