"""Products with their variants, prices and stock, complete by ID.

What changed is found in three lists, because Vendure dates each of them apart: products (`updatedAt`), variants (their
prices and counted stock), and orders, which change what is available without dating a variant.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from connectors.platforms.vendure.client import SHOP, SourceClient, raise_malformed_response
from connectors.platforms.vendure.listings import ProductListing
from connectors.platforms.vendure.paging import page_by_time
from connectors.platforms.vendure.settings import MAX_PAGE_SIZE
from connectors.platforms.vendure.sources.base import VendureSource
from connectors.platforms.vendure.sources.order_scan import changed_orders
from connectors.platforms.vendure.sources.product_records import ProductRecordBuilder, placeholder
from connectors.platforms.vendure.sources.product_rows import ProductRow
from connectors.sdk.api_model import record
from connectors.sdk.details import add_details
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import ProductRecord
from hub.kinds import DataType

_VARIANT = """
fragment VariantFields on ProductVariant {
  id updatedAt sku name enabled trackInventory outOfStockThreshold useGlobalOutOfStockThreshold
  price priceWithTax currencyCode prices { price currencyCode }
  stockLevels { updatedAt stockOnHand stockAllocated stockLocation { id name } }
  options { name group { id name } }
  featuredAsset { preview }
  facetValues { name facet { code } }
  %s
}
"""
_PRODUCT = """
query Products($options: ProductListOptions) {
  products(options: $options) {
    totalItems
    items {
      id createdAt updatedAt name slug description enabled
      assets { id name type preview source }
      facetValues { id name facet { code name } }
      collections { id }
      variants { ...VariantFields }
      %s
    }
  }
  ...Shop
}
"""
_CHANGED_VARIANTS = """
query ChangedVariants($options: ProductVariantListOptions) {
  productVariants(options: $options) { totalItems items { id updatedAt productId } }
}
"""
_MORE_VARIANTS = """
query Variants($id: ID!, $options: ProductVariantListOptions) {
  productVariants(productId: $id, options: $options) { totalItems items { ...VariantFields } }
}
"""


class Products(VendureSource[ProductRecord], ProductListing[SourceClient]):
    data_type = DataType.PRODUCTS
    name = "products"
    full_schedule = "1d"
    partial_schedule = "15m"
    depends_on = (DataType.CATEGORIES, DataType.BRANDS)
    reads_stock = True
    required = ("name", "enabled", "variants", "variants.prices", "variants.stockLevels", "assets", "facetValues")

    @cached_property
    def document(self) -> str:
        return _PRODUCT % self._custom("Product") + self._variant_fields + SHOP

    @cached_property
    def _variant_fields(self) -> str:
        return _VARIANT % self._custom("ProductVariant")

    def _custom(self, entity: str) -> str:
        products = self.client.field_map.products
        paths = [path for name, path in products if name != "settings"]
        return self.client.custom_selection(
            entity, [*paths, *products.settings.values(), self.client.settings.weight_field]
        )

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[ProductRecord]:
        """A partial read goes through the lists one after the other; `cursor["list"]` is the one being read."""
        if since is None:
            return super().read_page(since=None, cursor=cursor)
        place = (cursor or {}).get("list", "products")
        inner = cursor and cursor["at"]
        if place == "products":
            page = super().read_page(since=since, cursor=inner)
            records, following, then = page.records, page.cursor, "variants"
        elif place == "variants":
            rows, following = page_by_time(self._changed_variants, "updatedAt", inner, size=MAX_PAGE_SIZE, since=since)
            records, then = self.fetch(_product_ids(rows)), "orders"
        else:
            ids, following = changed_orders(self.client, since, inner, of_products=True)
            records, then = self.fetch(ids), ""
        if following:
            return Page(records, {"list": place, "at": following})
        return Page(records, {"list": then, "at": None} if then else None)

    def _changed_variants(self, options: Any) -> tuple[list[Any], int]:
        return self.client.list_page(_CHANGED_VARIANTS, "productVariants", options)

    def records(self, rows: list[Any]) -> list[ProductRecord]:
        add_details(self.client.graphql.http, [row for row in rows if isinstance(row, dict)], self._complete)
        return [record(row, ProductRow, ProductRecordBuilder(self.client, row).build, placeholder) for row in rows]

    def _complete(self, row: dict[str, Any]) -> None:
        """A product's own list of variants ends at the limit of lists."""
        if not isinstance(row.get("variants"), list):
            return
        document = _MORE_VARIANTS + self._variant_fields
        while len(row["variants"]) and len(row["variants"]) % MAX_PAGE_SIZE == 0:
            options = {"take": MAX_PAGE_SIZE, "skip": len(row["variants"]), "sort": {"id": "ASC"}}
            match self.client.query(document, id=row["id"], options=options).get("productVariants"):
                case {"items": list(more)}:
                    if not more:
                        return
                    row["variants"] += more
                case _:
                    raise_malformed_response("productVariants")


def _product_ids(rows: Iterable[Any]) -> Sequence[str]:
    return [str(row["productId"]) for row in rows if isinstance(row, dict) and row.get("productId")]
