"""Console page of live's backups, with an action that takes one now."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.operators import get_operator
from accounts.services import record_audit_event
from common.admin import Color, ReadOnlyAdmin, badge, confirmed_action
from hub import lanes
from staging_copy.admin.access import CopierAccess
from staging_copy.admin.formatting import format_utc
from staging_copy.models import Backup
from staging_copy.requested_actions import BACKUP_TASK

STATE_COLORS: dict[Backup.State, Color] = {
    Backup.State.RUNNING: "info",
    Backup.State.GOOD: "success",
    Backup.State.DAMAGED: "danger",
    Backup.State.FAILED: "danger",
    Backup.State.STORED: "info",
    Backup.State.DELETED: "default",
}


@admin.register(Backup)
class BackupAdmin(CopierAccess, ReadOnlyAdmin):
    list_display = ("name", "taken", "state_text", "origin", "size_text", "rows_text", "verified")
    list_filter = ("state", "origin")
    fields = (
        *("name", "origin", "state_text", "problem", "taken", "finished", "verified", "stored", "rehearsed"),
        "rehearsal_problem",
        *("size_text", "rows_text", "checksum"),
    )
    actions_list = ("take_backup",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @display(description=_("Status"))
    def state_text(self, backup: Backup) -> SafeString:
        return badge(backup.get_state_display(), STATE_COLORS[Backup.State(backup.state)])

    @display(description=_("Live data as of"), ordering="taken_at")
    def taken(self, backup: Backup) -> str:
        return format_utc(backup.taken_at)

    @display(description=_("Finished"))
    def finished(self, backup: Backup) -> str:
        return format_utc(backup.finished_at)

    @display(description=_("Verified"))
    def verified(self, backup: Backup) -> str:
        return format_utc(backup.verified_at)

    @display(description=_("In object storage since"))
    def stored(self, backup: Backup) -> str:
        return format_utc(backup.stored_at)

    @display(description=_("Last rehearsal of a restore"))
    def rehearsed(self, backup: Backup) -> str:
        return format_utc(backup.rehearsed_at)

    @display(description=_("Rows"))
    def rows_text(self, backup: Backup) -> str:
        return "-" if backup.rows is None else f"{backup.rows:,}"

    @display(description=_("Size"))
    def size_text(self, backup: Backup) -> str:
        return filesizeformat(backup.size) if backup.size else "-"

    @confirmed_action(
        _("Back up live now"),
        "backup",
        _("Back up live now?"),
        _("Live stays available. A backup takes a few minutes."),
        _("Back up live"),
    )
    def take_backup(self, request: HttpRequest, form: Any) -> HttpResponse:
        record_audit_event(user=get_operator(request), action="backup.take", target="live")
        lanes.notify_workers(BACKUP_TASK)
        self.message_user(request, gettext("Backup queued. It starts when the copier is free."))
        return redirect("admin:staging_copy_backup_changelist")
