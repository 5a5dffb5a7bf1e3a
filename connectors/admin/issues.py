"""Console pages of issues: by cause, with what operators do about them, and the report of ID conflicts."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display

from accounts.models import Seller
from accounts.operators import get_operator
from common.admin import ReadOnlyAdmin, badge, confirmed_action
from common.web_links import safe_url
from connectors.services.rechecks import check_again
from hub.admin.item_search import ItemSearchMixin, item_filter
from synclog import queries
from synclog.models import Issue
from synclog.services import resolve_issues
from synclog.triage import send_again


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
    actions = ("check_again", "send_again", "resolve")
    actions_detail = ("check_one",)
    actions_list = ("show_ids",)
    fields = (
        *("title", "external_id", "severity_text", "message", "fix", "page", "seller", "sync_log", "job", "code"),
        *("kind", "item_id", "occurrences", "opened_at", "seen_at", "resolved_at", "resolved_by"),
    )

    def is_action_available(self, row: Issue, action_name: str) -> bool:
        return row.resolved_at is None

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

    @display(description=_("Where to fix it"))
    def page(self, issue: Issue) -> SafeString | str:
        if not safe_url(issue.link):
            return issue.link or "-"
        return format_html('<a href="{0}" class="text-primary-600 dark:text-primary-500">{0}</a>', issue.link)

    @display(description=_("Problem"))
    def text(self, issue: Issue) -> str:
        return issue.message[:120]

    @admin.action(description=_("Check again"), permissions=["operate"])
    def check_again(self, request: HttpRequest, issues: QuerySet[Issue]) -> None:
        self.message_user(request, *self._check(request, issues))

    @confirmed_action(
        _("Check again"),
        "sync",
        _("Check this item again?"),
        _("It is fetched from its source, and sent to the targets that had a problem."),
        _("Check again"),
    )
    def check_one(self, request: HttpRequest, form: Any, object_id: str) -> HttpResponse:
        issue = self.get_object_or_404(request, object_id)
        return self.redirect_to_object(request, issue, *self._check(request, Issue.objects.filter(pk=issue.pk)))

    def _check(self, request: HttpRequest, issues: QuerySet[Issue]) -> tuple[str, int]:
        """The message that says what happens, with its level."""
        by = get_operator(request)
        number = sum(check_again(issues=issues, seller=seller, by=by) for seller in _sellers(issues))
        if not number:
            nothing = gettext("Nothing was checked: these issues are resolved, or need a full sync of their job.")
            return nothing, messages.WARNING
        message = ngettext("Checking %(count)s item again.", "Checking %(count)s items again.", number)
        return message % {"count": f"{number:,}"}, messages.SUCCESS

    @admin.action(description=_("Send again"), permissions=["operate"])
    def send_again(self, request: HttpRequest, issues: QuerySet[Issue]) -> None:
        by = get_operator(request)
        number = sum(send_again(issues=issues, seller=seller, by=by) for seller in _sellers(issues))
        if not number:
            message = gettext("Nothing to send: these issues are about imports. Select Check again.")
            return self.message_user(request, message, messages.WARNING)
        message = ngettext("Sending %(count)s item again.", "Sending %(count)s items again.", number)
        self.message_user(request, message % {"count": f"{number:,}"})

    @admin.action(description=_("Mark resolved (issues reopen if the problem comes back)"), permissions=["operate"])
    def resolve(self, request: HttpRequest, issues: QuerySet[Issue]) -> None:
        by = get_operator(request)
        number = sum(resolve_issues(issues=issues.filter(seller=seller), by=by) for seller in _sellers(issues))
        message = ngettext("%(count)s issue resolved.", "%(count)s issues resolved.", number)
        self.message_user(request, message % {"count": f"{number:,}"})


def _sellers(issues: QuerySet[Issue]) -> QuerySet[Seller]:
    """Each action is done, and recorded in the audit log, for each seller by itself."""
    return Seller.objects.filter(pk__in=issues.order_by().values("seller"))
