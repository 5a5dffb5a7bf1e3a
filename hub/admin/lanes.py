"""Console pages of what limits and does the work: lanes, workers, rate budgets."""

from django.contrib import admin
from django.contrib.admin.utils import display_for_value
from django.db.models import QuerySet, TextChoices
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from accounts.operators import get_operator
from common.admin import Color, ReadOnlyAdmin, badge
from hub import clock
from hub.models import Job, Lane, RateBudget, Worker
from hub.services import reset_budgets, reset_waits


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


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ("name", "started_at", "seen_at", "clock_ahead_seconds")


@admin.register(RateBudget)
class RateBudgetAdmin(ReadOnlyAdmin):
    list_display = ("key", "tokens_left", "updated_at", "blocked_until")
    fields = list_display
    actions = ("reset_wait",)

    @display(description=_("Calls left"))
    def tokens_left(self, budget: RateBudget) -> str:
        return f"{budget.tokens:,.0f}"

    @admin.action(description=_("Reset wait: let requests through at once"), permissions=["operate"])
    def reset_wait(self, request: HttpRequest, blocked: QuerySet[RateBudget]) -> None:
        number = reset_budgets(blocked=blocked, by=get_operator(request))
        message = ngettext("Reset the wait of %(count)s budget.", "Reset the wait of %(count)s budgets.", number)
        self.message_user(request, message % {"count": number})
