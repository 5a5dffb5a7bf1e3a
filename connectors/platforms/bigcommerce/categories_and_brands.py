"""Categories of every storefront's tree, and brands."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from connectors.contract import Page
from connectors.errors import NeedsAttention
from connectors.platforms.bigcommerce.client import BigCommerceClient, join
from connectors.platforms.bigcommerce.field_reader import FieldReader
from connectors.platforms.bigcommerce.source_base import Cursor, page_by_id, records, row_ids
from connectors.records import BrandRecord, CategoryRecord, Problem, Record

CATEGORIES = "/catalog/trees/categories"
BRANDS = "/catalog/brands"


class Categories:
    """Read whole every time, and by page number: the vendor offers neither a time of change nor paging by id.

    What a page number may hide while others delete is found by the look at missing items that follows a full read.
    """

    def __init__(self, client: BigCommerceClient) -> None:
        self.client = client

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page:
        page = cursor["page"] if cursor else 1
        limit = self.client.settings.page_size
        rows, total = self.client.list_page(CATEGORIES, **self._trees, page=page, limit=limit)
        following = {"page": page + 1} if rows and page * limit < total else None
        return Page(self._records(rows), following, total=total)

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        return list(self._records(self.client.existing(CATEGORIES, external_ids, name="category_id", **self._trees)))

    @cached_property
    def _trees(self) -> dict[str, str]:
        """A filter for the trees of the chosen storefronts; none if all are wanted."""
        channels = self.client.settings.channel_ids
        if not channels:
            return {}
        trees = row_ids(self.client.list_unpaged("/catalog/trees", **{"channel_id:in": join(channels)}))
        if not trees:
            raise NeedsAttention(
                f"No category tree belongs to the channels {join(channels)}.",
                fix="Correct the storefronts in the connection's settings.",
            )
        return {"tree_id:in": join(trees)}

    def _records(self, rows: list[Any]) -> list[CategoryRecord]:
        return records(rows, self._record, lambda number: CategoryRecord(external_id=number, name=""))

    def _record(self, raw: Any, problems: list[Problem]) -> CategoryRecord:
        category = FieldReader(raw, problems, what="category")
        number = category.integer("category_id")
        return CategoryRecord(
            external_id=str(number),
            link=self.client.link(f"products/categories/{number}/edit"),
            name=category.text("name"),
            parent_id=category.key("parent_id"),
            tree=category.key("tree_id"),
            slug=category.nested("url").text("path").strip("/"),
            position=category.integer("sort_order"),
            visible=category.flag("is_visible"),
        )


class Brands:
    """Read whole every time, by id: the vendor tells no time of change."""

    def __init__(self, client: BigCommerceClient) -> None:
        self.client = client

    def read_page(self, since: datetime | None, cursor: Cursor) -> Page:
        rows, after, left = page_by_id(self.client, BRANDS, cursor["after"] if cursor else 0)
        return Page(self._records(rows), {"after": after} if after else None, total=None if cursor else left)

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        return list(self._records(self.client.existing(BRANDS, external_ids)))

    def _records(self, rows: list[Any]) -> list[BrandRecord]:
        return records(rows, self._record, lambda number: BrandRecord(external_id=number, name=""))

    def _record(self, raw: Any, problems: list[Problem]) -> BrandRecord:
        brand = FieldReader(raw, problems, what="brand")
        number = brand.integer("id")
        return BrandRecord(
            external_id=str(number),
            link=self.client.link(f"products/brands/{number}/edit"),
            name=brand.text("name"),
            image_url=brand.text("image_url"),
        )
