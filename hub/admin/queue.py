"""The console's pages about work: runs, changes, lanes, links. Working state is looked at, never edited."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display

from accounts.admin_base import BaseAdmin, ReadOnlyAdmin, ReadOnlyInline, as_json, confirm_dialog, get_operator
from hub.kinds import Kind
from hub.models import Change, Connection, Job, Lane, Link, Master, RateBudget, Run, RunCounter, RunLogLine, Worker
from hub.services import answer_run, cancel_run, retry_changes

RUN_LABELS = {
    "waiting for a worker": "info",
    "preparing": "info",
    "prepared, nothing sent yet": "info",
    "running": "info",
    "waiting for your answer": "warning",
    "ended well": "success",
    "ended with some errors": "warning",
    "differences found": "warning",
    "failed": "danger",
}


def item_filter(term: str) -> dict[str, Any] | None:
    """`product:17` as a condition on an item's kind and id; None for anything else."""
    kind, _, number = term.strip().rpartition(":")
    return {"kind": kind, "item_id": int(number)} if kind and number.isdecimal() and len(number) < 19 else None


class ItemSearchMixin:
    """Search by item, `kind:id`, which every table about items has an index for."""

    search_fields = ("item_id",)
    search_help_text = "An item, as in product:17"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        item = item_filter(search_term)
        return (queryset.filter(**item) if item else queryset.none()), False


class CounterInline(ReadOnlyInline):
    model = RunCounter
    fields = ("kind", *RunCounter.OUTCOMES)
    ordering = ("kind",)


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """The activity register of everybody (B10)."""

    list_display = ("id", "job", "scope", "trigger", "state_text", "progress", "api_calls", "created_at", "duration")
    list_display_links = ("id", "job")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        "scope",
        ("trigger", ChoicesDropdownFilter),
        ("job", AutocompleteSelectFilter),
    )
    list_select_related = ("job__connection",)
    inlines = (CounterInline,)
    actions_detail = ("cancel", "approve", "decline")
    fieldsets = (
        (None, {"fields": ("job", "scope", "trigger", "state_text", "reason", "found_items")}),
        ("How far", {"fields": ("progress", "api_calls", "resend")}),
        ("When", {"fields": ("created_at", "started_at", "finished_at", "duration", "started_by", "after")}),
        ("Log", {"fields": ("log_tail",)}),
    )

    @display(description="State", label=RUN_LABELS)
    def state_text(self, run: Run) -> str:
        if run.scope == Run.Scope.COMPARISON and run.state == Run.State.DONE_WITH_ERRORS:
            return "differences found"
        return run.get_state_display()

    @display(description="Done")
    def progress(self, run: Run) -> str:
        if run.total is None or run.remaining is None:
            return "-"
        return f"{run.total - run.remaining:,} of {run.total:,}"

    @display(description="Duration")
    def duration(self, run: Run) -> str:
        if run.started_at is None:
            return "-"
        return str((run.finished_at or timezone.now()) - run.started_at).split(".")[0]

    @display(description="What it found")
    def found_items(self, run: Run) -> str:
        if run.is_sync:
            return "-"
        address = f"{reverse('admin:hub_runitem_changelist')}?run__id__exact={run.pk}"
        return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">Item by item</a>', address)

    @display(description="The last 200 lines")
    def log_tail(self, run: Run) -> str:
        lines = RunLogLine.objects.filter(run=run).order_by("-id")[:200]
        return render_to_string("admin/hub/run/log.html", {"lines": list(lines)[::-1]})

    @action(
        description="Cancel",
        icon="cancel",
        permissions=["operate"],
        dialog=confirm_dialog(
            "Cancel this run?", "What was sent stays sent; what events asked for stays in the queue.", "Cancel the run"
        ),
    )
    def cancel(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        run = self.get_object_or_404(request, object_id)
        if cancel_run(run=run, by=get_operator(request)):
            return self.redirect_to_object(request, run, "Cancelled.")
        return self.redirect_to_object(request, run, "This run had ended before.", messages.WARNING)

    @action(
        description="Answer yes",
        icon="thumb_up",
        permissions=["operate"],
        dialog=confirm_dialog("Let it go on?", "The run does what its reason says it would do.", "Go on"),
    )
    def approve(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._answer(request, object_id, yes=True)

    @action(
        description="Answer no",
        icon="thumb_down",
        permissions=["operate"],
        dialog=confirm_dialog("Leave that out?", "The run goes on without what it asks about.", "Leave it out"),
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
        return self.redirect_to_object(request, run, "The run goes on.")


class ErrorClassFilter(DropdownFilter):
    """The classes of the errors that are waiting, found by the partial indexes of those that wait."""

    title = "error class"
    parameter_name = "error_class"
    SAMPLE_SIZE = 5000

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        held = Change.objects.filter(state=Change.State.HELD).order_by("job", "id")
        delayed = Change.objects.filter(state=Change.State.DELAYED).order_by("not_before")
        found = {
            name for some in (held, delayed) for name in some.values_list("error_class", flat=True)[: self.SAMPLE_SIZE]
        }
        return [(name, name) for name in sorted(found) if name]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Change]) -> QuerySet[Change]:
        if not self.value():
            return queryset
        waiting = Q(state=Change.State.HELD) | Q(state=Change.State.DELAYED)
        return queryset.filter(waiting, error_class=self.value())


@admin.register(Change)
class ChangeAdmin(ItemSearchMixin, ReadOnlyAdmin):
    """The queue. What waits for a person is retried one by one, by filter, or all."""

    list_display = ("item", "job", "state", "attempts", "error_class", "problem", "not_before", "created_at")
    list_filter = (("state", ChoicesDropdownFilter), ("job", AutocompleteSelectFilter), ErrorClassFilter)
    list_select_related = ("job__connection",)
    actions = ("retry",)
    fields = (
        *("item", "job", "lane", "run", "state", "priority", "attempts", "not_before", "sent_at", "created_at"),
        *("error_class", "last_error"),
    )
    BATCH_SIZE = 5000

    @display(description="Item")
    def item(self, change: Change) -> str:
        return f"{change.kind}:{change.item_id}"

    @display(description="Last error")
    def problem(self, change: Change) -> str:
        return change.last_error[:120]

    @admin.action(
        description="Retry now (select all to take everything that the filters leave)", permissions=["operate"]
    )
    def retry(self, request: HttpRequest, changes: QuerySet[Change]) -> None:
        """Batch by batch, since there may be a million."""
        ids = changes.exclude(state=Change.State.READY).order_by().values_list("pk", flat=True).iterator()
        retried = 0
        while batch := list(islice(ids, self.BATCH_SIZE)):
            retried += retry_changes(changes=Change.objects.filter(pk__in=batch), by=get_operator(request))
        self.message_user(request, f"{retried} changes are tried again now.")


@admin.register(Lane)
class LaneAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "state_text", "leased_by", "lease_until", "rest_until", "wake_at", "failures", "crashes")
    list_filter = ("due", "paused", ("connection", AutocompleteSelectFilter))
    list_select_related = ("connection",)
    search_fields = ("name", "connection__name", "connection__slug")
    fields = (
        *("connection", "name", "shard", "state_text", "leased_by", "lease_until", "epoch", "wake_at", "rest_until"),
        *("failures", "crashes", "batch_limit", "jobs_served"),
    )

    @display(
        description="State",
        label={"at work": "success", "due": "info", "resting after failures": "danger", "paused": "warning"},
    )
    def state_text(self, lane: Lane) -> str:
        if lane.lease_until is not None:
            return "at work" if lane.lease_until > timezone.now() else "its worker was lost"
        if lane.paused:
            return "paused"
        if lane.rest_until is not None and lane.rest_until > timezone.now():
            return "resting after failures"
        return "due" if lane.due else "idle"

    @display(description="Jobs")
    def jobs_served(self, lane: Lane) -> str:
        jobs = Job.objects.filter(connection=lane.connection_id, lane_ids__contains=[lane.pk])
        return ", ".join(map(str, jobs.select_related("connection"))) or "-"


