"""The stock of all variants, read more often than their products: no date tells that it has changed (C7)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.platforms.magento import product_rows
from connectors.platforms.magento.client import MAX_PAGE_SIZE, ShopClient
from connectors.platforms.magento.search import Group
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.sources.bundles import Option, part_skus, stock_of
from connectors.platforms.magento.sources.product_records import product_link
from connectors.platforms.magento.sources.stock_records import fetch_stock
from connectors.sdk.api_model import ApiModel, Text, record
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import StockLevelsRecord, StockRecord
from connectors.sdk.streams import SizeSchedules, Source
from hub.kinds import DataType

# Those of a bundle say what it consists of.
_FIELDS = ("id", "sku", "type_id", "extension_attributes")
_FIELDS_PARAMETER = "id,sku,type_id,extension_attributes[bundle_product_options]"


class Stock(Source[ShopClient, StockLevelsRecord]):
    """Pages through all products that may be variants, whether visible or not. Each page takes three calls: products,
    quantities at sources, and salable quantities of each website; one with bundles another for their parts."""

    data_type = DataType.STOCK
    lane = "stock"
    full_schedule = SizeSchedules(threshold=5_000, below="15m", above="1h")
    reads_stock = True
    required = ("sku",)

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[StockLevelsRecord]:
        """All of it, whatever `since` is."""
        size = min(MAX_PAGE_SIZE, self.client.settings.page_size)
        rows, after, total = self.client.search_after(
            product_rows.PATH,
            cursor["after"] if cursor else 0,
            *self._filters,
            size=size,
            fields=_FIELDS_PARAMETER,
        )
        return Page(self._records(rows), {"after": after} if after else None, total=None if cursor else total)

    def fetch(self, external_ids: Sequence[str]) -> list[StockLevelsRecord]:
        return self._records(self.client.fetch_by_ids(product_rows.PATH, external_ids, *self._filters))

    @property
    def _filters(self) -> list[Group]:
        types = product_rows.of_types(*product_rows.SIMPLE_TYPES, product_rows.BUNDLE)
        return [types, *product_rows.of_website(self.client.websites)]

    def _records(self, rows: Sequence[Any]) -> list[StockLevelsRecord]:
        kept = [{name: row[name] for name in _FIELDS if name in row} if isinstance(row, dict) else row for row in rows]
        parts = self.client.products_by_sku(sku for row in kept for sku in part_skus(row))
        skus = [row["sku"] for row in kept if isinstance(row, dict) and isinstance(row.get("sku"), str)]
        stock = fetch_stock(self.client, [*skus, *(row["sku"] for row in parts.values())])

        def build(row: "_Row") -> StockLevelsRecord:
            levels = stock.get(sku_key(row.sku)) or [StockRecord(quantity=None)]
            if row.type_id == product_rows.BUNDLE:
                levels = stock_of(row.extension_attributes.bundle_product_options, stock, parts)
            return StockLevelsRecord(
                external_id=str(row.id), link=product_link(self.client, str(row.id)), sku=row.sku, stock=levels
            )

        return [record(row, _Row, build, lambda key: StockLevelsRecord(external_id=key)) for row in kept]


class _Extension(ApiModel):
    bundle_product_options: list[Option] = []


class _Row(ApiModel):
    id: int
    sku: Text
    type_id: str = "simple"
    extension_attributes: _Extension = _Extension()
