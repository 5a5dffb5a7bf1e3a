"""The console's pages about outcomes: sync logs, issues, the status of every item and its timeline."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import action, display

from accounts.admin_base import ReadOnlyAdmin, as_json, get_operator
from accounts.models import Seller
from hub.admin.queue import ItemSearchMixin
from synclog import queries
from synclog.models import Issue, ItemEvent, ItemStatus, SyncLog
from synclog.services import resolve_issues, retry_item

STATE_LABELS = {
    "synced": "success",
    "removed": "default",
    "skipped, see the issue": "warning",
    "failed, will be tried again": "warning",
    "failed, waits for you": "danger",
    "waits for a decision": "danger",
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

    @display(description="Open issues")
    def open_issues(self, log: SyncLog) -> int:
        return log.issues.filter(resolved_at=None).count()

    @display(description="At the target", empty_value="No log is kept there.")
    def remote_log_state(self, log: SyncLog) -> str | None:
        """How far a target that keeps a log as well has been told."""
        if not hasattr(log, "remote"):
            return None
        waiting = log.pending_entries.count()
        state = f"{waiting:,} items are still to be told." if waiting else "It has been told everything."
        return f"{state} {log.remote.reason}".strip()


class OpenFilter(admin.SimpleListFilter):
    """Open issues, unless one asks for others: settled ones are many and seldom looked for."""

    title = "open or settled"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Settled"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        everything, *others = super().choices(changelist)
        return [everything | {"display": "Open"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Issue]) -> QuerySet[Issue]:
        if self.value() == "all":
            return queryset
        return queryset.filter(resolved_at__isnull=self.value() != "no")


@admin.register(Issue)
class IssueAdmin(ItemSearchMixin, ReadOnlyAdmin):
    list_display = ("external_id", "title", "text", "severity", "seller", "sync_log", "occurrences", "seen_at")
    list_filter = (
        OpenFilter,
        "severity",
        ("seller", AutocompleteSelectFilter),
        ("sync_log", AutocompleteSelectFilter),
    )
    list_select_related = ("seller", "sync_log")
    actions = ("resolve", "retry")
    actions_list = ("show_ids",)
    fields = (
        *("seller", "sync_log", "job", "external_id", "kind", "item_id", "title", "severity", "code", "message"),
        *("fix", "link", "occurrences", "opened_at", "seen_at", "resolved_at", "resolved_by"),
    )

    def get_urls(self) -> list[URLPattern]:
        own = path("ids/", self.admin_site.admin_view(self.ids_view), name="synclog_issue_ids")
        return [own, *super().get_urls()]

    def ids_view(self, request: HttpRequest) -> HttpResponse:
        """Items whose id is taken, and above which number the other side should go on."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        collisions = queries.open_collisions()
        context = {
            **self.admin_site.each_context(request),
            "title": "Ids in use",
            "opts": self.opts,
            "collisions": collisions[: self.list_per_page],
            "total": collisions.count(),
            "highest": queries.highest_ids(),
        }
        return TemplateResponse(request, "admin/synclog/issue/id_conflicts.html", context)

    @action(description="Ids in use", icon="tag", permissions=["view"])
    def show_ids(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:synclog_issue_ids")

    @display(description="What is wrong")
    def text(self, issue: Issue) -> str:
        return issue.message[:120]

    @admin.action(description="Settle: they open again when they are met again", permissions=["operate"])
    def resolve(self, request: HttpRequest, issues: QuerySet[Issue]) -> None:
        number = 0
        for seller in Seller.objects.filter(pk__in=issues.order_by().values("seller")):
            number += resolve_issues(issues=issues.filter(seller=seller), by=get_operator(request))
        self.message_user(request, f"{number} issues settled.")

    @admin.action(description="Retry their items now", permissions=["operate"])
    def retry(self, request: HttpRequest, issues: QuerySet[Issue]) -> None:
        with_items = issues.filter(item_id__isnull=False).select_related("seller")
        number: int = sum(
            retry_item(issue=issue, by=get_operator(request)) for issue in with_items.iterator(chunk_size=500)
        )
        self.message_user(request, f"{number} changes are tried again now.")


@admin.register(ItemStatus)
class ItemStatusAdmin(ItemSearchMixin, ReadOnlyAdmin):
    list_display = ("item", "storefront", "job", "state_text", "text", "at", "run_id")
    list_filter = (("state", ChoicesDropdownFilter), ("job", AutocompleteSelectFilter))
    list_select_related = ("job__connection",)
    fields = ("seller", "job", "item", "storefront", "state_text", "message", "at", "run_id")

    @display(description="Item")
    def item(self, status: ItemStatus) -> str:
        return f"{status.kind}:{status.item_id}"

    @display(description="State", label=STATE_LABELS)
    def state_text(self, status: ItemStatus) -> str:
        return status.get_state_display()

    @display(description="Message")
    def text(self, status: ItemStatus) -> str:
        return status.message[:120]


@admin.register(ItemEvent)
class ItemEventAdmin(ItemSearchMixin, ReadOnlyAdmin):
    list_display = ("at", "item", "direction", "action", "job", "message")
    list_display_links = ("at", "item")
    list_select_related = ("job__connection",)
    fields = ("at", "seller", "job", "run_id", "item", "direction", "action", "message", "before_and_after")

    @display(description="Item")
    def item(self, event: ItemEvent) -> str:
        return f"{event.kind}:{event.item_id}"

    @display(description="Before and after")
    def before_and_after(self, event: ItemEvent) -> str:
        return as_json(event.changes)
