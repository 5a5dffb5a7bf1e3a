"""The console's page of what previews and comparisons found, and the repair of what differs (N9, N13)."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from accounts.admin_base import ReadOnlyAdmin, as_json, get_operator
from connectors.checks import count_by_verdict, repair, repairable
from hub.admin.queue import ItemSearchMixin
from hub.models import Run, RunItem

LABELS = {
    **{RunItem.Verdict(verdict).label: "info" for verdict in ("create", "update", "remove", "unknown")},
    **{RunItem.Verdict(verdict).label: "warning" for verdict in ("disable", "skip", "different", "gone")},
    **{RunItem.Verdict(verdict).label: "danger" for verdict in ("fail", "missing")},
}


@admin.register(RunItem)
class RunItemAdmin(ItemSearchMixin, ReadOnlyAdmin):
    """Reached from its run, or as a list of everything that was found lately."""

    list_display = ("item", "verdict_text", "external_id", "job", "run_id", "found_at", "repaired_at")
    list_filter = (("verdict", ChoicesDropdownFilter),)
    list_select_related = ("run__job__connection",)
    actions = ("repair_selected",)
    fields = ("run", "item", "verdict_text", "external_id", "message", "fields_text", "found_at", "repaired_at")

    @display(description="Item")
    def item(self, found: RunItem) -> str:
        return f"{found.kind}:{found.item_id}" if found.item_id else found.kind

    @display(description="What", label=LABELS)
    def verdict_text(self, found: RunItem) -> str:
        return found.get_verdict_display()

    @display(description="Job")
    def job(self, found: RunItem) -> str:
        return str(found.run.job)

    @display(description="Field: before, after")
    def fields_text(self, found: RunItem) -> str:
        return as_json(found.changes)

    @admin.action(description="Repair (select all to take everything that the filters leave)", permissions=["operate"])
    def repair_selected(self, request: HttpRequest, items: QuerySet[RunItem]) -> HttpResponse | None:
        """What was selected and can be repaired, once the question how many was answered."""
        if "confirmed" in request.POST:
            number = sum(repair(run=run, items=some, by=get_operator(request)) for run, some in _by_run(items))
            self.message_user(request, f"{number} items are on the way.")
            return None
        counted = [(run, count_by_verdict(some)) for run, some in _by_run(items)]
        if not any(counts for _, counts in counted):
            self.message_user(request, "Nothing of what was selected can be repaired.", messages.WARNING)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": "Repair what differs",
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
