"""Console page of the queue: changes that wait to be exported."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from accounts.operators import get_operator
from common.admin import ReadOnlyAdmin
from hub.admin.item_search import ItemSearchMixin
from hub.models import Change
from hub.services import retry_changes


class FailureFilter(DropdownFilter):
    """Why changes wait. Limited to held and delayed ones, which have partial indexes."""

    title = _("failure")
    parameter_name = "failure"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(kind.value, str(kind.label)) for kind in Change.FailureKind]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Change]) -> QuerySet[Change]:
        if not self.value():
            return queryset
        waiting = Q(state=Change.State.HELD) | Q(state=Change.State.DELAYED)
        return queryset.filter(waiting, failure_kind=self.value())


@admin.register(Change)
class ChangeAdmin(ItemSearchMixin, ReadOnlyAdmin):
    """The queue. Held changes can be retried one by one, by filter, or all at once."""

    empty_text = _("Nothing waits to be sent.")
    list_display = ("item", "job", "state", "attempts", "failure_kind", "problem", "not_before", "created_at")
    list_filter = (("state", ChoicesDropdownFilter), ("job", AutocompleteSelectFilter), FailureFilter)
    list_select_related = ("job__connection",)
    actions = ("retry",)
    fields = (
        *("item", "job", "lane", "run", "state", "priority", "attempts", "not_before", "sent_at", "created_at"),
        *("failure_kind", "last_error"),
    )
    BATCH_SIZE = 5000

    @display(description=_("Item"))
    def item(self, change: Change) -> str:
        return f"{change.kind}:{change.item_id}"

    @display(description=_("Last error"))
    def problem(self, change: Change) -> str:
        return change.last_error[:120]

    @admin.action(description=_("Retry now (select all to include every match)"), permissions=["operate"])
    def retry(self, request: HttpRequest, changes: QuerySet[Change]) -> None:
        """Retries in batches, because a filter may match a million changes."""
        ids = changes.exclude(state=Change.State.READY).order_by().values_list("pk", flat=True).iterator()
        retried = 0
        while batch := list(islice(ids, self.BATCH_SIZE)):
            retried += retry_changes(changes=Change.objects.filter(pk__in=batch), by=get_operator(request))
        message = ngettext("Retrying %(count)s change.", "Retrying %(count)s changes.", retried)
        self.message_user(request, message % {"count": f"{retried:,}"})
