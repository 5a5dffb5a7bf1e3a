"""Who needs a second factor: operators (OPERATORS_NEED_SECOND_FACTOR). For members of sellers it is a choice."""

from collections.abc import Callable

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.models import User

# Pages for setting up a second factor, ending an impersonation, and logging out.
_ALWAYS_ALLOWED = (
    "/account/second-factor/",
    "/account/confirm/",
    "/account/impersonation/end/",
    "/logout/",
    "/static/",
)


def needs_second_factor(user: User) -> bool:
    """Whether the account can't be used without a second factor. Staging's shared admin has only a password (L6)."""
    is_shared_admin = settings.ENVIRONMENT == "staging" and user.email.lower() == settings.STAGING_ADMIN_EMAIL.lower()
    return settings.OPERATORS_NEED_SECOND_FACTOR and user.is_staff and not is_shared_admin


def has_second_factor(user: User, *, without: Authenticator | None = None) -> bool:
    """Whether a passkey or an authenticator app is set up (recovery codes alone don't count)."""
    factors = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return factors.exclude(pk=without.pk if without else None).exists()


def used_single_sign_on(request: HttpRequest, user: User) -> bool:
    """Whether the user logged in with single sign-on in this session."""
    return any(record["method"] == "socialaccount" for record in get_authentication_records(request, user))


def require_second_factor(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that sends operators without a second factor to the page where they set one up."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = getattr(request, "user", None)
        if (
            isinstance(user, User)
            and needs_second_factor(user)
            and not request.path.startswith(_ALWAYS_ALLOWED)
            and not (settings.OIDC_HAS_SECOND_FACTOR and used_single_sign_on(request, user))
            and not has_second_factor(user)
        ):
            messages.info(request, _("Operators need a second factor. Add a passkey or an authenticator app."))
            return redirect("mfa_index")
        return get_response(request)

    return middleware
