"""Products with their variations, prices, stock and images."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from connectors.platforms.woocommerce.client import ORDERS, PRODUCTS, Row, ShopClient, row_ids
from connectors.platforms.woocommerce.listings import ProductListing
from connectors.platforms.woocommerce.paging import BY_ID, page_by_id
from connectors.platforms.woocommerce.sources.base import ShopSource, changed_since
from connectors.platforms.woocommerce.sources.product_records import ProductRecordBuilder, product_link
from connectors.platforms.woocommerce.sources.product_rows import ProductRow
from connectors.sdk.api_model import record
from connectors.sdk.decoding import whole_number
from connectors.sdk.details import add_details
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import ProductRecord
from connectors.sdk.responses import RequestRejected
from hub.kinds import DataType

# The rows of a product's variations are added to its row under this name, so that they are stored with it (S7).
VARIATIONS = "variation_rows"


class Products(ShopSource[ProductRecord], ProductListing[ShopClient]):
    """Each variable product needs a call of its own for its variations.

    Products in the trash are deleted; drafts, pending, private and hidden products are suspended.
    """

    data_type = DataType.PRODUCTS
    lane = "catalog"
    full_schedule = "1d"
    partial_schedule = "15m"
    depends_on = (DataType.SETTINGS, DataType.CATEGORIES, DataType.BRANDS)
    reads_stock = True
    path = PRODUCTS
    required = (
        *("name", "type", "status", "sku", "regular_price", "manage_stock", "stock_status", "weight"),
        *("categories", "images", "attributes", "variations", "meta_data"),
    )

    def filters(self) -> dict[str, Any]:
        return {"status": "any"}

    def exists(self, row: Row) -> bool:
        """An event may name a variation, which the shop returns as if it were a product (seen in code)."""
        return super().exists(row) and row.get("type") != "variation"

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[ProductRecord]:
        """A partial read ends with the products of the orders that changed (C7): a sale does not reliably change the
        date of a product (https://github.com/woocommerce/woocommerce/issues/40060)."""
        if since is None or not self.client.settings.change_dates:
            return super().read_page(since=None, cursor=cursor)
        if cursor and "orders" in cursor:
            return self._sold_page(since, cursor["orders"])
        page = super().read_page(since=since, cursor=cursor)
        if page.cursor is None:
            page.cursor = {"orders": None}
        return page

    def _sold_page(self, since: datetime, cursor: Cursor) -> Page[ProductRecord]:
        query = {"status": "any", "_fields": "id,line_items"} | changed_since(since)
        rows, following, _ = page_by_id(self.client, ORDERS, cursor, limit=self.client.settings.page_size, **query)
        lists = [row["line_items"] for row in rows if isinstance(row, dict) and isinstance(row.get("line_items"), list)]
        products = {whole_number(line.get("product_id")) for lines in lists for line in lines if isinstance(line, dict)}
        return Page(self.fetch([str(each) for each in products if each]), following and {"orders": following})

    def records(self, rows: list[Any]) -> list[ProductRecord]:
        deleted: list[Row] = []

        def add(row: Row) -> None:
            if not self._add_variations(row):
                deleted.append(row)

        add_details(self.client.http, [row for row in rows if isinstance(row, dict) and row_ids([row])], add)
        return [self._record(row) for row in rows if not any(row is each for each in deleted)]

    def _record(self, row: Any) -> ProductRecord:
        variations = row.get(VARIATIONS, []) if isinstance(row, dict) else []
        return record(row, ProductRow, ProductRecordBuilder(self.client, row, variations).build, self._placeholder)

    def _placeholder(self, external_id: str) -> ProductRecord:
        return ProductRecord(external_id=external_id, title="", link=product_link(self.client, external_id))

    def _add_variations(self, row: Row) -> bool:
        """Add the variations of a variable product to its row. False if the product was deleted meanwhile."""
        if not isinstance(row.get("variations"), list | None):
            return True
        variations = row.get("variations") or []
        if not variations and not str(row.get("type")).startswith("variable"):
            return True
        path = f"{PRODUCTS}/{row_ids([row])[0]}/variations"
        try:
            found = self.client.fetch_all(path, **BY_ID, status="any")
        except RequestRejected:
            if self.client.find(f"{PRODUCTS}/{row_ids([row])[0]}") is None:
                return False
            raise
        named = {number for each in variations if (number := whole_number(each))}
        row[VARIATIONS] = found + self._unlisted(path, named - {*row_ids(found)})
        return True

    def _unlisted(self, path: str, ids: Collection[int]) -> list[Row]:
        """Variations that the product names and the list of them lacks: it may be outdated, or the list incomplete."""
        rows = (self.client.find(f"{path}/{number}") for number in sorted(ids))
        return [row for row in rows if row and row.get("status") != "trash"]
