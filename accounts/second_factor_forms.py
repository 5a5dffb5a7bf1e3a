"""Forms for codes of authenticator apps and recovery codes."""

from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms
from allauth.mfa.models import Authenticator
from django.core.cache import cache

# How long a code is accepted: its own period, and MFA_TOTP_TOLERANCE periods before and after.
_VALID_SECONDS = app_settings.TOTP_PERIOD * (2 * app_settings.TOTP_TOLERANCE + 1)


class _SingleUse(forms.BaseAuthenticateForm):
    """Accepts each code of an app once. django-allauth remembers it for one period, but accepts it for longer."""

    authenticator: Authenticator

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "autofocus": True, "placeholder": ""}

    def clean_code(self) -> str:
        code: str = super().clean_code()
        is_app = self.authenticator.type == Authenticator.Type.TOTP
        if is_app and not cache.add(f"code-used:{self.user.pk}:{code.strip()}", True, _VALID_SECONDS):
            raise get_adapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(_SingleUse, forms.AuthenticateForm):
    """The second step of a login."""


class ReauthenticateForm(_SingleUse, forms.ReauthenticateForm):
    """Confirms that it's the user, before the account is changed."""
