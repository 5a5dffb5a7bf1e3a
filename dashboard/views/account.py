"""Login of dashboard and console, password change, sessions, and the redirect from the home page to a seller."""

from math import ceil
from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import perform_login, perform_password_login
from allauth.account.models import EmailAddress, Login
from allauth.account.views import EmailView
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, PasswordChangeView, redirect_to_login
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import impersonation, members
from accounts.login_forms import LogInForm, PasswordForm
from accounts.models import User
from accounts.queries import sellers_of
from accounts.services import record_audit_event, set_verified_email
from accounts.single_sign_on import is_in_domains
from dashboard.access import SELLER_SESSION_KEY
from dashboard.forms import AcceptInvitationForm, FormatsForm


class LogIn(LoginView):
    template_name = "dashboard/login.html"
    authentication_form = LogInForm
    redirect_authenticated_user = True
    extra_context = {"single_sign_on": lambda: settings.OIDC_NAME if settings.OIDC_ISSUER else ""}

    def form_valid(self, form: Any) -> HttpResponse:
        """The right password. Whoever has a second factor is asked for it next."""
        login = Login(user=form.get_user(), redirect_url=self.get_success_url())
        return perform_password_login(self.request, {"email": form.get_user().email}, login)

    def form_invalid(self, form: Any) -> HttpResponse:
        response = super().form_invalid(form)
        if form.wait:
            response.status_code = 429
            response["Retry-After"] = str(ceil(form.wait.total_seconds()))
        return response


@never_cache
def log_in_to_console(request: HttpRequest) -> HttpResponse:
    """Replaces the console's own login page. Raises PermissionDenied for people who are logged in but not staff."""
    user = cast(User, request.user)
    if user.is_authenticated and not user.is_staff:
        raise PermissionDenied
    return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index"))


@method_decorator(never_cache, "dispatch")
class PasswordChange(PasswordChangeView):
    template_name = "dashboard/password.html"
    form_class = PasswordForm
    success_url = reverse_lazy("dashboard:home")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """People who log in without a password set one on another page."""
        if not cast(User, request.user).has_usable_password():
            return redirect("account_set_password")
        return super().get(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        record_audit_event(user=cast(User, self.request.user), action="password.change")
        get_adapter().send_notification_mail("account/email/password_changed", cast(User, self.request.user))
        messages.success(self.request, _("Password changed. You’ve been logged out on other devices."))
        return response


class ChangeEmail(EmailView):
    """Sends a link to the new address, which replaces the old one when the link is opened."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = cast(User, request.user)
        # Without a row, django-allauth would take the current address for one that waits for confirmation.
        if user.is_authenticated and not EmailAddress.objects.filter(user=user).exists():
            set_verified_email(user=user)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        """With OIDC_REQUIRED, nobody leaves its domains, or enters them, by a change of the address."""
        addresses = (cast(User, self.request.user).email, form.cleaned_data["email"])
        if settings.OIDC_REQUIRED and any(map(is_in_domains, addresses)):
            form.add_error(
                "email",
                _("Your identity provider manages this address. Change it at %(name)s.") % {"name": settings.OIDC_NAME},
            )
            return self.form_invalid(form)
        return super().form_valid(form)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def sessions(request: HttpRequest) -> HttpResponse:
    """Where the user is logged in. POST ends the session with the ID in the form, or all but this one."""
    rows = UserSession.objects.purge_and_list(request.user)
    if request.method == "GET":
        rows.sort(key=lambda row: (not row.is_current(), -row.last_seen_at.timestamp()))
        is_linked = SocialAccount.objects.filter(user=cast(User, request.user)).exists()
        context = {"sessions": rows, "single_sign_on": settings.OIDC_NAME if is_linked else ""}
        return render(request, "dashboard/sessions.html", context)
    chosen = request.POST.get("session", "")
    ended = [row for row in rows if not row.is_current() and chosen in ("", str(row.pk))]
    for row in ended:
        row.end()
    record_audit_event(user=cast(User, request.user), action="session.end", sessions=len(ended))
    messages.success(
        request, ngettext("%(count)d session ended.", "%(count)d sessions ended.", len(ended)) % {"count": len(ended)}
    )
    return redirect("usersessions_list")


@require_POST
@login_required
@reauthentication_required
def unlink_single_sign_on(request: HttpRequest) -> HttpResponse:
    """Whoever logs in with single sign-on and this email address next is linked to the account again."""
    user = cast(User, request.user)
    if settings.OIDC_REQUIRED:
        messages.error(request, _("Your installation requires single sign-on."))
    elif not user.has_usable_password():
        messages.error(request, _("Set a password first. You couldn’t log in any more."))
    else:
        SocialAccount.objects.filter(user=user).delete()
        record_audit_event(user=user, action="sso.unlink", target=f"user {user.pk}")
        messages.success(request, _("Unlinked. Log in with your password from now on."))
    return redirect("usersessions_list")


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def formats(request: HttpRequest) -> HttpResponse:
    """How the user reads numbers, dates and times."""
    form = FormatsForm(request.POST if request.method == "POST" else None, instance=cast(User, request.user))
    if form.is_valid():
        form.save()
        messages.success(request, _("Formats saved."))
        return redirect("formats")
    return render(request, "dashboard/formats.html", {"form": form})


@require_http_methods(["GET", "POST"])
@never_cache
def accept_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Joins a team. Whoever has no account creates one; whoever has one logs in first."""
    invitation = members.find_invitation(token)
    context: dict[str, Any] = {"invitation": invitation, "form": None}
    if invitation is None:
        return render(request, "dashboard/invitation.html", context, status=404)
    user = request.user if isinstance(request.user, User) else None
    if user is not None and user.email.lower() != invitation.email:
        return render(request, "dashboard/invitation.html", context | {"is_other_person": True})
    if user is None and User.objects.filter(email__iexact=invitation.email).exists():
        return redirect_to_login(request.get_full_path())
    response: HttpResponse = redirect("dashboard:overview", seller=invitation.seller.slug)
    if user is not None:
        if request.method == "GET":
            return render(request, "dashboard/invitation.html", context)
    else:
        form = context["form"] = AcceptInvitationForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return render(request, "dashboard/invitation.html", context)
        try:
            user = members.create_invited_user(invitation=invitation, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("password", error)
            return render(request, "dashboard/invitation.html", context)
        response = perform_login(request, Login(user=user, redirect_url=response["Location"]))
    try:
        members.accept_invitation(invitation=invitation, user=user)
    except ValidationError:  # accepted or withdrawn a moment ago
        return render(request, "dashboard/invitation.html", {"invitation": None}, status=404)
    messages.success(request, _("Welcome to %(seller)s.") % {"seller": invitation.seller})
    return response


@require_POST
@login_required
def end_impersonation(request: HttpRequest) -> HttpResponse:
    """Back to the console, where the operator started to view the dashboard as another person."""
    user = impersonation.end(request)
    if user is None:
        return redirect("dashboard:home")
    record_audit_event(user=cast(User, request.user), action="impersonation.end", target=f"user {user.pk}")
    return redirect("admin:accounts_user_change", user.pk)


@require_safe
@login_required
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Redirect to the seller chosen last, or to the first one."""
    sellers = list(sellers_of(cast(User, request.user)))
    if not sellers:
        return render(request, "dashboard/no_seller.html")
    chosen = request.session.get(SELLER_SESSION_KEY)
    slugs = [seller.slug for seller in sellers]
    return redirect("dashboard:overview", seller=chosen if chosen in slugs else slugs[0])
