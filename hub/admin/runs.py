"""Console pages of runs: their states, progress and log; cancel, approve, decline."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from accounts.operators import get_operator
from common.admin import Color, ReadOnlyAdmin, ReadOnlyInline, badge, confirmed_action
from hub import clock
from hub.durations import format_duration
from hub.models import Run, RunCounter, RunLogLine
from hub.services import answer_run, cancel_run

RUN_COLORS: dict[Run.State, Color] = {
    Run.State.QUEUED: "info",
    Run.State.PREPARING: "info",
    Run.State.PREPARED: "info",
    Run.State.SENDING: "info",
    Run.State.NEEDS_APPROVAL: "warning",
    Run.State.DONE: "success",
    Run.State.DONE_WITH_ERRORS: "warning",
    Run.State.FAILED: "danger",
    Run.State.CANCELLED: "default",
}


class CounterInline(ReadOnlyInline):
    model = RunCounter
    fields = ("kind", *(outcome.value for outcome in RunCounter.Outcome))
    ordering = ("kind",)


class RunStateFilter(DropdownFilter):
    """The states of runs, and all of those that have not finished."""

    title = _("status")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("Active")), *Run.State.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        chosen = self.value()
        if chosen is None:
            return queryset
        return queryset.filter(state__in=Run.OPEN if chosen == "open" else [chosen])


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """The sync history of all sellers, with previews and comparisons (B10)."""

    list_display = ("id", "job", "scope", "trigger", "state_text", "progress", "api_calls", "created_at", "duration")
    list_display_links = ("id", "job")
    list_filter = (
        RunStateFilter,
        "scope",
        ("trigger", ChoicesDropdownFilter),
        ("job", AutocompleteSelectFilter),
    )
    list_select_related = ("job__connection",)
    inlines = (CounterInline,)
    actions_detail = ("cancel", "approve", "decline")
    fieldsets = (
        (None, {"fields": ("job", "scope", "trigger", "state_text", "reason", "found_items")}),
        (_("Progress"), {"fields": ("progress", "api_calls", "resend")}),
        (
            _("Times"),
            {"fields": ("created_at", "started_at", "finished_at", "duration", "started_by", "started_after")},
        ),
        (_("Log"), {"fields": ("log_tail",)}),
    )

    @display(description=_("Status"))
    def state_text(self, run: Run) -> SafeString:
        is_different = run.scope == Run.Scope.COMPARISON and run.state == Run.State.DONE_WITH_ERRORS
        text = gettext("Differences found") if is_different else run.get_state_display()
        return badge(text, RUN_COLORS[Run.State(run.state)])

    @display(description=_("Progress"))
    def progress(self, run: Run) -> str:
        if run.total is None or run.remaining is None:
            return "-"
        done, total = run.total - run.remaining, run.total
        return gettext("%(done)s of %(total)s") % {"done": f"{done:,}", "total": f"{total:,}"}

    @display(description=_("Duration"))
    def duration(self, run: Run) -> str:
        if run.started_at is None:
            return "-"
        return format_duration((run.finished_at or clock.now()) - run.started_at)

    @display(description=_("Started after"))
    def started_after(self, run: Run) -> str:
        """The import whose changes this run exports."""
        return str(run.after or "-")

    @display(description=_("Results"))
    def found_items(self, run: Run) -> str:
        if run.is_sync:
            return "-"
        address = f"{reverse('admin:hub_runitem_changelist')}?run__id__exact={run.pk}"
        link = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'
        return format_html(link, address, gettext("View items"))

    @display(description=_("Latest 200 lines"))
    def log_tail(self, run: Run) -> str:
        lines = RunLogLine.objects.filter(run=run).order_by("-id")[:200]
        return render_to_string("admin/hub/run/log.html", {"lines": list(lines)[::-1]})

    @confirmed_action(
        _("Cancel run"),
        "cancel",
        _("Cancel this run?"),
        _("Items already sent are not reverted. Changes queued by webhooks stay in the queue."),
        _("Cancel run"),
    )
    def cancel(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        run = self.get_object_or_404(request, object_id)
        if cancel_run(run=run, by=get_operator(request)):
            return self.redirect_to_object(request, run, gettext("Run canceled."))
        return self.redirect_to_object(request, run, gettext("This run has already finished."), messages.WARNING)

    @confirmed_action(
        _("Approve"),
        "thumb_up",
        _("Approve this run?"),
        _("The run continues and makes the changes given as its reason."),
        _("Approve"),
    )
    def approve(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._answer(request, object_id, yes=True)

    @confirmed_action(
        _("Decline"),
        "thumb_down",
        _("Decline these changes?"),
        _("The run continues without the changes given as its reason."),
        _("Decline"),
    )
    def decline(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._answer(request, object_id, yes=False)

    def is_action_available(self, row: Run, action_name: str) -> bool:
        return row.is_open and (action_name == "cancel" or row.state == Run.State.NEEDS_APPROVAL)

    def _answer(self, request: HttpRequest, object_id: str, *, yes: bool) -> HttpResponse:
        run = self.get_object_or_404(request, object_id)
        try:
            answer_run(run=run, yes=yes, by=get_operator(request))
        except ValueError as error:
            return self.redirect_to_object(request, run, str(error), messages.WARNING)
        return self.redirect_to_object(request, run, gettext("Approved.") if yes else gettext("Declined."))
