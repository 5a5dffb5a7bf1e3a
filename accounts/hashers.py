"""Password hashers that limit how many threads of a web process hash at the same time.

Hashing takes a CPU for a fraction of a second on purpose. Without the limit, a flood of logins would keep all threads
busy, and webhooks would wait.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth import hashers
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse

# One thread hashes and one waits; a web process has four threads.
_LIMIT = 2
_admitted = 0
_counting = threading.Lock()
_hashing = threading.Lock()
RETRY_AFTER_SECONDS = 2


class HashingBusy(Exception):
    """Too many passwords are being checked. Try again after RETRY_AFTER_SECONDS."""


@contextmanager
def _limited() -> Iterator[None]:
    global _admitted
    with _counting:
        if _admitted >= _LIMIT:
            raise HashingBusy
        _admitted += 1
    try:
        with _hashing:
            yield
    finally:
        with _counting:
            _admitted -= 1


class ScryptHasher(hashers.ScryptPasswordHasher):
    def encode(self, *args: Any, **options: Any) -> str:
        with _limited():
            return super().encode(*args, **options)


class PBKDF2Hasher(hashers.PBKDF2PasswordHasher):
    """For passwords that were set before scrypt was the default."""

    def encode(self, *args: Any, **options: Any) -> str:
        with _limited():
            return super().encode(*args, **options)


def is_busy() -> bool:
    """Whether the next password would be refused. Only looks, so that no login is refused because of it."""
    return _admitted >= _LIMIT


class AnswerHashingBusy:
    """Middleware that answers 503 wherever a password could not be checked.

    A login is refused before its form is read and the database is asked, which would take most of the time of a login
    whose password is not checked, and would keep a thread from others.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and request.path_info == reverse("login") and is_busy():
            return _busy()
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return _busy() if isinstance(exception, HashingBusy) else None


def _busy() -> HttpResponse:
    return HttpResponse(_page(), status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


@cache
def _page() -> str:
    """Rendered once: nothing on it depends on the request."""
    return render_to_string("503.html", {"installation": settings.ENVIRONMENT})
