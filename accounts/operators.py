"""The operator behind a request: to the admin console, or to the dashboard as somebody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import cast

from django.http import HttpRequest

from accounts.models import User


def get_operator(request: HttpRequest) -> User:
    """The logged-in user; the console has no page for anonymous visitors."""
    return cast(User, request.user)


_impersonating: ContextVar[User | None] = ContextVar("impersonating_operator", default=None)


@contextmanager
def acting_as_somebody_else(operator: User) -> Iterator[None]:
    """The block answers a request of this operator, whose user is another person (accounts/impersonation.py)."""
    token = _impersonating.set(operator)
    try:
        yield
    finally:
        _impersonating.reset(token)


def impersonating_operator() -> User | None:
    """The operator who is acting as somebody else in this request."""
    return _impersonating.get()
