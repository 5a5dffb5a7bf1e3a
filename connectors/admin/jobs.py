"""The console's pages about jobs: their schedules and filters, which a person sets, and how they stand."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import display_for_value
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import action, display

from accounts.admin_base import BaseAdmin, ReadOnlyInline, ReasonForm, TimeZoneField, confirm_dialog, get_operator
from accounts.models import Seller
from connectors.checks import is_comparable, start_comparison, start_preview
from connectors.engine.filters import validate as validate_filters
from connectors.size_schedules import size_rule, update_size_schedules
from hub.kinds import Direction
from hub.models import Connection, Job, Run
from hub.services import pause_job, recompute_next_runs, resume_job, start_run


def _format_datetime(at: datetime | None) -> str:
    """As Django writes it in lists; on the page of one row it would stand there raw."""
    return str(display_for_value(at, "-"))


def _schedule_label(job: Job) -> str:
    return f"{job.full_schedule} (by size)" if job.by_size else job.full_schedule or "by hand"


class JobForm(forms.ModelForm):
    time_zone = TimeZoneField(help_text="Of crontab schedules.")

    def clean_by_size(self) -> bool:
        """Setting a schedule is a person's decision; so is to let it follow the size again."""
        wanted: bool = self.cleaned_data["by_size"]
        if not wanted or "by_size" not in self.changed_data:
            return wanted and "full_schedule" not in self.changed_data
        if size_rule(self.instance) is None:
            raise ValidationError("This platform has no schedules by size: set one above.")
        return True

    def clean_filters(self) -> dict[str, Any]:
        validate_filters(self.cleaned_data["filters"] or {})
        return self.cleaned_data["filters"] or {}

    def clean_comparison_schedule(self) -> str:
        schedule: str = self.cleaned_data["comparison_schedule"]
        if schedule and not is_comparable(self.instance):
            raise ValidationError("This platform does not tell what it holds of this, so leave it empty.")
        return schedule


class JobInline(ReadOnlyInline):
    model = Job
    fields = ("direction", "data_type", "enabled", "paused", "schedule_text", "partial_schedule", "last_full_sync")
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).select_related("state")

    @display(description="Full schedule")
    def schedule_text(self, job: Job) -> str:
        return _schedule_label(job)

    @display(description="Last full sync")
    def last_full_sync(self, job: Job) -> str:
        return _format_datetime(job.state.last_full_sync_at)


