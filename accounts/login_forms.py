"""Forms that check a password: login and password change. Both count failures (accounts/throttle.py)."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import throttle
from accounts.adapters import TooManyAttempts, require_attempt
from accounts.models import User


class LogInForm(AuthenticationForm):
    """Login by email. After too many failures no password is checked for a while; then `wait` says how long."""

    wait: timedelta | None = None
    error_messages = {
        "invalid_login": _("Incorrect email or password."),
        # The same text, so that it does not reveal whether an account exists.
        "inactive": _("Incorrect email or password."),
    }

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, label_suffix="", **kwargs)
        self.fields["username"].label = _("Email")
        self.fields["username"].widget = forms.EmailInput(
            attrs={"autofocus": True, "autocomplete": "username", "maxlength": 254}
        )

    def clean(self) -> dict[str, Any]:
        email = self.cleaned_data.get("username", "")
        try:
            require_attempt(email)
            return super().clean()
        except TooManyAttempts as error:
            self.wait = error.wait
            raise
        except ValidationError:
            throttle.record_failure(email)
            raise


class PasswordForm(PasswordChangeForm):
    """Changes the password of the logged-in user. Guesses of the current password are limited like logins."""

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, label_suffix="", **kwargs)
        self.fields["old_password"].label = _("Current password")
        self.fields["new_password2"].label = _("Confirm new password")
        self.fields["new_password2"].help_text = ""

    def clean_old_password(self) -> str:
        require_attempt(self.user.email)
        try:
            return super().clean_old_password()
        except ValidationError:
            throttle.record_failure(self.user.email)
            raise