@admin.register(Link)
class LinkAdmin(ReadOnlyAdmin):
    """What is what elsewhere, and what was exchanged about it (S7)."""

    list_display = ("kind", "external_id", "item_id", "connection", "missing", "fetched_at", "sent_at")
    list_display_links = ("external_id",)
    list_filter = (("connection", AutocompleteSelectFilter),)
    list_select_related = ("connection",)
    search_fields = ("external_id",)
    search_help_text = "An external id; or kind:id, as in product:17 or category@2:17, for our own id or theirs"
    fields = (
        *("connection", "kind", "external_id", "item_id", "missing", "source_updated_at", "fetched_at", "sent_at"),
        *("received", "previous", "sent"),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Link], search_term: str
    ) -> tuple[QuerySet[Link], bool]:
        """By index: external ids are unique within a connection and a kind, so both are spelt out."""
        if not search_term:
            return queryset, False
        within = Connection.objects.order_by().values_list("pk", flat=True)
        kind, _, name = search_term.rpartition(":")
        found = Q(connection__in=list(within), kind__in=[kind] if kind else Kind.values, external_id=name)
        if item := item_filter(search_term):
            found |= Q(**item)
        return queryset.filter(found), False

    @display(description="Last received")
    def received(self, link: Link) -> str:
        return self._payload(link, "received")

    @display(description="Received before that")
    def previous(self, link: Link) -> str:
        return self._payload(link, "previous")

    @display(description="Last sent")
    def sent(self, link: Link) -> str:
        return self._payload(link, "sent")

    def _payload(self, link: Link, which: str) -> str:
        payload = getattr(link, "payload", None)
        return as_json(payload and getattr(payload, which))


@admin.register(Master)
class MasterAdmin(BaseAdmin):
    """Who wins a conflict, per group of fields (L17)."""

    list_display = ("seller", "group", "connection")
    list_filter = ("group", ("seller", AutocompleteSelectFilter))
    list_select_related = ("seller", "connection")
    autocomplete_fields = ("seller", "connection")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_operate_permission(request)


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("name", "started_at", "seen_at")


@admin.register(RateBudget)
class RateBudgetAdmin(ReadOnlyAdmin):
    list_display = ("key", "tokens", "updated_at", "blocked_until")
