"""Lists which products, brands and categories exist; mixed into the sources and targets of each."""

from collections.abc import Iterable
from typing import Any, TypeVar

from connectors.platforms.bigcommerce.client import (
    BRANDS,
    CATEGORIES,
    PAGE_SIZE,
    PRODUCTS,
    BigCommerceClient,
    raise_malformed_response,
)
from connectors.platforms.bigcommerce.paging import complete_page_by_id
from connectors.sdk.paging import IdPage, Slice, numbered_page
from connectors.sdk.streams import Listing
from hub.kinds import Kind

ClientT = TypeVar("ClientT", bound=BigCommerceClient)

# The smallest possible response: the vendor adds the ID to any requested fields.
ID_ONLY = {"include_fields": "name"}


class ProductListing(Listing[ClientT]):
    kind = Kind.PRODUCT

    def lookup(self, external_ids: Iterable[str]) -> set[str]:
        return {str(row["id"]) for row in self.client.existing(PRODUCTS, list(external_ids), **ID_ONLY)}

    def list_ids(self, *, cursor: Any) -> IdPage:
        return _id_page(self.client, PRODUCTS, cursor, sort="id", direction="asc")


class BrandListing(Listing[ClientT]):
    kind = Kind.BRAND

    def lookup(self, external_ids: Iterable[str]) -> set[str]:
        return {str(row["id"]) for row in self.client.existing(BRANDS, list(external_ids), **ID_ONLY)}

    def list_ids(self, *, cursor: Any) -> IdPage:
        return _id_page(self.client, BRANDS, cursor)


class CategoryListing(Listing[ClientT]):
    """Paged by page number, because the vendor offers no paging by ID here."""

    kind = Kind.CATEGORY

    def lookup(self, external_ids: Iterable[str]) -> set[str]:
        rows = self.client.existing(CATEGORIES, list(external_ids), name="category_id", **ID_ONLY)
        return {str(row["category_id"]) for row in rows}

    def list_ids(self, *, cursor: Any) -> IdPage:
        number, digest = cursor.split(":") if cursor else ("1", "")
        rows, following = numbered_page({"page": int(number), "digest": digest}, self._read)
        ids = [str(row["category_id"]) for row in rows]
        return IdPage(ids, following and f"{following['page']}:{following['digest']}")

    def _read(self, number: int) -> Slice:
        """TryAgainLater for an incomplete page."""
        rows, total = self.client.list_page(CATEGORIES, **ID_ONLY, limit=PAGE_SIZE, page=number)
        complete = all(isinstance(row, dict) and isinstance(row.get("category_id"), int) for row in rows)
        if not complete or len(rows) < min(PAGE_SIZE, total - (number - 1) * PAGE_SIZE):
            raise_malformed_response(CATEGORIES)
        return rows, number * PAGE_SIZE < total


def _id_page(client: BigCommerceClient, path: str, after: int | None, **query: Any) -> IdPage:
    rows, following = complete_page_by_id(client, path, after, **query, **ID_ONLY, limit=PAGE_SIZE)
    return IdPage([str(row["id"]) for row in rows], following)
