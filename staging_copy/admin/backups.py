"""Backups of live: when each was taken, whether it is sound, and one by hand."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from unfold.decorators import action, display

from accounts.admin_base import ReadOnlyAdmin, confirm_dialog, get_operator
from accounts.services import record_audit_event
from hub import lanes
from staging_copy.admin.access import CopierAccess
from staging_copy.admin.formatting import format_utc
from staging_copy.models import Backup
from staging_copy.requested_actions import BACKUP_TASK


@admin.register(Backup)
class BackupAdmin(CopierAccess, ReadOnlyAdmin):
    list_display = ("name", "taken", "state_text", "origin", "size_text", "rows_text", "verified")
    list_filter = ("state", "origin")
    fields = (
        *("name", "origin", "state_text", "problem", "taken", "finished", "verified"),
        *("size_text", "rows_text", "checksum"),
    )
    actions_list = ("take_backup",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @display(
        description="State",
        label={"verified": "success", "Running": "info", "Damaged": "danger", "Failed": "danger"},
    )
    def state_text(self, backup: Backup) -> str:
        return backup.get_state_display()

    @display(description="Live as of", ordering="taken_at")
    def taken(self, backup: Backup) -> str:
        return format_utc(backup.taken_at)

    @display(description="Finished")
    def finished(self, backup: Backup) -> str:
        return format_utc(backup.finished_at)

    @display(description="Verified")
    def verified(self, backup: Backup) -> str:
        return format_utc(backup.verified_at)

    @display(description="Rows")
    def rows_text(self, backup: Backup) -> str:
        return "-" if backup.rows is None else f"{backup.rows:,}"

    @display(description="Size")
    def size_text(self, backup: Backup) -> str:
        return filesizeformat(backup.size) if backup.size else "-"

    @action(
        description="Back live up now",
        icon="backup",
        permissions=["operate"],
        dialog=confirm_dialog("Back live up now?", "Live goes on serving meanwhile. It takes minutes.", "Back up"),
    )
    def take_backup(self, request: HttpRequest, form: Any) -> HttpResponse:
        record_audit_event(user=get_operator(request), action="backup.take", target="live")
        lanes.notify_workers(BACKUP_TASK)
        self.message_user(request, "The copier takes a backup as soon as it is free.")
        return redirect("admin:staging_copy_backup_changelist")
