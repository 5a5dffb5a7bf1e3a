"""Categories of the trees of all storefronts."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from connectors.platforms.bigcommerce.client import CATEGORIES, TREES, SourceClient, join
from connectors.platforms.bigcommerce.field_reader import FieldReader
from connectors.platforms.bigcommerce.listings import CategoryListing
from connectors.platforms.bigcommerce.paging import row_ids
from connectors.platforms.bigcommerce.sources.base import StoreSource
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.paging import Cursor, Page, Slice, numbered_page
from connectors.sdk.records import CategoryRecord, Problem
from hub.kinds import DataType


class Categories(StoreSource[CategoryRecord], CategoryListing[SourceClient]):
    """Always read in full and by page number: the vendor offers neither a modification time nor paging by ID.

    If a concurrent deletion makes paging skip an item, the check for missing items after a full read finds it.
    """

    data_type = DataType.CATEGORIES
    full_schedule = "1d"
    required = ("name", "parent_id", "is_visible")

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[CategoryRecord]:
        limit, total = self.client.settings.page_size, 0

        def read(number: int) -> Slice:
            nonlocal total
            rows, total = self.client.list_page(CATEGORIES, **self._trees, page=number, limit=limit)
            return rows, number * limit < total

        rows, following = numbered_page(cursor, read)
        return Page(self.records(rows), following, total=total)

    def fetch(self, external_ids: Sequence[str]) -> list[CategoryRecord]:
        return self.records(self.client.existing(CATEGORIES, external_ids, name="category_id", **self._trees))

    @cached_property
    def _trees(self) -> dict[str, str]:
        """A filter for the trees of the selected storefronts; none if all are selected."""
        channels = self.client.settings.channel_ids
        if not channels:
            return {}
        trees = row_ids(self.client.list_unpaged(TREES, **{"channel_id:in": join(channels)}))
        if not trees:
            raise NeedsAttention(
                f"No category tree belongs to the channels {join(channels)}.",
                fix="Correct the storefronts in the settings of the connection.",
            )
        return {"tree_id:in": join(trees)}

    def placeholder(self, number: str) -> CategoryRecord:
        return CategoryRecord(external_id=number, name="")

    def build(self, raw: Any, problems: list[Problem]) -> CategoryRecord:
        category = FieldReader(raw, problems, what="category")
        number = category.key("category_id")
        return CategoryRecord(
            external_id=number,
            link=self.client.link(f"products/categories/{number}/edit"),
            name=category.text("name"),
            parent_id=category.key("parent_id"),
            tree=category.key("tree_id"),
            slug=category.nested("url").text("path").strip("/"),
            position=category.integer("sort_order"),
            visible=category.flag("is_visible"),
        )
