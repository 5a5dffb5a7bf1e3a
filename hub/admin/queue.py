"""Console pages of the engine's state: runs, queued changes, lanes, links, workers. Only services write these rows."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import display_for_value
from django.db.models import Q, QuerySet, TextChoices
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display

from accounts.operators import get_operator
from common.admin import (
    BaseAdmin,
    Color,
    ReadOnlyAdmin,
    ReadOnlyInline,
    as_json,
    badge,
    confirm_dialog,
)
from hub import clock
from hub.durations import format_duration
from hub.kinds import Kind
from hub.models import Change, Connection, Job, Lane, Link, Master, RateBudget, Run, RunCounter, RunLogLine, Worker
from hub.services import answer_run, cancel_run, reset_budgets, reset_waits, retry_changes

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


class LaneStatus(TextChoices):
    """What a lane is doing, derived from its lease and its times."""

    RUNNING = "running", _("Running")
    WORKER_LOST = "worker_lost", _("Worker lost")
    PAUSED = "paused", _("Paused")
    BACKING_OFF = "backing_off", _("Backing off")
    QUEUED = "queued", _("Queued")
    IDLE = "idle", _("Idle")


LANE_COLORS: dict[LaneStatus, Color] = {
    LaneStatus.RUNNING: "success",
    LaneStatus.WORKER_LOST: "danger",
    LaneStatus.PAUSED: "warning",
    LaneStatus.BACKING_OFF: "danger",
    LaneStatus.QUEUED: "info",
    LaneStatus.IDLE: "default",
}


def lane_status(lane: Lane) -> LaneStatus:
    now = clock.now()
    if lane.lease_until is not None:
        return LaneStatus.RUNNING if lane.lease_until > now else LaneStatus.WORKER_LOST
    if lane.paused:
        return LaneStatus.PAUSED
    if lane.rest_until is not None and lane.rest_until > now:
        return LaneStatus.BACKING_OFF
    return LaneStatus.QUEUED if lane.due else LaneStatus.IDLE


def item_filter(term: str) -> dict[str, Any] | None:
    """`product:17` as filters on kind and ID; None for any other text."""
    kind, _, number = term.strip().rpartition(":")
    return {"kind": kind, "item_id": int(number)} if kind and number.isdecimal() and len(number) < 19 else None


class ItemSearchMixin:
    """Search by item (`kind:id`), for which each table with items has an index."""

    search_fields = ("item_id",)
    search_help_text = _("Search by ID, for example product:17")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        item = item_filter(search_term)
        return (queryset.filter(**item) if item else queryset.none()), False


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

    @action(
        description=_("Cancel run"),
        icon="cancel",
        permissions=["operate"],
        dialog=confirm_dialog(
            _("Cancel this run?"),
            _("Items already sent are not reverted. Changes queued by webhooks stay in the queue."),
            _("Cancel run"),
        ),
    )
    def cancel(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        run = self.get_object_or_404(request, object_id)
        if cancel_run(run=run, by=get_operator(request)):
            return self.redirect_to_object(request, run, gettext("Run canceled."))
        return self.redirect_to_object(request, run, gettext("This run has already finished."), messages.WARNING)

    @action(
        description=_("Approve"),
        icon="thumb_up",
        permissions=["operate"],
        dialog=confirm_dialog(
            _("Approve this run?"), _("The run continues and makes the changes given as its reason."), _("Approve")
        ),
    )
    def approve(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._answer(request, object_id, yes=True)

    @action(
        description=_("Decline"),
        icon="thumb_down",
        permissions=["operate"],
        dialog=confirm_dialog(
            _("Decline these changes?"), _("The run continues without the changes given as its reason."), _("Decline")
        ),
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


class FailureFilter(DropdownFilter):
    """Why changes wait. Limited to held and delayed ones, which have partial indexes."""

    title = _("failure")
    parameter_name = "failure"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(kind.value, str(kind.label)) for kind in Change.FailureKind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Change]) -> QuerySet[Change]:
        if not self.value():
            return queryset
        waiting = Q(state=Change.State.HELD) | Q(state=Change.State.DELAYED)
        return queryset.filter(waiting, failure_kind=self.value())


@admin.register(Change)
class ChangeAdmin(ItemSearchMixin, ReadOnlyAdmin):
    """The queue. Held changes can be retried one by one, by filter, or all at once."""

    list_display = ("item", "job", "state", "attempts", "failure_kind", "problem", "not_before", "created_at")
    list_filter = (("state", ChoicesDropdownFilter), ("job", AutocompleteSelectFilter), FailureFilter)
    list_select_related = ("job__connection",)
    actions = ("retry",)
    fields = (
        *("item", "job", "lane", "run", "state", "priority", "attempts", "not_before", "sent_at", "created_at"),
        *("failure_kind", "last_error"),
    )
    BATCH_SIZE = 5000

    @display(description=_("Item"))
    def item(self, change: Change) -> str:
        return f"{change.kind}:{change.item_id}"

    @display(description=_("Last error"))
    def problem(self, change: Change) -> str:
        return change.last_error[:120]

    @admin.action(description=_("Retry now (select all to include every match)"), permissions=["operate"])
    def retry(self, request: HttpRequest, changes: QuerySet[Change]) -> None:
        """Retries in batches, because a filter may match a million changes."""
        ids = changes.exclude(state=Change.State.READY).order_by().values_list("pk", flat=True).iterator()
        retried = 0
        while batch := list(islice(ids, self.BATCH_SIZE)):
            retried += retry_changes(changes=Change.objects.filter(pk__in=batch), by=get_operator(request))
        message = ngettext("Retrying %(count)s change.", "Retrying %(count)s changes.", retried)
        self.message_user(request, message % {"count": f"{retried:,}"})


@admin.register(Lane)
class LaneAdmin(ReadOnlyAdmin):
    list_display = (
        "__str__",
        "state_text",
        "leased_by",
        "lease_until",
        "backing_off_until",
        "next_retry",
        "failures",
        "crashes",
    )
    list_filter = ("due", "paused", ("connection", AutocompleteSelectFilter))
    list_select_related = ("connection",)
    actions = ("reset_wait",)
    search_fields = ("name", "connection__name", "connection__slug")
    fields = (
        *(
            "connection",
            "name",
            "shard",
            "state_text",
            "leased_by",
            "lease_until",
            "epoch",
            "next_retry",
            "backing_off_until",
        ),
        *("failures", "crashes", "batch_limit", "jobs_served"),
    )

    @display(description=_("Status"))
    def state_text(self, lane: Lane) -> SafeString:
        status = lane_status(lane)
        return badge(status.label, LANE_COLORS[status])

    @admin.action(description=_("Reset wait: make calls at once"), permissions=["operate"])
    def reset_wait(self, request: HttpRequest, rested: QuerySet[Lane]) -> None:
        number = reset_waits(rested=rested, by=get_operator(request))
        message = ngettext("Reset the wait of %(count)s lane.", "Reset the wait of %(count)s lanes.", number)
        self.message_user(request, message % {"count": number})

    @display(description=_("Backing off until"), ordering="rest_until")
    def backing_off_until(self, lane: Lane) -> str:
        return str(display_for_value(lane.rest_until, "-"))

    @display(description=_("Next retry"), ordering="wake_at")
    def next_retry(self, lane: Lane) -> str:
        return str(display_for_value(lane.wake_at, "-"))

    @display(description=_("Jobs"))
    def jobs_served(self, lane: Lane) -> str:
        jobs = Job.objects.filter(connection=lane.connection_id, lane_ids__contains=[lane.pk])
        return ", ".join(map(str, jobs.select_related("connection").order_by("pk"))) or "-"


@admin.register(Link)
class LinkAdmin(ReadOnlyAdmin):
    """External IDs of items, and the last payloads received and sent for each (S7)."""

    list_display = ("kind", "external_id", "item_id", "connection", "missing", "fetched_at", "sent_at")
    list_display_links = ("external_id",)
    list_filter = (("connection", AutocompleteSelectFilter),)
    list_select_related = ("connection",)
    search_fields = ("external_id",)
    search_help_text = _(
        "Search by external ID, or by kind and ID (external or ours), for example product:17 or category@2:17"
    )
    fields = (
        *("connection", "kind", "external_id", "item_id", "missing", "source_updated_at", "fetched_at", "sent_at"),
        *("received", "previous", "sent"),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Link], search_term: str
    ) -> tuple[QuerySet[Link], bool]:
        """The unique index starts with connection and kind, so the query lists all connections and all kinds."""
        if not search_term:
            return queryset, False
        within = Connection.objects.order_by().values_list("pk", flat=True)
        kind, _, name = search_term.rpartition(":")
        found = Q(connection__in=list(within), kind__in=[kind] if kind else Kind.values, external_id=name)
        if item := item_filter(search_term):
            found |= Q(**item)
        return queryset.filter(found), False

    @display(description=_("Last payload received"))
    def received(self, link: Link) -> str:
        return self._payload(link, "received")

    @display(description=_("Previous payload received"))
    def previous(self, link: Link) -> str:
        return self._payload(link, "previous")

    @display(description=_("Last payload sent"))
    def sent(self, link: Link) -> str:
        return self._payload(link, "sent")

    def _payload(self, link: Link, which: str) -> str:
        payload = getattr(link, "payload", None)
        return as_json(payload and getattr(payload, which))


@admin.register(Master)
class MasterAdmin(BaseAdmin):
    """Which connection is the source of truth, per seller and group of fields (L17)."""

    list_display = ("seller", "group", "connection")
    list_filter = ("group", ("seller", AutocompleteSelectFilter))
    list_select_related = ("seller", "connection")
    autocomplete_fields = ("seller", "connection")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_operate_permission(request)


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("name", "started_at", "seen_at", "clock_ahead_seconds")


@admin.register(RateBudget)
class RateBudgetAdmin(ReadOnlyAdmin):
    list_display = ("key", "tokens", "updated_at", "blocked_until")
    actions = ("reset_wait",)

    @admin.action(description=_("Reset wait: let requests through at once"), permissions=["operate"])
    def reset_wait(self, request: HttpRequest, blocked: QuerySet[RateBudget]) -> None:
        number = reset_budgets(blocked=blocked, by=get_operator(request))
        message = ngettext("Reset the wait of %(count)s budget.", "Reset the wait of %(count)s budgets.", number)
        self.message_user(request, message % {"count": number})
