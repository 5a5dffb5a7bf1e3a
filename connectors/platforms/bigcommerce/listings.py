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
from connectors.sdk.paging import IdPage
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
        page = cursor or 1
        rows, total = self.client.list_page(CATEGORIES, **ID_ONLY, limit=PAGE_SIZE, page=page)
        found = [
            row["category_id"] for row in rows if isinstance(row, dict) and isinstance(row.get("category_id"), int)
        ]
        if len(found) < min(PAGE_SIZE, total - (page - 1) * PAGE_SIZE):
            raise_malformed_response(CATEGORIES)
        return IdPage([*map(str, found)], page + 1 if page * PAGE_SIZE < total else None)


def _id_page(client: BigCommerceClient, path: str, after: int | None, **query: Any) -> IdPage:
    rows, following = complete_page_by_id(client, path, after, **query, **ID_ONLY, limit=PAGE_SIZE)
    return IdPage([str(row["id"]) for row in rows], following)
