"""Lists which products exist; mixed into their source and target."""

from collections.abc import Iterable
from typing import Any, TypeVar

from connectors.platforms.vendure.client import VendureClient, id_of, raise_malformed_response
from connectors.platforms.vendure.paging import page_by_time
from connectors.platforms.vendure.settings import MAX_PAGE_SIZE
from connectors.sdk.paging import IdPage
from connectors.sdk.streams import Listing
from hub.kinds import Kind

ClientT = TypeVar("ClientT", bound=VendureClient)

_IDS = """
query ProductIds($options: ProductListOptions) {
  products(options: $options) { totalItems items { id createdAt } }
}
"""


class ProductListing(Listing[ClientT]):
    kind = Kind.PRODUCT

    def lookup(self, external_ids: Iterable[str]) -> set[str]:
        return {str(row["id"]) for row in self.client.existing(_IDS, "products", external_ids)}

    def list_ids(self, *, cursor: Any) -> IdPage:
        rows, following = page_by_time(self._read_ids, "createdAt", cursor, size=MAX_PAGE_SIZE)
        ids = [number for row in rows if (number := id_of(row))]
        if len(ids) < len(rows):
            raise_malformed_response("products")
        return IdPage(ids, following)

    def _read_ids(self, options: Any) -> tuple[list[Any], int]:
        return self.client.list_page(_IDS, "products", options)
