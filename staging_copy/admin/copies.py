"""Copies: started or planned after a dry run and a confirmation, watched, answered, rolled back, reported."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.admin_base import ReadOnlyAdmin, TimeZoneField, confirm_dialog, get_operator
from hub import lanes
from staging_copy import copier, report, requested_actions, services
from staging_copy.admin.access import CopierAccess
from staging_copy.admin.formatting import format_utc
from staging_copy.models import Backup, Copy
from staging_copy.preflight import Refused

LABELS = {
    "planned": "info",
    "running": "info",
    "in place, being checked": "info",
    "waits for your answer": "warning",
    "in place, but not checked: its sync is frozen": "warning",
    "ended well": "success",
    "failed, staging is as it was": "danger",
    "rolled back": "warning",
}
_ACTIVE_STATES = (Copy.State.RUNNING, Copy.State.CHECKING)


class StartForm(forms.Form):
    """Which backup, when, and the target's name written out by whoever wants it replaced."""

    backup = forms.ModelChoiceField(
        queryset=Backup.objects.filter(state=Backup.State.GOOD),
        required=False,
        empty_label="The latest there is when the copy starts",
        widget=UnfoldAdminSelectWidget,
    )
    at = forms.DateTimeField(
        required=False,
        label="When",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        help_text="Empty: now. Otherwise the time in the zone below, such as tomorrow at 03:00.",
    )
    time_zone = TimeZoneField(initial="UTC")
    target = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        label="Database to be replaced",
    )

    def __init__(self, *args: Any, target_name: str, **options: Any) -> None:
        self.target_name = target_name
        super().__init__(*args, **options)
        self.fields["target"].help_text = f"Write {target_name} to confirm that everything in it may be replaced."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "start" in self.data and cleaned.get("target") != self.target_name:
            raise ValidationError({"target": f"Write {self.target_name}, the name of the database to be replaced."})
        if (at := cleaned.get("at")) and cleaned.get("time_zone"):
            cleaned["at"] = at.replace(tzinfo=ZoneInfo(cleaned["time_zone"]))
            if cleaned["at"] <= timezone.now():
                raise ValidationError({"at": "That time has passed. Leave it empty to begin now."})
        return cleaned


