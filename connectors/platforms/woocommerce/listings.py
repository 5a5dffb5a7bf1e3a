"""Lists which products, brands and categories exist; mixed into the sources and targets of each (L11, L15)."""

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from connectors.platforms.woocommerce.client import (
    BRANDS,
    CATEGORIES,
    PAGE_SIZE,
    PRODUCTS,
    WooClient,
    has_more,
    raise_malformed_response,
    row_ids,
)
from connectors.platforms.woocommerce.paging import page_by_id
from connectors.sdk.paging import IdPage, Slice, numbered_page
from connectors.sdk.streams import Listing
from hub.kinds import Kind

ClientT = TypeVar("ClientT", bound=WooClient[Any, Any])

# WordPress returns only these fields of an item.
ID_ONLY = {"_fields": "id"}


class ProductListing(Listing[ClientT]):
    kind = Kind.PRODUCT

    def lookup(self, external_ids: Iterable[str]) -> set[str]:
        """Products in the trash do not exist."""
        rows = self.client.existing(PRODUCTS, external_ids, status="any", **ID_ONLY)
        return {str(number) for number in _complete(PRODUCTS, rows)}

    def list_ids(self, *, cursor: Any) -> IdPage:
        rows, following, total = page_by_id(self.client, PRODUCTS, cursor, limit=PAGE_SIZE, status="any", **ID_ONLY)
        if cursor is None and not rows and total is None:
            raise_malformed_response(PRODUCTS)
        return IdPage([str(number) for number in _complete(PRODUCTS, rows)], following)


class TermListing(Listing[ClientT]):
    """Categories and brands: paged by number, because the shop documents no other way."""

    path: ClassVar[str]

    def lookup(self, external_ids: Iterable[str]) -> set[str]:
        rows = self.client.existing(self.path, external_ids, **ID_ONLY)
        return {str(number) for number in _complete(self.path, rows)}

    def list_ids(self, *, cursor: Any) -> IdPage:
        rows, following = numbered_page(cursor, lambda number: self.term_page(number, **ID_ONLY))
        return IdPage([str(number) for number in _complete(self.path, rows)], following)

    def term_page(self, number: int, **query: Any) -> Slice:
        rows, total = self.client.list_page(
            self.path, **query, orderby="id", order="asc", page=number, per_page=PAGE_SIZE
        )
        if total is None and not rows and number == 1:
            raise_malformed_response(self.path)
        return rows, has_more(rows, total, number)


class CategoryListing(TermListing[ClientT]):
    kind = Kind.CATEGORY
    path = CATEGORIES


class BrandListing(TermListing[ClientT]):
    kind = Kind.BRAND
    path = BRANDS


def _complete(path: str, rows: list[Any]) -> list[int]:
    """TryAgainLater if a row has no ID."""
    found = row_ids(rows)
    if len(found) < len(rows):
        raise_malformed_response(path)
    return found