@admin.register(Job)
class JobAdmin(BaseAdmin):
    """A job is made with its connection; a person sets its schedules and filters."""

    form = JobForm
    list_display = ("__str__", "state_text", "schedule_text", "partial_schedule", "next_full_at", "last_full_sync_at")
    list_filter = (
        "direction",
        ("data_type", ChoicesDropdownFilter),
        "enabled",
        "paused",
        ("connection", AutocompleteSelectFilter),
    )
    list_select_related = ("connection", "state")
    search_fields = ("connection__name", "connection__slug", "data_type")
    actions = ("sync_selected", "pause_selected", "resume_selected")
    actions_detail = ("sync_now", "preview", "compare", "pause", "resume")
    summary_fields = ("connection", "direction", "data_type", "state_text", "attention")
    progress_fields = (
        *("cut_at", "next_full_at", "next_partial_at", "next_comparison_at"),
        *("last_update_at", "last_full_sync_at", "last_success_at"),
    )
    readonly_fields = (*summary_fields, *progress_fields)
    editable_fields = (
        *("enabled", "full_schedule", "by_size", "partial_schedule", "comparison_schedule", "time_zone", "lookback"),
        "filters",
    )
    fieldsets = (
        (None, {"fields": summary_fields}),
        ("Schedule and filters", {"fields": editable_fields}),
        ("Progress", {"fields": progress_fields}),
    )

    def is_action_available(self, row: Job, action_name: str) -> bool:
        sends = row.enabled and row.direction == Direction.EXPORT
        return {
            "pause": not row.paused,
            "resume": row.paused,
            "sync_now": row.enabled,
            "preview": sends,
            "compare": sends and is_comparable(row),
        }[action_name]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @display(
        description="State",
        label={"waits for a person": "danger", "paused": "warning", "off": "default", "on": "success"},
    )
    def state_text(self, job: Job) -> str:
        if job.state.attention:
            return "waits for a person"
        if not job.enabled:
            return "off"
        return "paused" if job.paused or job.connection.paused_at else "on"

    @display(description="Full schedule", ordering="full_schedule")
    def schedule_text(self, job: Job) -> str:
        return _schedule_label(job)

    @display(description="What it waits for")
    def attention(self, job: Job) -> str:
        return job.state.attention or "-"

    @display(description="Read up to")
    def cut_at(self, job: Job) -> str:
        return _format_datetime(job.state.cut_at)

    @display(description="Next full sync", ordering="state__next_full_at")
    def next_full_at(self, job: Job) -> str:
        return _format_datetime(job.state.next_full_at)

    @display(description="Next partial sync")
    def next_partial_at(self, job: Job) -> str:
        return _format_datetime(job.state.next_partial_at)

    @display(description="Next comparison")
    def next_comparison_at(self, job: Job) -> str:
        return _format_datetime(job.state.next_comparison_at)

    @display(description="Last update")
    def last_update_at(self, job: Job) -> str:
        return _format_datetime(job.state.last_update_at)

    @display(description="Last full sync", ordering="state__last_full_sync_at")
    def last_full_sync_at(self, job: Job) -> str:
        return _format_datetime(job.state.last_full_sync_at)

    @display(description="Last success")
    def last_success_at(self, job: Job) -> str:
        return _format_datetime(job.state.last_success_at)

    def save_model(self, request: HttpRequest, obj: Job, form: forms.ModelForm, change: bool) -> None:
        # Only what the form changed: whether the job is paused may have been decided since the page was opened.
        obj.save(update_fields=sorted({*form.changed_data, "by_size"}))
        if obj.by_size and "by_size" in form.changed_data:
            update_size_schedules(now=timezone.now(), job=obj)
        if {"full_schedule", "partial_schedule", "comparison_schedule", "time_zone"} & set(form.changed_data):
            recompute_next_runs(job=obj)

    @admin.action(description="Sync now, in full", permissions=["operate"])
    def sync_selected(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        started = [_start(request, job) for job in jobs.select_related("connection__seller")]
        self.message_user(
            request, f"{sum(started)} syncs started, {len(started) - sum(started)} were under way or off."
        )

    @admin.action(description="Pause", permissions=["operate"])
    def pause_selected(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        for job in jobs.select_related("connection__seller"):
            pause_job(job=job, by=get_operator(request))
        self.message_user(request, "Paused. What changes meanwhile is kept.")

    @admin.action(description="Resume", permissions=["operate"])
    def resume_selected(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        for job in jobs.select_related("connection__seller"):
            resume_job(job=job, by=get_operator(request))
        self.message_user(request, "Resumed.")

    @action(
        description="Sync now",
        icon="sync",
        permissions=["operate"],
        dialog=confirm_dialog("Sync now?", "Everything is read or compared; what is unchanged costs no write.", "Sync"),
    )
    def sync_now(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        job = self.get_object_or_404(request, object_id)
        if _start(request, job):
            return self.redirect_to_object(request, job, "The sync has started.")
        return self.redirect_to_object(
            request, job, "A sync is under way already, or the job is off.", messages.WARNING
        )

    @action(
        description="Preview",
        icon="preview",
        permissions=["operate"],
        dialog=confirm_dialog("Look ahead?", "Shows what a sync would do, item by item. Nothing is sent.", "Preview"),
    )
    def preview(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._start_check(request, object_id, start_preview)

    @action(
        description="Compare now",
        icon="difference",
        permissions=["operate"],
        dialog=confirm_dialog("Compare now?", "Reads what the target holds, and shows what differs.", "Compare"),
    )
    def compare(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._start_check(request, object_id, start_comparison)

    def _start_check(
        self, request: HttpRequest, object_id: str, start: Callable[..., tuple[Run, bool]]
    ) -> HttpResponse:
        job = self.get_object_or_404(request, object_id)
        try:
            run, _ = start(job=job, by=get_operator(request))
        except ValueError as error:
            return self.redirect_to_object(request, job, str(error), messages.WARNING)
        return HttpResponseClientRedirect(reverse("admin:hub_run_change", args=[run.pk]))

    @action(
        description="Pause",
        icon="pause",
        permissions=["operate"],
        dialog=confirm_dialog("Pause this job?", "What changes meanwhile is kept and sent later.", "Pause", ReasonForm),
    )
    def pause(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        job = self.get_object_or_404(request, object_id)
        pause_job(job=job, by=get_operator(request), reason=form.cleaned_data["reason"])
        return self.redirect_to_object(request, job, "Paused.")

    @action(
        description="Resume",
        icon="play_arrow",
        permissions=["operate"],
        dialog=confirm_dialog("Resume this job?", "What collected meanwhile is worked on now.", "Resume", ReasonForm),
    )
    def resume(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        job = self.get_object_or_404(request, object_id)
        resume_job(job=job, by=get_operator(request), reason=form.cleaned_data["reason"])
        return self.redirect_to_object(request, job, "Resumed.")


def _start(request: HttpRequest, job: Job) -> bool:
    """Whether a run began now: not if one was under way, and not for a job that is off."""
    if not job.enabled or job.connection.state == Connection.State.UNINSTALLED:
        return False
    if job.connection.seller is not None and job.connection.seller.status == Seller.Status.DELETED:
        return False
    _, created = start_run(job=job, trigger=Run.Trigger.BUTTON, by=get_operator(request))
    return created
