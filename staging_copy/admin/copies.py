"""Console pages of live-to-staging copies: start or schedule one, follow its progress, answer its check, roll back."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.operators import get_operator
from common.admin import Color, badge, confirmed_action
from hub import lanes
from staging_copy import report, requested_actions, services
from staging_copy.admin.access import CopierAccess
from staging_copy.admin.copy_reports import CopyReports
from staging_copy.admin.formatting import format_utc
from staging_copy.admin.start_form import StartForm
from staging_copy.copying.config import Config
from staging_copy.copying.preflight import PreflightFailed
from staging_copy.models import Backup, Copy

STATE_COLORS: dict[Copy.State, Color] = {
    Copy.State.PLANNED: "info",
    Copy.State.RUNNING: "info",
    Copy.State.CHECKING: "info",
    Copy.State.ASKING: "warning",
    Copy.State.UNCHECKED: "warning",
    Copy.State.DONE: "success",
    Copy.State.FAILED: "danger",
    Copy.State.ROLLED_BACK: "warning",
    Copy.State.CANCELLED: "default",
}


@admin.register(Copy)
class CopyAdmin(CopierAccess, CopyReports):
    list_display = ("id", "state_text", "backup", "backup_time", "starts", "schedule", "requested_by", "duration")
    list_filter = ("state", "schedule")
    list_select_related = ("backup", "schedule", "requested_by")
    fieldsets = (
        (None, {"fields": ("state_text", "problem", "progress_text", "question_text")}),
        (_("Details"), {"fields": ("backup", "backup_time", "schedule", "requested_by", "journal")}),
        (_("Times"), {"fields": ("starts", "started", "finished", "duration")}),
    )
    actions_detail = ("approve", "decline", "show_report", "show_samples", "check_again", "roll_back", "cancel")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_operate_permission(request)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Start a dry run or a copy, or schedule a copy; the copier does the work."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        try:
            target = Config.from_settings().staging
        except PreflightFailed as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect("admin:staging_copy_copy_changelist")
        form = StartForm(request.POST or None, target_name=target.name)
        if request.method == "POST" and form.is_valid():
            start = self._start if "start" in request.POST else self._start_dry_run
            try:
                return start(request, form.cleaned_data)
            except PreflightFailed as error:
                form.add_error(None, str(error))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Copy live to staging"),
            "opts": self.opts,
            "form": form,
            "target": target.name,
            "latest": services.latest_backup(),
            "under_way": Copy.objects.filter(state__in=Copy.UNDER_WAY).first(),
        }
        return TemplateResponse(request, "admin/staging_copy/copy/start.html", context)

    def _start(self, request: HttpRequest, start_data: dict[str, Any]) -> HttpResponse:
        at: datetime | None = start_data["at"]
        backup: Backup | None = start_data["backup"]
        under_way = Copy.objects.filter(state__in=Copy.UNDER_WAY).first()
        if under_way is not None and at is None:
            message = gettext("Another copy is in progress (%(copy)s). Wait until it finishes, or cancel it first.")
            raise PreflightFailed([message % {"copy": under_way}])
        if at is None and not (backup or services.latest_backup()):
            raise PreflightFailed([gettext("There is no verified backup. Back up live first.")])
        # The preflight checks read the whole backup, so they are left to the copier.
        copy = services.start_copy(backup=backup, by=get_operator(request), not_before=at or timezone.now())
        lanes.notify_workers(requested_actions.COPY_TASK)
        if at:
            message = gettext("Copy scheduled for %(time)s.") % {"time": f"{at:%A, %d %B %Y, %H:%M %Z}"}
        else:
            message = gettext("Copy queued. It starts when the copier is free.")
        self.message_user(request, message)
        return redirect("admin:staging_copy_copy_change", copy.pk)

    def _start_dry_run(self, request: HttpRequest, start_data: dict[str, Any]) -> HttpResponse:
        dry_run = services.start_dry_run(backup=start_data["backup"], by=get_operator(request))
        lanes.notify_workers(requested_actions.COPY_TASK)
        self.message_user(request, gettext("Dry run queued. It starts when the copier is free."))
        return redirect("admin:staging_copy_dryrun_change", dry_run.pk)

    @display(description=_("Status"))
    def state_text(self, copy: Copy) -> SafeString:
        return badge(copy.get_state_display(), STATE_COLORS[Copy.State(copy.state)])

    @display(description=_("Scheduled for"), ordering="not_before")
    def starts(self, copy: Copy) -> str:
        return format_utc(copy.not_before)

    @display(description=_("Needs approval"))
    def question_text(self, copy: Copy) -> str:
        if copy.state != Copy.State.ASKING:
            return "-"
        names = report.connection_names()
        questions = [each | {"shop": names.get(each["shop"], each["shop"])} for each in copy.question]
        return render_to_string("admin/staging_copy/copy/question.html", {"questions": questions})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leaves out the problem and the question if the copy has none."""
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
        if action_name == "show_samples":
            return row.state in Copy.IN_PLACE and services.latest_in_place() == row
        return requested_actions.is_available(row, _ACTIONS[action_name])

    @confirmed_action(
        _("Delete missing items"),
        "delete_sweep",
        _("Delete the missing items on staging?"),
        _("All items that the staging shop doesn't have are marked as deleted on staging. Live is not changed."),
        _("Delete on staging"),
    )
    def approve(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._request(
            request, object_id, "approve", gettext("Queued: missing items are deleted, then staging is unfrozen.")
        )

    @confirmed_action(
        _("Keep missing items"),
        "thumb_down",
        _("Keep the missing items?"),
        _("Staging is unfrozen and nothing is deleted. The missing items may cause sync issues on staging."),
        _("Keep items"),
    )
    def decline(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._request(
            request, object_id, "decline", gettext("Queued: missing items are kept, and staging is unfrozen.")
        )

    @confirmed_action(
        _("Check again"),
        "fact_check",
        _("Check the staging shops again?"),
        _("All items are looked up in the shops again."),
        _("Check again"),
    )
    def check_again(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._request(request, object_id, "check_again", gettext("Check queued."))

    @confirmed_action(
        _("Roll back"),
        "undo",
        _("Roll back this copy?"),
        _(
            "Staging switches to the database it had before this copy; if it was rolled back already, it switches "
            "to the copy again."
        ),
        _("Switch database"),
    )
    def roll_back(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._request(
            request, object_id, "roll_back", gettext("Queued: the database is switched when the copier is free.")
        )

    @confirmed_action(
        _("Cancel copy"), "cancel", _("Cancel this copy?"), _("Staging is not changed."), _("Cancel copy")
    )
    def cancel(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        return self._request(request, object_id, "cancel", gettext("Cancellation requested."))

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
