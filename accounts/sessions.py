"""Keeps the list of a user's sessions: where each was seen last, and from which browser."""

import time
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

# A session is written at most this often, so that polling pages cost nothing.
INTERVAL_SECONDS = 600
_SESSION_KEY = "recorded"


def record_session(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that adds the session to the list, also one from before the list existed."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            key, at = request.session.get(_SESSION_KEY, ("", 0))
            # The key changes with the password.
            if key != request.session.session_key or time.time() - at > INTERVAL_SECONDS:
                request.session[_SESSION_KEY] = (request.session.session_key, time.time())
                UserSession.objects.create_from_request(request)
        return get_response(request)

    return middleware


# The first that the user agent contains: others name themselves after Chrome and Safari too.
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> str:
    """For example "Firefox, Windows"; the user agent itself if it is not in the lists."""
    names = [next((name for sign, name in signs if sign in user_agent), "") for signs in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, names)) or user_agent or _("Unknown browser")
