"""The form that starts or schedules a copy."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from common.admin import TimeZoneField
from staging_copy.models import Backup


class StartForm(forms.Form):
    """Backup, start time, and the name of the target database typed as a confirmation."""

    backup = forms.ModelChoiceField(
        queryset=Backup.objects.filter(state=Backup.State.GOOD),
        required=False,
        label=_("Backup"),
        empty_label=_("Latest when the copy starts"),
        widget=UnfoldAdminSelectWidget,
    )
    at = forms.DateTimeField(
        required=False,
        label=_("Start at"),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        help_text=_("Leave empty to start now. Otherwise, enter a time in the time zone below."),
    )
    time_zone = TimeZoneField(label=_("Time zone"), initial="UTC")
    target = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        label=_("Database to replace"),
    )

    def __init__(self, *args: Any, target_name: str, **options: Any) -> None:
        self.target_name = target_name
        super().__init__(*args, **options)
        help_text = gettext("Type %(name)s to confirm that all of its data will be replaced.")
        self.fields["target"].help_text = help_text % {"name": target_name}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "start" in self.data and cleaned.get("target") != self.target_name:
            message = gettext("Type %(name)s, the name of the database to replace.") % {"name": self.target_name}
            raise ValidationError({"target": message})
        if (at := cleaned.get("at")) and cleaned.get("time_zone"):
            cleaned["at"] = at.replace(tzinfo=ZoneInfo(cleaned["time_zone"]))
            if cleaned["at"] <= timezone.now():
                message = gettext("This time is in the past. Leave it empty to start now.")
                raise ValidationError({"at": message})
        return cleaned
