"""Console pages of jobs: schedules and filters, which operators edit, and the progress of each job."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import display_for_value
from django.core.exceptions import ValidationError
from django.db.models import QuerySet, TextChoices
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from accounts.models import Seller
from accounts.operators import get_operator
from accounts.services import record_audit_event
from common.admin import (
    BaseAdmin,
    Color,
    ReadOnlyInline,
    ReasonForm,
    TimeZoneField,
    badge,
    confirmed_action,
)
from connectors.admin.job_filters import JobFiltersForm, filter_field_names
from connectors.engine.size_schedules import size_rule, update_size_schedules
from connectors.services.checks import is_comparable, start_comparison, start_preview
from hub import clock
from hub.kinds import Direction
from hub.models import Connection, Job, Run
from hub.services import pause_job, recompute_next_runs, resume_job, start_run


class JobStatus(TextChoices):
    """What the console shows for a job, derived from its settings, its state and its connection."""

    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    DISABLED = "disabled", _("Disabled")
    NEEDS_ATTENTION = "needs_attention", _("Needs attention")


JOB_COLORS: dict[JobStatus, Color] = {
    JobStatus.ACTIVE: "success",
    JobStatus.PAUSED: "warning",
    JobStatus.DISABLED: "default",
    JobStatus.NEEDS_ATTENTION: "danger",
}


def job_status(job: Job) -> JobStatus:
    if job.known_state.attention:
        return JobStatus.NEEDS_ATTENTION
    if not job.enabled:
        return JobStatus.DISABLED
    return JobStatus.PAUSED if job.paused or job.connection.paused_at else JobStatus.ACTIVE


def _status_badge(job: Job) -> SafeString:
    status = job_status(job)
    return badge(status.label, JOB_COLORS[status])


def _format_datetime(at: datetime | None, absent: str = "-") -> str:
    """A localized datetime, as in Django's lists; pages of one row would show the raw value."""
    return str(display_for_value(at, absent))


def _schedule_label(job: Job) -> str:
    if not job.full_schedule:
        return gettext("Manual")
    return gettext("%(schedule)s (auto)") % {"schedule": job.full_schedule} if job.by_size else job.full_schedule


class JobForm(JobFiltersForm):
    time_zone = TimeZoneField(label=_("Time zone"), help_text=_("Time zone of crontab schedules."))

    class Meta:
        labels = {"partial_schedule": _("Incremental schedule")}
        # Those of the model are written for the API: with code in backticks.
        help_texts = {
            "full_schedule": _(
                "When to run a full sync: an interval such as 1d or 6h, or a crontab such as 0 3 * * *. "
                "Leave empty to run it manually."
            ),
            "partial_schedule": _("Imports: when to run an incremental sync, for example 15m."),
            "comparison_schedule": _(
                "Exports: when to compare the platform's data with SyncCenter, for example 1w. "
                "Leave empty to compare manually."
            ),
        }

    def clean_by_size(self) -> bool:
        """Editing the full schedule turns the automatic one off; it can be turned on again."""
        wanted: bool = self.cleaned_data["by_size"]
        if not wanted or "by_size" not in self.changed_data:
            return wanted and "full_schedule" not in self.changed_data
        if size_rule(self.instance) is None:
            raise ValidationError(gettext("This platform has no automatic schedules. Enter a full schedule instead."))
        return True

    def clean_comparison_schedule(self) -> str:
        schedule: str = self.cleaned_data["comparison_schedule"]
        if schedule and not is_comparable(self.instance):
            message = gettext(
                "Comparison isn't supported: this platform doesn't let us read this data. Leave it empty."
            )
            raise ValidationError(message)
        return schedule


