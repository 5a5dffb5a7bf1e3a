"""The operator behind a request to the admin console."""

from typing import cast

from django.http import HttpRequest

from accounts.models import User


def get_operator(request: HttpRequest) -> User:
    """The logged-in user; the console has no page for anonymous visitors."""
    return cast(User, request.user)
