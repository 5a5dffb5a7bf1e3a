"""Console pages of links, and of the source of truth of each data type."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from accounts.operators import get_operator
from accounts.services import record_audit_event
from common.admin import BaseAdmin, ReadOnlyAdmin, as_json
from hub.admin.item_search import item_filter
from hub.kinds import Kind
from hub.models import Connection, Link, Master


@admin.register(Link)
class LinkAdmin(ReadOnlyAdmin):
    """External IDs of items, and the last payloads received and sent for each (S7)."""

    list_display = ("kind", "external_id", "item_id", "connection", "missing", "fetched_at", "sent_at")
    list_display_links = ("kind", "external_id")
    list_filter = (("connection", AutocompleteSelectFilter),)
    list_select_related = ("connection",)
    search_fields = ("external_id",)
    search_help_text = _(
        "Search by external ID, or by kind and ID (external or ours), for example product:17 or category@2:17"
    )
    fields = (
        *("connection", "kind", "external_id", "item_id", "missing", "source_updated_at", "fetched_at", "sent_at"),
        *("received", "previous", "sent"),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Link], search_term: str
    ) -> tuple[QuerySet[Link], bool]:
        """The unique index starts with connection and kind, so the query lists all connections and all kinds."""
        if not search_term:
            return queryset, False
        within = Connection.objects.order_by().values_list("pk", flat=True)
        kind, _, name = search_term.rpartition(":")
        found = Q(connection__in=list(within), kind__in=[kind] if kind else Kind.values, external_id=name)
        if item := item_filter(search_term):
            found |= Q(**item)
        return queryset.filter(found), False

    @display(description=_("Last payload received"))
    def received(self, link: Link) -> str:
        return self._payload(link, "received")

    @display(description=_("Previous payload received"))
    def previous(self, link: Link) -> str:
        return self._payload(link, "previous")

    @display(description=_("Last payload sent"))
    def sent(self, link: Link) -> str:
        return self._payload(link, "sent")

    def _payload(self, link: Link, which: str) -> str:
        payload = getattr(link, "payload", None)
        return as_json(payload and getattr(payload, which))


@admin.register(Master)
class MasterAdmin(BaseAdmin):
    """Which connection is the source of truth, per seller and group of fields (L17)."""

    empty_text = _(
        "Without an entry, the shop wins for products and the OMS for orders. Add one to let another connection win."
    )
    list_display = ("seller", "group", "connection")
    list_filter = ("group", ("seller", AutocompleteSelectFilter))
    list_select_related = ("seller", "connection")
    autocomplete_fields = ("seller", "connection")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_operate_permission(request)

    def save_model(self, request: HttpRequest, obj: Master, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        by, slug = get_operator(request), obj.connection.slug
        record_audit_event(user=by, action="master.save", target=obj.group, seller=obj.seller, connection=slug)

    def delete_model(self, request: HttpRequest, obj: Master) -> None:
        by, slug = get_operator(request), obj.connection.slug
        record_audit_event(user=by, action="master.delete", target=obj.group, seller=obj.seller, connection=slug)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Master]) -> None:
        for master in queryset:
            self.delete_model(request, master)
