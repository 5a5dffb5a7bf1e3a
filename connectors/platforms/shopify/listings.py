"""Lists which products and collections exist; mixed into the sources and targets of each."""

from collections.abc import Iterable
from typing import Any, TypeVar

from connectors.platforms.shopify import documents
from connectors.platforms.shopify.client import ShopifyClient, gids, malformed, number_of
from connectors.sdk.paging import IdPage
from connectors.sdk.streams import Listing
from hub.kinds import Kind

ClientT = TypeVar("ClientT", bound=ShopifyClient)

PER_PAGE = 250


class _NodeListing(Listing[ClientT]):
    kind_of_node: str
    ids: str
    connection: str

    def lookup(self, external_ids: Iterable[str]) -> set[str]:
        rows = self.client.nodes(documents.EXISTING, gids(self.kind_of_node, external_ids))
        return {number_of(row["id"]) for row in rows}

    def list_ids(self, *, cursor: Any) -> IdPage:
        rows, after = self.client.page(self.ids, self.connection, first=PER_PAGE, after=cursor)
        numbers = [number_of(row.get("id")) if isinstance(row, dict) else "" for row in rows]
        if not all(numbers):
            raise malformed(self.connection)
        return IdPage(numbers, after)


class ProductListing(_NodeListing[ClientT]):
    kind = Kind.PRODUCT
    kind_of_node, ids, connection = "Product", documents.PRODUCT_IDS, "products"


class CollectionListing(_NodeListing[ClientT]):
    kind = Kind.CATEGORY
    kind_of_node, ids, connection = "Collection", documents.COLLECTION_IDS, "collections"
