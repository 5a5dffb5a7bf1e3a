"""Collections, as categories without parents: Shopify's have no tree."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.platforms.shopify import documents
from connectors.platforms.shopify.client import ShopifyClient, gids
from connectors.platforms.shopify.listings import CollectionListing
from connectors.platforms.shopify.reader import Reader
from connectors.platforms.shopify.sources.base import StoreSource
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import CategoryRecord, Problem
from hub.kinds import DataType

PER_PAGE = 250


class Collections(StoreSource[CategoryRecord], CollectionListing[ShopifyClient]):
    """Always read in full: a store has few, and an event tells of each change."""

    data_type = DataType.CATEGORIES
    full_schedule = "1d"
    required = ("title", "handle")

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[CategoryRecord]:
        rows, after = self.client.page(
            documents.COLLECTIONS,
            "collections",
            node_errors=True,
            first=PER_PAGE,
            after=cursor["after"] if cursor else None,
        )
        return Page(self.records(rows), {"after": after} if after else None)

    def fetch(self, external_ids: Sequence[str]) -> list[CategoryRecord]:
        ids = gids("Collection", external_ids)
        return self.records(self.client.nodes(documents.COLLECTION_NODES, ids, node_errors=True))

    def placeholder(self, number: str) -> CategoryRecord:
        return CategoryRecord(external_id=number, name="", link=self.client.link(f"collections/{number}"))

    def build(self, raw: Any, problems: list[Problem]) -> CategoryRecord:
        collection = Reader(raw, problems, what="collection")
        number = collection.number()
        return CategoryRecord(
            external_id=number,
            updated_at=collection.timestamp("updatedAt"),
            link=self.client.link(f"collections/{number}"),
            name=collection.text("title"),
            slug=collection.text("handle"),
        )
