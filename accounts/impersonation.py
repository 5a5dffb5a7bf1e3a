"""Support sees the dashboard as a member of a seller does: with a reason, read-only by default, audited.

The session stays the operator's. For pages of the dashboard, the request's user is the other person; the console and
the operator's own account stay as they are. What the operator does is recorded in the operator's name.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts.admin_access import has_rights_in_the_console
from accounts.models import User
from accounts.operators import acting_as_somebody_else

PERMISSION = "accounts.impersonate_user"
MAX_SECONDS = 3600
_SESSION_KEY = "impersonation"
# Everything else of the operator's stays the operator's.
_PAGES = "/s/"
# What would outlast the impersonation or give access to others. What only owners may do is refused by
# dashboard.access.
_NEVER = ("/settings/keys/", "/team/")
# What takes data away: not even read-only.
_NEVER_READ = ("/export/",)


@dataclass(frozen=True)
class Impersonation:
    """Stored in the session. `until` is a Unix time."""

    user_id: int
    reason: str
    may_change: bool
    until: float


def may_impersonate(*, operator: User, user: User) -> bool:
    """Nobody becomes stronger by it: people with rights in the console can't be impersonated."""
    return operator.has_perm(PERMISSION) and user.is_active and not has_rights_in_the_console(user)


def start(request: HttpRequest, *, user: User, reason: str, may_change: bool) -> None:
    entry = Impersonation(user.pk, reason, may_change, time.time() + MAX_SECONDS)
    request.session[_SESSION_KEY] = asdict(entry)


def end(request: HttpRequest) -> User | None:
    """Returns the person who was impersonated."""
    entry = request.session.pop(_SESSION_KEY, None)
    return User.objects.filter(pk=entry["user_id"]).first() if entry else None


def _is_one_of(path: str, parts: Iterable[str]) -> bool:
    """Looks only at what follows the seller's slug, which may be any word."""
    _slug, slash, page = path.removeprefix(_PAGES).partition("/")
    return any(part in slash + page for part in parts)


def impersonate(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware. Sets `request.impersonation` for the banner, and the request's user on the dashboard's pages."""

    def middleware(request: HttpRequest) -> HttpResponse:
        operator = request.user
        stored = request.session.get(_SESSION_KEY) if isinstance(operator, User) else None
        entry = Impersonation(**stored) if stored else None
        user = User.objects.filter(pk=entry.user_id).first() if entry else None
        if entry is None or user is None or not isinstance(operator, User):
            return get_response(request)
        if time.time() > entry.until or not may_impersonate(operator=operator, user=user):
            end(request)
            return get_response(request)
        request.impersonation = {"user": user, "may_change": entry.may_change}  # type: ignore[attr-defined]
        if not (request.path == "/" or request.path.startswith(_PAGES)):
            return get_response(request)
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            if not entry.may_change:
                raise PermissionDenied(_("You are viewing as somebody else, read-only."))
            if _is_one_of(request.path, _NEVER):
                raise PermissionDenied(_("Only the person can do this."))
        if _is_one_of(request.path, _NEVER_READ):
            raise PermissionDenied(_("Only the person can do this."))
        request.user = user
        with acting_as_somebody_else(operator):
            return get_response(request)

    return middleware
