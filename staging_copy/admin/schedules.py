"""Console pages of copy schedules: a day and an hour, or a crontab, in a time zone."""

import re
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldAdminTimeWidget

from accounts.operators import get_operator
from common.admin import BaseAdmin, TimeZoneField, badge, confirmed_action
from staging_copy import schedules
from staging_copy.admin.access import CopierAccess
from staging_copy.models import CopySchedule

DAYS: tuple[tuple[str, Any], ...] = (
    ("", _("Custom (crontab)")),
    ("0", _("Every Sunday")),
    ("1", _("Every Monday")),
    ("2", _("Every Tuesday")),
    ("3", _("Every Wednesday")),
    ("4", _("Every Thursday")),
    ("5", _("Every Friday")),
    ("6", _("Every Saturday")),
    ("*", _("Every day")),
)
_DAY_AND_HOUR = re.compile(r"([0-5]?\d) ([01]?\d|2[0-3]) \* \* ([0-6*])")


def day_and_hour(crontab: str) -> tuple[str, time] | None:
    """A key of `DAYS` and the time, if the crontab can be expressed with these; otherwise None."""
    found = _DAY_AND_HOUR.fullmatch(crontab)
    return (found[3], time(int(found[2]), int(found[1]))) if found else None


class CopyScheduleForm(forms.ModelForm):
    """Builds the crontab from day and time, or takes a custom one."""

    day = forms.ChoiceField(
        choices=DAYS, initial="0", required=False, widget=UnfoldAdminSelectWidget, label=_("Repeat")
    )
    hour = forms.TimeField(required=False, initial="03:00", widget=UnfoldAdminTimeWidget, label=_("Time"))
    crontab = forms.CharField(
        required=False,
        max_length=60,
        widget=UnfoldAdminTextInputWidget,
        label=_("Crontab"),
        help_text=_("For custom schedules: five fields, for example 0 3 * * 0 for Sundays at 03:00."),
    )
    time_zone = TimeZoneField(label=_("Time zone"), initial="UTC", help_text=_("Time zone for this schedule."))

    class Meta:
        model = CopySchedule
        fields = ("name", "crontab", "time_zone")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk is not None:
            simple = day_and_hour(self.instance.crontab)
            day, hour = simple or ("", None)
            self.initial.update(day=day, hour=hour, crontab="" if simple else self.instance.crontab)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if day := cleaned.get("day"):
            if cleaned.get("hour") is None:
                raise ValidationError({"hour": gettext("Enter a time.")})
            cleaned["crontab"] = f"{cleaned['hour'].minute} {cleaned['hour'].hour} * * {day}"
        elif not cleaned.get("crontab"):
            raise ValidationError({"crontab": gettext("Select a day, or enter a crontab.")})
        return cleaned


@admin.register(CopySchedule)
class CopyScheduleAdmin(CopierAccess, BaseAdmin):
    empty_text = _("A schedule rebuilds staging from the last backup of live, for example every Sunday.")
    form = CopyScheduleForm
    list_display = ("name", "when", "time_zone", "state_text", "next_time")
    readonly_fields = ("state_text", "next_times")
    fields = ("name", "day", "hour", "crontab", "time_zone", "state_text", "next_times")
    actions_detail = ("pause", "resume")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_operate_permission(request)

    @display(description=_("Repeat"), ordering="crontab")
    def when(self, schedule: CopySchedule) -> str:
        simple = day_and_hour(schedule.crontab)
        if simple is None:
            return schedule.crontab
        return gettext("%(day)s at %(time)s") % {"day": dict(DAYS)[simple[0]], "time": f"{simple[1]:%H:%M}"}

    @display(description=_("Status"))
    def state_text(self, schedule: CopySchedule) -> SafeString:
        return badge(_("Paused"), "warning") if schedule.paused else badge(_("Active"), "success")

    @display(description=_("Next copy"))
    def next_time(self, schedule: CopySchedule) -> str:
        if schedule.paused or schedule.next_at is None:
            return "-"
        return f"{schedule.next_at.astimezone(ZoneInfo(schedule.time_zone)):%a %-d %b %Y, %H:%M %Z}"

    @display(description=_("Next copies"))
    def next_times(self, schedule: CopySchedule) -> str:
        if schedule._state.adding:
            return gettext("Save the schedule to see the next copies.")
        zone = ZoneInfo(schedule.time_zone)
        times = schedules.next_times(schedule, after=timezone.now())
        also = " ({:%H:%M} UTC)" if schedule.time_zone != "UTC" else ""
        lines = [
            (f"{timestamp.astimezone(zone):%A, %d %B %Y, %H:%M %Z}{also.format(timestamp)}",) for timestamp in times
        ]
        return format_html_join("", "<div>{}</div>", lines)

    def save_model(self, request: HttpRequest, obj: CopySchedule, form: forms.ModelForm, change: bool) -> None:
        schedules.save_schedule(schedule=obj, by=get_operator(request), now=timezone.now())

    def is_action_available(self, row: CopySchedule, action_name: str) -> bool:
        return row.paused == (action_name == "resume")

    @confirmed_action(
        _("Pause"), "pause", _("Pause this schedule?"), _("No copies are scheduled until you resume it."), _("Pause")
    )
    def pause(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._set_paused(request, object_id, True)

    @confirmed_action(
        _("Resume"),
        "play_arrow",
        _("Resume this schedule?"),
        _("The next copy starts at the next scheduled time. Missed copies are skipped."),
        _("Resume"),
    )
    def resume(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._set_paused(request, object_id, False)

    def _set_paused(self, request: HttpRequest, object_id: str, paused: bool) -> HttpResponse:
        schedule = self.get_object_or_404(request, object_id)
        schedules.set_paused(schedule=schedule, paused=paused, by=get_operator(request), now=timezone.now())
        return self.redirect_to_object(request, schedule, gettext("Paused.") if paused else gettext("Resumed."))
