"""Search of console pages by item."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


def item_filter(term: str) -> dict[str, Any] | None:
    """`product:17` as filters on kind and ID; None for any other text."""
    kind, _, number = term.strip().rpartition(":")
    return {"kind": kind, "item_id": int(number)} if kind and number.isdecimal() and len(number) < 19 else None


class ItemSearchMixin:
    """Search by item (`kind:id`), for which each table with items has an index."""

    search_fields = ("item_id",)
    search_help_text = _("Search by ID, for example product:17")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        item = item_filter(search_term)
        return (queryset.filter(**item) if item else queryset.none()), False
