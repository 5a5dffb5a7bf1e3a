"""Products with their variants, prices, stock, images and collections."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from connectors.platforms.shopify import documents
from connectors.platforms.shopify.client import Row, ShopifyClient, gids, page_of
from connectors.platforms.shopify.documents import ProductDocuments
from connectors.platforms.shopify.listings import ProductListing
from connectors.platforms.shopify.mapping import mapped_value, metafields
from connectors.platforms.shopify.reader import Reader
from connectors.platforms.shopify.sources.base import StoreSource, changed_page, changed_since
from connectors.platforms.shopify.sources.bulk_products import BulkProducts
from connectors.platforms.shopify.sources.variants import VariantReader, read_locations
from connectors.sdk import issues
from connectors.sdk.decoding import whole_number
from connectors.sdk.details import add_details
from connectors.sdk.field_maps import mapped_paths
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import ImageRecord, Problem, ProductRecord
from hub.kinds import DataType, Kind

# Drafts and archived products are not sold; unlisted ones are hidden from the store's lists and its search.
STATUSES = {"ACTIVE": "live", "DRAFT": "suspended", "ARCHIVED": "suspended", "UNLISTED": "suspended"}
ITEM_PREFIX = "inventory_item:"
_NODES = 8


class Products(StoreSource[ProductRecord], ProductListing[ShopifyClient]):
    """A full read of a large catalog is a bulk operation; other reads page by ID or by time of change."""

    data_type = DataType.PRODUCTS
    full_schedule = "1d"
    partial_schedule = "15m"
    depends_on = (DataType.SETTINGS, DataType.CATEGORIES, DataType.BRANDS)
    reads_stock = True
    required = (
        *("title", "status", "vendor", "variants", "variants.id", "variants.price", "variants.inventoryItem"),
        *("media", "collections"),
    )

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[ProductRecord]:
        if since is not None:
            query = f"{changed_since(since)} {documents.ALL_STATUSES}"
            rows, after, _ = self._page(cursor, query=query, by="UPDATED_AT")
            return changed_page(self.records(self._completed(rows)), rows, after, since)
        if cursor and "bulk" in cursor:
            return self._bulk_page(cursor)
        rows, after, total = self._page(cursor, query=documents.ALL_STATUSES, by="ID", count=cursor is None)
        if total is not None and total >= self.client.settings.bulk_threshold:
            return Page([], BulkProducts(self.client, self._documents).start(), total=total)
        return Page(self.records(self._completed(rows)), {"after": after} if after else None, total=total)

    def fetch(self, external_ids: Sequence[str]) -> list[ProductRecord]:
        """IDs are those of products, or of inventory items, which events of stock name (`inventory_item:5`)."""
        items = [each.removeprefix(ITEM_PREFIX) for each in external_ids if each.startswith(ITEM_PREFIX)]
        products = [each for each in external_ids if not each.startswith(ITEM_PREFIX)]
        return self.records(self._fetch_rows(sorted({*gids("Product", products), *self._products_of(items)})))

    def _products_of(self, items: Sequence[str]) -> set[str]:
        rows = self.client.nodes(documents.PRODUCTS_OF_ITEMS, gids("InventoryItem", items), size=50)
        for row in rows:
            self.client.complete(row, "variants", documents.MORE_VARIANTS_OF_ITEM)
        variants = [each for row in rows for each in row["variants"]]
        return {each["product"]["id"] for each in variants if isinstance(each, dict) and each.get("product")}

    def _page(
        self, cursor: Cursor, *, query: str, by: str, count: bool = False
    ) -> tuple[list[Row], str | None, int | None]:
        """Rows, the cursor of the next page, and the number of all products if it is wanted."""
        after = cursor["after"] if cursor else None
        given = {"first": documents.PRODUCTS_PER_PAGE, "after": after, "query": query, "sortKey": by, "count": count}
        data = self.client.query_nodes(self._documents.page, ("products", "nodes"), **given)
        rows, following = page_of(data, "products", after=after)
        counted = data.get("productsCount")
        return rows, following, whole_number(counted.get("count")) if isinstance(counted, dict) else None

    def _fetch_rows(self, ids: Sequence[str]) -> list[Row]:
        return self._completed(self.client.nodes(self._documents.nodes, ids, size=_NODES, node_errors=True))

    def _bulk_page(self, cursor: Row) -> Page[ProductRecord]:
        page = BulkProducts(self.client, self._documents).read(cursor)
        # What the file holds only in part is read one by one; a row without ID is reported as it is.
        rows = [row for row in page.rows if not (isinstance(row, dict) and row.get("id") in page.incomplete)]
        return Page(self.records(rows + self._fetch_rows(sorted(page.incomplete))), page.cursor, total=page.total)

    def _completed(self, rows: list[Row]) -> list[Row]:
        """The products with lists instead of connections, each complete."""
        add_details(self.client.http, [row for row in rows if self.row_id(row)], self._complete)
        return rows

    def _complete(self, row: Row) -> None:
        for field, document in (
            ("variants", self._documents.more_variants),
            ("media", documents.MORE_MEDIA),
            ("collections", documents.MORE_COLLECTIONS),
        ):
            if field in row:
                self.client.complete(row, field, document)
        for variant in row.get("variants", ()):
            item = variant.get("inventoryItem") if isinstance(variant, dict) else None
            if isinstance(item, dict) and "inventoryLevels" in item:
                self.client.complete(item, "inventoryLevels", documents.MORE_LEVELS)

    @cached_property
    def _documents(self) -> ProductDocuments:
        products = self.client.field_map.products
        variant_paths = mapped_paths(products, Kind.VARIANT) | mapped_paths(products, "stock") | products.settings
        paths = [*variant_paths.values()]
        return ProductDocuments(metafields([*paths, *products.attributes.values()]), metafields(paths))

    @cached_property
    def _locations(self) -> dict[str, bool]:
        return read_locations(self.client)

    def placeholder(self, number: str) -> ProductRecord:
        return ProductRecord(external_id=number, title="", link=self.client.link(f"products/{number}"))

    def build(self, raw: Any, problems: list[Problem]) -> ProductRecord:
        product = Reader(raw, problems, what="product")
        number, status = product.number(), STATUSES.get(product.text("status"), "suspended")
        if not product.items("variants"):
            # Every product has at least one variant, so an empty list would discontinue what the store still sells.
            product.report(issues.INCOMPLETE(field="variants"))
        variants = product.objects("variants")
        reader = VariantReader(self.client, product, self._locations)
        shipped = any(each.nested("inventoryItem").flag("requiresShipping") for each in variants)
        records = [reader.variant(each, status) for each in variants]
        reader.report_invalid(len(records))
        return ProductRecord(
            external_id=number,
            updated_at=product.timestamp("updatedAt"),
            link=self.client.link(f"products/{number}"),
            title=product.text("title"),
            slug=product.text("handle"),
            description=product.text("descriptionHtml"),
            product_type="physical" if shipped else "digital",
            status=status,
            brand_id=product.text("vendor"),
            category_ids=sorted((each.number() for each in product.objects("collections")), key=int),
            attributes=self._attributes(product),
            variants=records,
            images=[_image(each, position) for position, each in enumerate(_images(product))],
        )

    def _attributes(self, product: Reader) -> dict[str, Any]:
        """The product's type, its tags, and what the connection maps."""
        mapped = {
            name: mapped_value(product.raw, path) for name, path in self.client.field_map.products.attributes.items()
        }
        own = {"Type": product.text("productType"), "Tags": [str(each) for each in product.items("tags")]}
        return {name: value for name, value in (own | mapped).items() if value not in (None, "", [])}


def _images(product: Reader) -> list[Reader]:
    """Media that are images and are ready: while the store processes an upload, it has no URL."""
    return [each for each in product.objects("media") if each.nested("image").text("url")]


def _image(media: Reader, position: int) -> ImageRecord:
    url = media.nested("image").text("url")
    return ImageRecord(external_id=media.number(), url=url, alt=media.text("alt"), position=position)
