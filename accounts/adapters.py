"""How django-allauth works here: our login limits, audit log, emails and encryption."""

import logging
import time
from datetime import timedelta
from math import ceil
from smtplib import SMTPException
from typing import Any
from urllib.parse import urlsplit

from allauth.account import app_settings as account_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import throttle
from accounts.client_address import client_address, current_client_address
from accounts.mail import create_email
from accounts.models import User
from accounts.second_factor import has_second_factor, needs_second_factor, used_single_sign_on
from accounts.services import record_audit_event
from accounts.single_sign_on import is_in_domains
from common.encryption import cipher

logger = logging.getLogger(__name__)


class TooManyAttempts(ValidationError):
    """The password was not checked. `wait` is the time until the next attempt is allowed."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        minutes = ceil(wait / timedelta(minutes=1))
        message = ngettext(
            "Too many attempts. Wait %(count)d minute, then try again.",
            "Too many attempts. Wait %(count)d minutes, then try again.",
            minutes,
        )
        super().__init__(message % {"count": minutes}, code="too_many")


def require_attempt(email: str) -> None:
    """Raise TooManyAttempts if this client has to wait before the next attempt at the account."""
    wait = throttle.wait_time(email, current_client_address())
    if wait > timedelta(0):
        raise TooManyAttempts(wait)


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_taken": _("This email address can’t be used. Enter another one."),
        "incorrect_code": _("Incorrect code. Enter the newest one."),
        "rate_limited": _("Too many attempts. Wait a few minutes, then try again."),
        "too_many_login_attempts": _("Too many attempts. Wait 5 minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Over a Unix socket without a proxy there is no address, but sessions and limits need one."""
        return client_address(request) or "0.0.0.0"  # noqa: S104 - not bound to

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        require_attempt(credentials["email"])

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        throttle.record_failure(credentials["email"])

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """People confirm that it's them before they change their account, unless they have just logged in."""
        records = get_authentication_records(self.request, self.request.user)
        return not records or time.time() - records[-1]["at"] > account_settings.REAUTHENTICATION_TIMEOUT

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """With OIDC_REQUIRED, people of its domains or with an account at the provider can't log in otherwise."""
        if (
            settings.OIDC_REQUIRED
            and not used_single_sign_on(request, user)
            and (is_in_domains(user.email) or SocialAccount.objects.filter(user=user).exists())
        ):
            clear_login(request)
            messages.error(request, gettext("Log in with %(name)s.") % {"name": settings.OIDC_NAME})
            return redirect("account_login")
        return super().pre_login(request, user, **kwargs)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        steps = [record.get("type") or record["method"] for record in get_authentication_records(request, user)]
        record_audit_event(user=user, action="login", target=f"user {user.pk}", steps=steps)
        return super().post_login(request, user, **kwargs)

    def get_reset_password_from_key_url(self, key: str) -> str:
        return _at_public_url(super().get_reset_password_from_key_url(key))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return _at_public_url(super().get_email_confirmation_url(request, emailconfirmation))

    def render_mail(
        self, template_prefix: str, email: str | list[str], context: dict[str, Any], headers: Any = None
    ) -> EmailMessage:
        (to,) = [email] if isinstance(email, str) else email
        subject, text = (render_to_string(f"{template_prefix}_{part}.txt", context) for part in ("subject", "message"))
        return create_email(to=to, subject=subject, text=text)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        pages = {
            "password_reset_page": _at_public_url(reverse("account_reset_password")),
            "sessions_page": _at_public_url(reverse("usersessions_list")),
        }
        try:
            self.render_mail(template_prefix, email, {"email": email} | pages | context).send()
        except (SMTPException, OSError):
            logger.exception("An email could not be sent: %s", template_prefix)
            messages.error(self.request, gettext("The email could not be sent. Try again later, or contact support."))


def _at_public_url(url: str) -> str:
    """Links in emails go to PUBLIC_URL, whatever host the client named."""
    return settings.PUBLIC_URL + urlsplit(url)._replace(scheme="", netloc="").geturl()


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("Incorrect code. Enter the newest one."),
        "cannot_delete_authenticator": _("Operators need a second factor. Add another one before you remove this one."),
    }

    def encrypt(self, text: str) -> str:
        return cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return cipher().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        user: User = authenticator.user
        return not needs_second_factor(user) or has_second_factor(user, without=authenticator)

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey %(number)d") % {"number": number}
