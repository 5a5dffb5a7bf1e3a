"""The form with which people choose what they are notified about."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from notifications.entries import is_operator
from notifications.models import ChatAddress, Preference


class PreferencesForm(forms.Form):
    """For each kind `KIND` (off, immediately, daily) and `KIND_medium`; and the address of the chat."""

    chat_url = forms.CharField(
        label=_("Chat webhook"),
        required=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("The URL of a Slack-compatible incoming webhook. It is stored and not shown again."),
    )
    forget_chat = forms.BooleanField(label=_("Delete the stored chat webhook"), required=False)

    def __init__(self, data: Any = None, *, user: User) -> None:
        self.user = user
        self.has_chat = ChatAddress.objects.filter(user=user).exists()
        super().__init__(data, label_suffix="")
        chosen = {row.kind: row for row in Preference.objects.filter(user=user)}
        # Copies and backups concern the whole installation.
        self.kinds = [kind for kind in Preference.Kind if kind != Preference.Kind.COPIES or is_operator(user)]
        for kind in self.kinds:
            row = chosen.get(kind)
            self.fields[kind] = forms.ChoiceField(
                label=kind.label,
                choices=[
                    ("", _("Off")),
                    (Preference.When.AT_ONCE, _("Immediately")),
                    (Preference.When.DAILY, _("Once a day")),
                ],
                required=False,
                initial=row.when if row else "",
            )
            self.fields[f"{kind}_medium"] = forms.ChoiceField(
                label=_("%(kind)s: how") % {"kind": kind.label},
                choices=[(Preference.Medium.EMAIL, _("Email")), (Preference.Medium.CHAT, _("Chat"))],
                initial=row.medium if row else Preference.Medium.EMAIL,
            )
        self.order_fields([name for name in self.fields if name not in ("chat_url", "forget_chat")])
        if not self.has_chat:
            del self.fields["forget_chat"]

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[kind], self[f"{kind}_medium"]) for kind in self.kinds]

    def clean_chat_url(self) -> str:
        url = str(self.cleaned_data["chat_url"]).strip()
        if url and (urlsplit(url).scheme != "https" or not urlsplit(url).hostname):
            raise ValidationError(_("Enter a URL that begins with https://."))
        return url

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        wants_chat = [kind for kind, (_when, medium) in self.choices.items() if medium == Preference.Medium.CHAT]
        keeps = self.has_chat and not values.get("forget_chat")
        if wants_chat and not keeps and not values.get("chat_url") and "chat_url" not in self.errors:
            self.add_error("chat_url", _("Enter the webhook of your chat, or choose email."))
        return values

    @property
    def choices(self) -> dict[str, tuple[str, str]]:
        values = self.cleaned_data
        return {
            kind: (values[kind], values[f"{kind}_medium"])
            for kind in self.kinds
            if values.get(kind) and values.get(f"{kind}_medium")
        }

    @property
    def chat(self) -> str | None:
        """As `save_preferences` takes it."""
        return self.cleaned_data["chat_url"] or ("" if self.cleaned_data.get("forget_chat") else None)