class JobInline(ReadOnlyInline):
    model = Job
    fields = ("direction", "data_type", "state_text", "schedule_text", "incremental_schedule", "last_full_sync")
    # The title holds the link to the job's page.
    hide_title = False
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).select_related("state", "connection")

    @display(description=_("Status"))
    def state_text(self, job: Job) -> SafeString:
        return _status_badge(job)

    @display(description=_("Full schedule"))
    def schedule_text(self, job: Job) -> str:
        return _schedule_label(job)

    @display(description=_("Incremental schedule"))
    def incremental_schedule(self, job: Job) -> str:
        return job.partial_schedule or "-"

    @display(description=_("Last full sync"))
    def last_full_sync(self, job: Job) -> str:
        return _format_datetime(job.known_state.last_full_sync_at, gettext("Not run yet"))


@admin.register(Job)
class JobAdmin(BaseAdmin):
    """Jobs are created with their connection; operators edit their schedules and filters."""

    form = JobForm
    list_display = (
        "__str__",
        "state_text",
        "schedule_text",
        "incremental_schedule",
        "next_full_at",
        "last_full_sync_at",
    )
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
    )

    def get_fieldsets(self, request: HttpRequest, obj: Job | None = None) -> Any:
        names = filter_field_names(obj) if obj else []
        return (
            (None, {"fields": self.summary_fields}),
            (_("Schedule"), {"fields": self.editable_fields}),
            *([(_("Filters"), {"fields": names})] if names else []),
            (_("Progress"), {"fields": self.progress_fields}),
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The effect of changed filters is a question, not an error."""
        form = context["adminform"].form
        if isinstance(form, JobForm) and form.only_asks:
            self.message_user(request, form.effect, messages.INFO)
            form.errors.clear()
            context["errors"] = []
        return super().render_change_form(request, context, *args, **kwargs)

    def is_action_available(self, row: Job, action_name: str) -> bool:
        sends = row.enabled and row.direction == Direction.EXPORT
        return {
            "pause": not row.paused,
            "resume": row.paused,
            "sync_now": row.enabled,
            "preview": True,
            "compare": sends and is_comparable(row),
        }[action_name]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @display(description=_("Incremental schedule"))
    def incremental_schedule(self, job: Job) -> str:
        return job.partial_schedule or "-"

    @display(description=_("Status"))
    def state_text(self, job: Job) -> SafeString:
        return _status_badge(job)

    @display(description=_("Full schedule"), ordering="full_schedule")
    def schedule_text(self, job: Job) -> str:
        return _schedule_label(job)

    @display(description=_("Needs attention because"))
    def attention(self, job: Job) -> str:
        return job.known_state.attention or "-"

    @display(description=_("Imported up to"))
    def cut_at(self, job: Job) -> str:
        return _format_datetime(job.known_state.cut_at)

    @display(description=_("Next full sync"), ordering="state__next_full_at")
    def next_full_at(self, job: Job) -> str:
        return _format_datetime(job.known_state.next_full_at)

    @display(description=_("Next incremental sync"))
    def next_partial_at(self, job: Job) -> str:
        return _format_datetime(job.known_state.next_partial_at)

    @display(description=_("Next comparison"))
    def next_comparison_at(self, job: Job) -> str:
        return _format_datetime(job.known_state.next_comparison_at)

    @display(description=_("Last change synced"))
    def last_update_at(self, job: Job) -> str:
        return _format_datetime(job.known_state.last_update_at, gettext("Not run yet"))

    @display(description=_("Last full sync"), ordering="state__last_full_sync_at")
    def last_full_sync_at(self, job: Job) -> str:
        return _format_datetime(job.known_state.last_full_sync_at, gettext("Not run yet"))

    @display(description=_("Last successful run"))
    def last_success_at(self, job: Job) -> str:
        return _format_datetime(job.known_state.last_success_at, gettext("Not run yet"))

    def save_model(self, request: HttpRequest, obj: Job, form: forms.ModelForm, change: bool) -> None:
        # Only the changed fields, because the job may have been paused since the form was opened.
        own = {field.name for field in Job._meta.concrete_fields}
        changed = {name if name in own else "filters" for name in form.changed_data}
        obj.save(update_fields=sorted({*changed, "by_size"}))
        record_audit_event(
            user=get_operator(request),
            action="job.save",
            target=f"job {obj.pk}",
            seller=obj.connection.seller,
            fields=sorted(changed),
        )
        if obj.by_size and "by_size" in form.changed_data:
            update_size_schedules(now=clock.now(), job=obj)
        if {"full_schedule", "partial_schedule", "comparison_schedule", "time_zone"} & set(form.changed_data):
            recompute_next_runs(job=obj)

    @admin.action(description=_("Start full sync"), permissions=["operate"])
    def sync_selected(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        results = [_start(request, job) for job in jobs.select_related("connection__seller")]
        started, skipped = results.count(True), results.count(False)
        message = ngettext("%(count)d sync started.", "%(count)d syncs started.", started) % {"count": started}
        if skipped:
            text = ngettext(
                "%(count)d job skipped: already running or disabled.",
                "%(count)d jobs skipped: already running or disabled.",
                skipped,
            )
            message = f"{message} {text % {'count': skipped}}"
        self.message_user(request, message)

    @admin.action(description=_("Pause"), permissions=["operate"])
    def pause_selected(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        for job in jobs.select_related("connection__seller"):
            pause_job(job=job, by=get_operator(request))
        self.message_user(request, gettext("Paused. Changes are queued and sync when you resume."))

    @admin.action(description=_("Resume"), permissions=["operate"])
    def resume_selected(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        for job in jobs.select_related("connection__seller"):
            resume_job(job=job, by=get_operator(request))
        self.message_user(request, gettext("Resumed."))

    @confirmed_action(
        _("Sync now"), "sync", _("Start a full sync?"), _("Unchanged items are not sent again."), _("Start sync")
    )
    def sync_now(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        job = self.get_object_or_404(request, object_id)
        if _start(request, job):
            return self.redirect_to_object(request, job, gettext("Sync started."))
        message = gettext("Not started: a sync is already running, or the job is disabled.")
        return self.redirect_to_object(request, job, message, messages.WARNING)

    @confirmed_action(
        _("Preview"),
        "preview",
        _("Run a preview?"),
        _("Shows what a sync would change, per item. Nothing is imported or sent."),
        _("Run preview"),
    )
    def preview(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._start_check(request, object_id, start_preview)

    @confirmed_action(
        _("Compare"),
        "difference",
        _("Run a comparison?"),
        _("Reads the platform's data and shows where it differs from SyncCenter. Nothing is sent."),
        _("Compare"),
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

    @confirmed_action(
        _("Pause"),
        "pause",
        _("Pause this job?"),
        _("Changes are queued and sync when you resume."),
        _("Pause"),
        form=ReasonForm,
    )
    def pause(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        job = self.get_object_or_404(request, object_id)
        pause_job(job=job, by=get_operator(request), reason=form.cleaned_data["reason"])
        return self.redirect_to_object(request, job, gettext("Paused."))

    @confirmed_action(
        _("Resume"),
        "play_arrow",
        _("Resume this job?"),
        _("Queued changes start syncing."),
        _("Resume"),
        form=ReasonForm,
    )
    def resume(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        job = self.get_object_or_404(request, object_id)
        resume_job(job=job, by=get_operator(request), reason=form.cleaned_data["reason"])
        return self.redirect_to_object(request, job, gettext("Resumed."))


def _start(request: HttpRequest, job: Job) -> bool:
    """Starts a full sync. False if one is already running, or if job, connection or seller are disabled."""
    if not job.enabled or job.connection.state == Connection.State.UNINSTALLED:
        return False
    if job.connection.seller is not None and job.connection.seller.status == Seller.Status.DELETED:
        return False
    _, created = start_run(job=job, trigger=Run.Trigger.BUTTON, by=get_operator(request))
    return created
