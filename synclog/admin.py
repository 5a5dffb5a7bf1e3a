"""Console pages of results: sync logs, issues, the sync status of each item and its timeline."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import action, display

from accounts.models import Seller
from accounts.operators import get_operator
from common.admin import Color, ReadOnlyAdmin, as_json, badge
from hub.admin.item_search import ItemSearchMixin, item_filter
from synclog import queries
from synclog.models import Issue, ItemEvent, ItemStatus, SyncLog
from synclog.services import resolve_issues
from synclog.triage import send_again

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


class OpenFilter(admin.SimpleListFilter):
    """Shows open issues by default; most resolved ones are of no interest any longer."""

    title = _("status")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("Resolved")), ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        default, *others = super().choices(changelist)
        return [default | {"display": _("Open")}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Issue]) -> QuerySet[Issue]:
        if self.value() == "all":
            return queryset
        return queryset.filter(resolved_at__isnull=self.value() != "no")


class CauseFilter(admin.SimpleListFilter):
    """Issues with one cause. Set by links: there may be thousands of causes."""

    title = _("cause")
    parameter_name = "cause"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        chosen = self.used_parameters.get(self.parameter_name)
        return [(chosen, chosen)] if chosen else []

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Issue]) -> QuerySet[Issue]:
        return queryset.filter(cause=self.value()) if self.value() else queryset


@admin.register(Issue)
class IssueAdmin(ItemSearchMixin, ReadOnlyAdmin):
    list_display = ("external_id", "title", "text", "severity_text", "seller", "sync_log", "occurrences", "seen_at")
    list_filter = (
        OpenFilter,
        "severity",
        CauseFilter,
        ("seller", AutocompleteSelectFilter),
        ("sync_log", AutocompleteSelectFilter),
    )
    list_select_related = ("seller", "sync_log")
    search_help_text = _("Search by a text, an external ID or an item such as product:17")
    actions = ("resolve", "send_again")
    actions_list = ("show_ids",)
    fields = (
        *("seller", "sync_log", "job", "external_id", "kind", "item_id", "title", "severity", "code", "message"),
        *("fix", "link", "occurrences", "opened_at", "seen_at", "resolved_at", "resolved_by"),
    )

    def get_urls(self) -> list[URLPattern]:
        own = path("ids/", self.admin_site.admin_view(self.ids_view), name="synclog_issue_ids")
        return [own, *super().get_urls()]

    def ids_view(self, request: HttpRequest) -> HttpResponse:
        """Issues about IDs that another item has, and the highest ID of each sequence (L16)."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        collisions = queries.open_collisions()
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("ID conflicts"),
            "opts": self.opts,
            "collisions": collisions[: self.list_per_page],
            "total": collisions.count(),
            "highest": queries.highest_ids(),
        }
        return TemplateResponse(request, "admin/synclog/issue/id_conflicts.html", context)

    @action(description=_("ID conflicts"), icon="tag", permissions=["view"])
    def show_ids(self, request: HttpRequest) -> HttpResponse:
        return redirect("admin:synclog_issue_ids")

    @display(description=_("Severity"))
    def severity_text(self, issue: Issue) -> SafeString:
        return badge(issue.get_severity_display(), "danger" if issue.severity == Issue.Severity.ERROR else "warning")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Issue], search_term: str
    ) -> tuple[QuerySet[Issue], bool]:
        """An item by its ID, or a text of the issue."""
        if not search_term or item_filter(search_term):
            return super().get_search_results(request, queryset, search_term)
        words = Q(title__icontains=search_term) | Q(message__icontains=search_term)
        return queryset.filter(words | Q(external_id__icontains=search_term)), False

    @display(description=_("Problem"))
    def text(self, issue: Issue) -> str:
        return issue.message[:120]

    @admin.action(description=_("Mark resolved (issues reopen if the problem comes back)"), permissions=["operate"])
    def resolve(self, request: HttpRequest, issues: QuerySet[Issue]) -> None:
        number = 0
        for seller in Seller.objects.filter(pk__in=issues.order_by().values("seller")):
            number += resolve_issues(issues=issues.filter(seller=seller), by=get_operator(request))
        message = ngettext("%(count)s issue resolved.", "%(count)s issues resolved.", number)
        self.message_user(request, message % {"count": f"{number:,}"})

    @admin.action(description=_("Send again"), permissions=["operate"])
    def send_again(self, request: HttpRequest, issues: QuerySet[Issue]) -> None:
        number = 0
        for seller in Seller.objects.filter(pk__in=issues.order_by().values("seller")):
            number += send_again(issues=issues, seller=seller, by=get_operator(request))
        if not number:
            message = gettext("Nothing to send: these issues are about imports. Select Check again in the dashboard.")
            return self.message_user(request, message, messages.WARNING)
        message = ngettext("Sending %(count)s item again.", "Sending %(count)s items again.", number)
        self.message_user(request, message % {"count": f"{number:,}"})


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
