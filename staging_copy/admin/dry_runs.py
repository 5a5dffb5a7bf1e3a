"""Console pages of dry runs of copies: progress, and the report or the reason why a copy would fail."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.operators import get_operator
from common.admin import Color, badge, confirmed_action
from staging_copy import services
from staging_copy.admin.access import CopierAccess
from staging_copy.admin.run_pages import RunPages
from staging_copy.models import DryRun

STATE_COLORS: dict[DryRun.State, Color] = {
    DryRun.State.PLANNED: "info",
    DryRun.State.RUNNING: "info",
    DryRun.State.PASSED: "success",
    DryRun.State.FAILED: "danger",
    DryRun.State.CANCELLED: "default",
}


@admin.register(DryRun)
class DryRunAdmin(CopierAccess, RunPages):
    empty_text = _("A dry run does everything but the switchover. Start one under Copies, with Add copy.")
    list_display = ("id", "state_text", "backup", "backup_time", "started", "requested_by", "duration")
    list_filter = ("state",)
    list_select_related = ("backup", "requested_by")
    fieldsets = (
        (None, {"fields": ("state_text", "problem", "progress_text")}),
        (_("Details"), {"fields": ("backup", "backup_time", "requested_by", "journal")}),
        (_("Times"), {"fields": ("started", "finished", "duration")}),
    )
    actions_detail = ("show_report", "cancel")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # the page that starts a copy starts them

    def get_queryset(self, request: HttpRequest) -> QuerySet[DryRun]:
        return super().get_queryset(request).select_related("backup", "requested_by")

    def is_action_available(self, row: DryRun, action_name: str) -> bool:
        if action_name == "show_report":
            return bool(row.report)
        return row.state in (DryRun.State.PLANNED, DryRun.State.RUNNING)

    @display(description=_("Status"))
    def state_text(self, dry_run: DryRun) -> SafeString:
        return badge(dry_run.get_state_display(), STATE_COLORS[DryRun.State(dry_run.state)])

    @confirmed_action(
        _("Cancel dry run"), "cancel", _("Cancel this dry run?"), _("Staging is not changed."), _("Cancel dry run")
    )
    def cancel(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        dry_run = self.get_object_or_404(request, object_id)
        if not services.cancel_dry_run(dry_run=dry_run, by=get_operator(request)):
            return self.redirect_to_object(request, dry_run, gettext("It has ended already."), messages.WARNING)
        return self.redirect_to_object(request, dry_run, gettext("Dry run canceled."))
