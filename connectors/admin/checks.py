"""Console page of preview and comparison results, with an action that repairs differences (N9, N13)."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from accounts.operators import get_operator
from common.admin import Color, ReadOnlyAdmin, as_json, badge
from connectors.services.checks import count_by_verdict, repair, repairable
from hub.admin.item_search import ItemSearchMixin
from hub.models import Run, RunItem

VERDICT_COLORS: dict[RunItem.Verdict, Color] = {
    RunItem.Verdict.CREATE: "info",
    RunItem.Verdict.UPDATE: "info",
    RunItem.Verdict.DISABLE: "warning",
    RunItem.Verdict.REMOVE: "info",
    RunItem.Verdict.SKIP: "warning",
    RunItem.Verdict.FAIL: "danger",
    RunItem.Verdict.MISSING: "danger",
    RunItem.Verdict.DIFFERENT: "warning",
    RunItem.Verdict.GONE: "warning",
    RunItem.Verdict.UNKNOWN: "info",
}


@admin.register(RunItem)
class RunItemAdmin(ItemSearchMixin, ReadOnlyAdmin):
    """The results of all runs, newest first; the page of a run links to its own."""

    empty_text = _("Start a preview or a comparison on the page of a job. What it finds appears here.")
    list_display = ("item", "verdict_text", "external_id", "job", "run_id", "found_at", "repaired_at")
    list_filter = (("verdict", ChoicesDropdownFilter),)
    list_select_related = ("run__job__connection",)
    actions = ("repair_selected",)
    fields = ("run", "item", "verdict_text", "external_id", "message", "fields_text", "found_at", "repaired_at")

    @display(description=_("Item"))
    def item(self, found: RunItem) -> str:
        return f"{found.kind}:{found.item_id}" if found.item_id else found.kind

    @display(description=_("Result"))
    def verdict_text(self, found: RunItem) -> SafeString:
        return badge(found.get_verdict_display(), VERDICT_COLORS[RunItem.Verdict(found.verdict)])

    @display(description=_("Job"))
    def job(self, found: RunItem) -> str:
        return str(found.run.job)

    @display(description=_("Fields (before, after)"))
    def fields_text(self, found: RunItem) -> str:
        return as_json(found.changes)

    @admin.action(description=_("Repair (select all to include every match)"), permissions=["operate"])
    def repair_selected(self, request: HttpRequest, items: QuerySet[RunItem]) -> HttpResponse | None:
        """Shows how many of the selected items can be repaired; repairs them once that page is confirmed."""
        if "confirmed" in request.POST:
            number = sum(repair(run=run, items=some, by=get_operator(request)) for run, some in _by_run(items))
            message = ngettext("Repairing %(count)s item.", "Repairing %(count)s items.", number)
            self.message_user(request, message % {"count": f"{number:,}"})
            return None
        counted = [(run, count_by_verdict(some)) for run, some in _by_run(items)]
        if not any(counts for _, counts in counted):
            message = gettext("None of the selected items can be repaired.")
            self.message_user(request, message, messages.WARNING)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Repair differences"),
            "opts": self.opts,
            "counted": [(run, counts, sum(counts.values())) for run, counts in counted if counts],
            "number": sum(sum(counts.values()) for _, counts in counted),
            "name": ACTION_CHECKBOX_NAME,
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "across": request.POST.get("select_across", "0"),
        }
        return TemplateResponse(request, "admin/hub/runitem/repair.html", context)


def _by_run(items: QuerySet[RunItem]) -> Iterator[tuple[Run, Any]]:
    runs = Run.objects.filter(pk__in=items.order_by().values("run")).exclude(state__in=Run.OPEN)
    for run in runs.select_related("job__connection__seller").order_by("pk"):
        yield run, repairable(run=run).filter(pk__in=items.order_by().values("pk"))
