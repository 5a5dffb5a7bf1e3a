"""Copies that repeat: a day and an hour, or any crontab, in a time zone; with the times that follow from it."""

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
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldAdminTimeWidget

from accounts.admin_base import BaseAdmin, TimeZoneField, confirm_dialog, get_operator
from staging_copy import schedules
from staging_copy.admin.access import CopierAccess
from staging_copy.models import CopySchedule

DAYS = (
    ("", "By the crontab below"),
    *(("0", "Every Sunday"), ("1", "Every Monday"), ("2", "Every Tuesday"), ("3", "Every Wednesday")),
    *(("4", "Every Thursday"), ("5", "Every Friday"), ("6", "Every Saturday"), ("*", "Every day")),
)
_DAY_AND_HOUR = re.compile(r"([0-5]?\d) ([01]?\d|2[0-3]) \* \* ([0-6*])")


def day_and_hour(crontab: str) -> tuple[str, time] | None:
    """One of `DAYS` and the hour, for a crontab that says no more than these."""
    found = _DAY_AND_HOUR.fullmatch(crontab)
    return (found[3], time(int(found[2]), int(found[1]))) if found else None


class CopyScheduleForm(forms.ModelForm):
    """A day and an hour make the crontab, unless one is written."""

    day = forms.ChoiceField(choices=DAYS, initial="0", required=False, widget=UnfoldAdminSelectWidget, label="When")
    hour = forms.TimeField(required=False, initial="03:00", widget=UnfoldAdminTimeWidget, label="At")
    crontab = forms.CharField(
        required=False,
        max_length=60,
        widget=UnfoldAdminTextInputWidget,
        help_text="Five fields, such as 0 3 * * 0 for Sundays at 03:00. Used where no day is chosen.",
    )
    time_zone = TimeZoneField(initial="UTC", help_text="Of the hour or the crontab.")

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
                raise ValidationError({"hour": "Say at what time."})
            cleaned["crontab"] = f"{cleaned['hour'].minute} {cleaned['hour'].hour} * * {day}"
        elif not cleaned.get("crontab"):
            raise ValidationError({"crontab": "Choose a day, or write a crontab."})
        return cleaned


@admin.register(CopySchedule)
class CopyScheduleAdmin(CopierAccess, BaseAdmin):
    form = CopyScheduleForm
    list_display = ("name", "when", "time_zone", "state_text", "next_time")
    readonly_fields = ("state_text", "next_times")
    fields = ("name", "day", "hour", "crontab", "time_zone", "state_text", "next_times")
    actions_detail = ("pause", "resume")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_operate_permission(request)

    @display(description="When", ordering="crontab")
    def when(self, schedule: CopySchedule) -> str:
        simple = day_and_hour(schedule.crontab)
        return f"{dict(DAYS)[simple[0]]} at {simple[1]:%H:%M}" if simple else schedule.crontab

    @display(description="State", label={"active": "success", "paused": "warning"})
    def state_text(self, schedule: CopySchedule) -> str:
        return "paused" if schedule.paused else "active"

    @display(description="Next copy")
    def next_time(self, schedule: CopySchedule) -> str:
        if schedule.paused or schedule.next_at is None:
            return "-"
        return f"{schedule.next_at.astimezone(ZoneInfo(schedule.time_zone)):%a %Y-%m-%d %H:%M %Z}"

    @display(description="Next copies")
    def next_times(self, schedule: CopySchedule) -> str:
        if schedule._state.adding:
            return "Shown when it is saved."
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

    @action(
        description="Pause",
        icon="pause",
        permissions=["operate"],
        dialog=confirm_dialog("Pause this schedule?", "It plans no copy until it is resumed.", "Pause"),
    )
    def pause(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._set_paused(request, object_id, True)

    @action(
        description="Resume",
        icon="play_arrow",
        permissions=["operate"],
        dialog=confirm_dialog(
            "Resume this schedule?", "It goes on at its next time; nothing is made up for.", "Resume"
        ),
    )
    def resume(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._set_paused(request, object_id, False)

    def _set_paused(self, request: HttpRequest, object_id: str, paused: bool) -> HttpResponse:
        schedule = self.get_object_or_404(request, object_id)
        schedules.set_paused(schedule=schedule, paused=paused, by=get_operator(request), now=timezone.now())
        return self.redirect_to_object(request, schedule, "Paused." if paused else "Resumed.")