@admin.register(Copy)
class CopyAdmin(CopierAccess, ReadOnlyAdmin):
    list_display = ("id", "state_text", "backup", "backup_time", "starts", "schedule", "requested_by", "duration")
    list_filter = ("state", "schedule")
    list_select_related = ("backup", "schedule", "requested_by")
    fieldsets = (
        (None, {"fields": ("state_text", "problem", "progress_text", "question_text")}),
        ("What", {"fields": ("backup", "backup_time", "schedule", "requested_by", "journal")}),
        ("When", {"fields": ("starts", "started", "finished", "duration")}),
    )
    actions_detail = ("approve", "decline", "show_report", "check_again", "roll_back", "cancel")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_operate_permission(request)

    def get_urls(self) -> list[URLPattern]:
        own = [
            ("<path:object_id>/progress/", self.progress_view, "progress"),
            ("<path:object_id>/report/", self.report_view, "report"),
            ("<path:object_id>/report.json", self.report_json, "report_json"),
        ]
        views = [
            path(route, self.admin_site.admin_view(view), name=f"staging_copy_copy_{name}") for route, view, name in own
        ]
        return [*views, *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Begin a copy: dry run, time, confirmation."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        try:
            target = copier.Config.from_settings().staging
        except Refused as refused:
            self.message_user(request, str(refused), messages.ERROR)
            return redirect("admin:staging_copy_copy_changelist")
        form = StartForm(request.POST or None, target_name=target.name)
        plan = None
        if request.method == "POST" and form.is_valid():
            try:
                plan = services.plan_copy(backup=form.cleaned_data["backup"])
                if "start" in request.POST:
                    return self._start(request, form.cleaned_data)
            except Refused as refused:
                form.add_error(None, str(refused))
        context = {
            **self.admin_site.each_context(request),
            "title": "Copy live to staging",
            "opts": self.opts,
            "form": form,
            "target": target.name,
            "latest": services.latest_backup(),
            "plan": plan,
            "tables": [(each, report.changed(asdict(each))) for each in (plan.tables if plan else [])],
            "under_way": Copy.objects.filter(state__in=_ACTIVE_STATES).first(),
        }
        return TemplateResponse(request, "admin/staging_copy/copy/start.html", context)

    def _start(self, request: HttpRequest, start_data: dict[str, Any]) -> HttpResponse:
        at: datetime | None = start_data["at"]
        under_way = Copy.objects.filter(state__in=_ACTIVE_STATES).first()
        if under_way is not None and at is None:
            raise Refused([f"{under_way} is {under_way.get_state_display()}: wait for its end, or cancel it first."])
        copy = services.start_copy(backup=start_data["backup"], by=get_operator(request), not_before=at)
        lanes.notify_workers(requested_actions.COPY_TASK)
        starts = f"{at:%A, %d %B %Y, %H:%M %Z}" if at else "as soon as the copier is free"
        self.message_user(request, f"The {copy} starts {starts}.")
        return redirect("admin:staging_copy_copy_change", copy.pk)

    @display(description="State", label=LABELS)
    def state_text(self, copy: Copy) -> str:
        return copy.get_state_display()

    @display(description="Live as of", ordering="backup__taken_at")
    def backup_time(self, copy: Copy) -> str:
        return format_utc(copy.backup.taken_at if copy.backup else None)

    @display(description="Begins", ordering="not_before")
    def starts(self, copy: Copy) -> str:
        return format_utc(copy.not_before)

    @display(description="Begun")
    def started(self, copy: Copy) -> str:
        return format_utc(copy.started_at)

    @display(description="Ended")
    def finished(self, copy: Copy) -> str:
        return format_utc(copy.finished_at)

    @display(description="Duration")
    def duration(self, copy: Copy) -> str:
        if copy.started_at is None:
            return "-"
        return str((copy.finished_at or timezone.now()) - copy.started_at).split(".")[0]

    @display(description="Progress")
    def progress_text(self, copy: Copy) -> str:
        return render_to_string("admin/staging_copy/copy/progress.html", _progress(copy))

    @display(description="The question")
    def question_text(self, copy: Copy) -> str:
        if copy.state != Copy.State.ASKING:
            return "-"
        return render_to_string("admin/staging_copy/copy/question.html", {"copy": copy, "names": report.KIND_NAMES})

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        copy = self._get_viewable_copy(request, object_id)
        if request.GET.get("state") != f"{copy.state}{copy.requested_action}":
            return HttpResponseClientRefresh()
        return TemplateResponse(request, "admin/staging_copy/copy/progress.html", _progress(copy))

    def report_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """For reading and for printing."""
        copy = self._get_viewable_copy(request, object_id)
        context = {**self.admin_site.each_context(request), "title": f"Report of {copy}", "opts": self.opts}
        return TemplateResponse(request, "admin/staging_copy/copy/report.html", context | report.template_context(copy))

    def report_json(self, request: HttpRequest, object_id: str) -> HttpResponse:
        copy = self._get_viewable_copy(request, object_id)
        answer = JsonResponse(copy.report, json_dumps_params={"indent": 2})
        answer["Content-Disposition"] = f'attachment; filename="copy-{copy.pk}.json"'
        return answer

    def _get_viewable_copy(self, request: HttpRequest, object_id: str) -> Copy:
        if not self.has_view_permission(request):
            raise PermissionDenied
        copy: Copy = self.get_object_or_404(request, object_id)
        return copy

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """A problem or a question stands there only if there is one."""
        hidden = set()
        if obj is None or not obj.problem:
            hidden.add("problem")
        if obj is None or obj.state != Copy.State.ASKING:
            hidden.add("question_text")
        return [
            (title, options | {"fields": tuple(name for name in options["fields"] if name not in hidden)})
            for title, options in self.fieldsets
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Copy]:
        return super().get_queryset(request).select_related("backup", "schedule", "requested_by")

    def is_action_available(self, row: Copy, action_name: str) -> bool:
        if action_name == "show_report":
            return bool(row.report)
        return requested_actions.is_available(row, _ACTIONS[action_name])

    @action(description="Report", icon="description", permissions=["view"])
    def show_report(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return redirect(reverse("admin:staging_copy_copy_report", args=[object_id]))

    @action(
        description="Yes, delete them",
        icon="delete_sweep",
        permissions=["operate"],
        dialog=confirm_dialog(
            "Delete on staging what its shop does not have?",
            "Everything that the question counts becomes deleted on staging. Live is not touched.",
            "Delete them on staging",
        ),
    )
    def approve(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._request(request, object_id, "approve", "The copier deletes them and lets staging go.")

    @action(
        description="No, keep them",
        icon="thumb_down",
        permissions=["operate"],
        dialog=confirm_dialog(
            "Keep what the shop does not have?",
            "Staging is let go without deleting what the question counts; its sync may then be blocked by these.",
            "Keep them",
        ),
    )
    def decline(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._request(request, object_id, "decline", "The copier keeps them and lets staging go.")

    @action(
        description="Check again",
        icon="fact_check",
        permissions=["operate"],
        dialog=confirm_dialog("Ask the staging shop again?", "Everything is looked up anew.", "Check again"),
    )
    def check_again(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._request(request, object_id, "check_again", "The copier asks the shop again.")

    @action(
        description="Roll back",
        icon="undo",
        permissions=["operate"],
        dialog=confirm_dialog(
            "Change staging's database for the other one?",
            "Staging and the database that was there before this copy change places, within a second. "
            "Doing it once more changes them back.",
            "Change them",
        ),
    )
    def roll_back(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._request(request, object_id, "roll_back", "The copier changes the databases as soon as it is free.")

    @action(
        description="Cancel",
        icon="cancel",
        permissions=["operate"],
        dialog=confirm_dialog("Cancel this copy?", "Staging stays as it is.", "Cancel the copy"),
    )
    def cancel(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._request(request, object_id, "cancel", "Cancelled; what was started is taken back.")

    def _request(self, request: HttpRequest, object_id: str, action_name: str, message: str) -> HttpResponse:
        copy = self.get_object_or_404(request, object_id)
        try:
            requested_actions.request_action(
                copy=copy, requested_action=_ACTIONS[action_name], by=get_operator(request)
            )
        except ValueError as error:
            return self.redirect_to_object(request, copy, str(error), messages.WARNING)
        return self.redirect_to_object(request, copy, message)


_ACTIONS = {
    "approve": Copy.Action.YES,
    "decline": Copy.Action.NO,
    "check_again": Copy.Action.CHECK,
    "roll_back": Copy.Action.ROLL_BACK,
    "cancel": Copy.Action.CANCEL,
}


def _progress(copy: Copy) -> dict[str, Any]:
    is_active = copy.state in (*_ACTIVE_STATES, Copy.State.PLANNED) or bool(copy.requested_action)
    return {
        "copy": copy,
        "steps": report.steps(copy),
        "counts": sorted(copy.progress.items()),
        "rows": sum(copy.progress.values()),
        "address": reverse("admin:staging_copy_copy_progress", args=[copy.pk]) if is_active else "",
    }
