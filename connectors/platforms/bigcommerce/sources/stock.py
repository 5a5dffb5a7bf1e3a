"""The stock of all variants, read more often than their products (C7): events tell of each change, but one may be lost,
and the vendor does not say that a change also moves the date of the product."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.platforms.bigcommerce.client import PAGE_SIZE, PRODUCTS, VARIANTS, Row, join
from connectors.platforms.bigcommerce.field_reader import FieldReader
from connectors.platforms.bigcommerce.inventory import add_locations, variants_of
from connectors.platforms.bigcommerce.paging import page_by_id, row_ids
from connectors.platforms.bigcommerce.sources.base import StoreSource
from connectors.platforms.bigcommerce.sources.variants import VariantReader
from connectors.sdk.details import add_details, details_mark, details_problem, fetch_each
from connectors.sdk.paging import Cursor, Page, numeric_ids
from connectors.sdk.records import Problem, StockLevelsRecord
from connectors.sdk.streams import SizeSchedules
from hub.kinds import DataType

# What is large in a product, and not needed.
_QUERY = {"include": "variants", "exclude_fields": "description"}
_OF_PRODUCT = ("id", "inventory_tracking", "inventory_level", "inventory_warning_level")
_OF_VARIANT = ("id", "sku", "inventory_level", "inventory_warning_level", "locations")


class Stock(StoreSource[StockLevelsRecord]):
    """Pages through the products with their variants, and their locations if the settings say so."""

    data_type = DataType.STOCK
    lane = "stock"
    full_schedule = SizeSchedules(threshold=5_000, below="15m", above="1h")
    reads_stock = True
    required = ("product.inventory_tracking",)

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[StockLevelsRecord]:
        """All of it, whatever `since` is."""
        after = cursor["after"] if cursor else 0
        order: Row = {"sort": "id", "direction": "asc", "limit": self.client.settings.page_size}
        rows, following, _ = page_by_id(self.client, PRODUCTS, after, **self._query(), **order)
        return Page(self.records(self._variant_rows(rows)), {"after": following} if following else None)

    def fetch(self, external_ids: Sequence[str]) -> list[StockLevelsRecord]:
        wanted = numeric_ids(external_ids)
        variants = fetch_each(self.client.http, wanted, self._find)
        products = {str(row.get("product_id")) for row in variants if not details_problem(row)}
        found = self.client.existing(PRODUCTS, sorted(products), **self._query())
        rows = [each for each in self._variant_rows(found) if each["id"] in wanted]
        unknown = [row for row in variants if details_problem(row)]
        # Of a product whose own list of variants cannot be read, the nested list may be only the beginning.
        marks = {str(row["id"]): mark for row in found if row_ids([row]) and (mark := details_mark(row))}
        listed = {each["id"] for each in rows}
        unknown += [
            {"id": row["id"], **marks[product]}
            for row in variants
            if (product := str(row.get("product_id"))) in marks and row["id"] not in listed
        ]
        return self.records([*rows, *unknown])

    def _find(self, number: int) -> Row | None:
        rows, _ = self.client.list_page(VARIANTS, id=number, include_fields="product_id", limit=PAGE_SIZE)
        return next((row for row in rows if isinstance(row, dict)), None)

    def _query(self) -> Row:
        channels = self.client.settings.channel_ids
        return _QUERY | ({"channel_id:in": join(channels)} if channels else {})

    def _variant_rows(self, products: Sequence[Any]) -> list[Row]:
        """Rows of variants, each with the `product` that it may share its stock with."""
        add_details(self.client.http, [row for row in products if row_ids([row])], self.client.complete)
        if self.client.settings.stock_by_location:
            add_locations(self.client, products)
        return [
            {name: each[name] for name in _OF_VARIANT if name in each}
            | {"product": {name: row[name] for name in _OF_PRODUCT if name in row}}
            | details_mark(row)
            for row in products
            for each in variants_of([row])
        ]

    def placeholder(self, number: str) -> StockLevelsRecord:
        return StockLevelsRecord(external_id=number)

    def build(self, raw: Any, problems: list[Problem]) -> StockLevelsRecord:
        variant = FieldReader(raw, problems, what="variant")
        product = variant.nested("product")
        return StockLevelsRecord(
            external_id=variant.key("id"),
            link=self.client.link(f"products/edit/{product.key('id')}"),
            sku=variant.text("sku"),
            stock=VariantReader(self.client, product, None).stock(variant),
        )
