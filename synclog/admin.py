"""Console pages of results: sync logs, the sync status of each item and its timeline."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display

from common.admin import Color, ReadOnlyAdmin, as_json, badge
from hub.admin.item_search import ItemSearchMixin
from synclog.models import ItemEvent, ItemStatus, SyncLog

STATE_COLORS: dict[ItemStatus.State, Color] = {
    ItemStatus.State.SYNCED: "success",
    ItemStatus.State.REMOVED: "default",
    ItemStatus.State.SKIPPED: "warning",
    ItemStatus.State.FAILED: "warning",
    ItemStatus.State.HELD: "danger",
    ItemStatus.State.PENDING: "danger",
}


@admin.register(SyncLog)
class SyncLogAdmin(ReadOnlyAdmin):
    list_display = ("integration", "data_type", "seller", "last_update", "last_full_sync", "last_full_sync_succeeded")
    list_filter = (("data_type", ChoicesDropdownFilter), ("seller", AutocompleteSelectFilter))
    list_select_related = ("seller",)
    search_fields = ("integration",)
    fields = (
        *("seller", "connection", "integration", "data_type", "started_full_sync", "last_full_sync"),
        *("last_full_sync_succeeded", "last_update", "open_issues", "remote_log_state"),
    )

    @display(description=_("Open issues"))
    def open_issues(self, log: SyncLog) -> int:
        return log.issues.filter(resolved_at=None).count()

    @display(description=_("Sync log of the platform"), empty_value=_("This platform keeps no sync log."))
    def remote_log_state(self, log: SyncLog) -> str | None:
        """For a platform that keeps a sync log of its own: how many entries have not been delivered to it yet."""
        if not hasattr(log, "remote"):
            return None
        waiting = log.pending_entries.count()
        if waiting:
            text = ngettext("%(count)s item not delivered yet.", "%(count)s items not delivered yet.", waiting)
            state = text % {"count": f"{waiting:,}"}
        else:
            state = gettext("Up to date.")
        return f"{state} {log.remote.reason}".strip()


@admin.register(ItemStatus)
class ItemStatusAdmin(ItemSearchMixin, ReadOnlyAdmin):
    list_display = ("item", "storefront", "job", "state_text", "text", "at", "run_id")
    list_filter = (("state", ChoicesDropdownFilter), ("job", AutocompleteSelectFilter))
    list_select_related = ("job__connection",)
    fields = ("seller", "job", "item", "storefront", "state_text", "message", "at", "run_id")

    @display(description=_("Item"))
    def item(self, status: ItemStatus) -> str:
        return f"{status.kind}:{status.item_id}"

    @display(description=_("Status"))
    def state_text(self, status: ItemStatus) -> SafeString:
        return badge(status.get_state_display(), STATE_COLORS[ItemStatus.State(status.state)])

    @display(description=_("Message"))
    def text(self, status: ItemStatus) -> str:
        return status.message[:120]


@admin.register(ItemEvent)
class ItemEventAdmin(ItemSearchMixin, ReadOnlyAdmin):
    list_display = ("at", "item", "direction", "action", "job", "message")
    list_display_links = ("at", "item")
    list_select_related = ("job__connection",)
    fields = ("at", "seller", "job", "run_id", "item", "direction", "action", "message", "before_and_after")

    @display(description=_("Item"))
    def item(self, event: ItemEvent) -> str:
        return f"{event.kind}:{event.item_id}"

    @display(description=_("Changes (before, after)"))
    def before_and_after(self, event: ItemEvent) -> str:
        return as_json(event.changes)
