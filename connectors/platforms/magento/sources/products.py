"""Products with their variants, stock, prices and images.

A product here is what a shop shows on its own: simple and virtual products that are visible, configurable products and
bundles. A simple product that is not visible individually is a variant of the configurable or grouped product that has
it; one that only bundles have, or that was imported and then hidden, is suspended. A grouped product whose parts are
all visible sells nothing itself and is left out, as are gift cards.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from connectors.platforms.magento import product_rows
from connectors.platforms.magento.client import Row, row_ids
from connectors.platforms.magento.product_rows import (
    COMPOSITE_TYPES,
    CONFIGURABLE,
    GROUPED,
    SIMPLE_TYPES,
    child_ids,
    is_variant,
)
from connectors.platforms.magento.search import Group
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.sources.base import ListedSource
from connectors.platforms.magento.sources.bundles import part_skus
from connectors.platforms.magento.sources.product_models import ProductRow
from connectors.platforms.magento.sources.product_records import ProductRecordBuilder, product_link
from connectors.platforms.magento.sources.stock_records import fetch_stock
from connectors.platforms.magento.values import text
from connectors.sdk.listing_protocol import record
from connectors.sdk.paging import Cursor, Page
from connectors.sdk.records import ProductRecord
from connectors.sdk.streams import SizeSchedules
from hub.kinds import DataType, Kind

# How many changed variants are stored individually until the products that contain them have been found.
MAX_CHANGED_VARIANTS = 1000
# Each product may have many variants, which need calls of their own, and a page must finish well within a lease.
MAX_PAGE_SIZE = 100
CONFIGURABLES_PER_PAGE = 300


class Products(ListedSource[ProductRecord]):
    """A full import of a small catalog is frequent: the shop does not update the modification time of a product when
    its stock, its base price or its special price changes, or when a variant is deleted. It takes about half a minute
    for a thousand products.

    A partial import reads the changed products first, then the configurable products of the changed variants.

    The vendor does not return which product a variant belongs to, so the import pages through all configurable products
    once to find them.
    """

    data_type = DataType.PRODUCTS
    kind = Kind.PRODUCT
    lane = "catalog"
    full_schedule = SizeSchedules(threshold=5_000, below="1h", above="1d")
    partial_schedule = "15m"
    depends_on = (DataType.SETTINGS, DataType.CATEGORIES, DataType.BRANDS)
    reads_stock = True
    path = product_rows.PATH
    required = ("sku", "name", "status", "visibility", "type_id", "custom_attributes")

    @property
    def page_size(self) -> int:
        return min(MAX_PAGE_SIZE, super().page_size)

    def includes(self, raw: Any) -> bool:
        websites = self.client.websites
        return not websites.limited or websites.own in product_rows.website_ids(raw, default=[websites.own])

    def website_filters(self) -> list[Group]:
        return product_rows.of_website(self.client.websites)

    def base_filters(self) -> list[Group]:
        return [product_rows.of_types(*SIMPLE_TYPES, *COMPOSITE_TYPES), *self.website_filters()]

    def full_filters(self) -> list[Group]:
        return [*self.base_filters(), product_rows.individually_visible()]

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[ProductRecord]:
        if since is None:
            return super().read_page(since=None, cursor=cursor)
        if cursor and "parents" in cursor:
            return self._parents(cursor["variants"], cursor["parents"])
        waiting: list[int] | None = cursor["variants"] if cursor else []
        rows, following, cut = self.changes(since, cursor)
        visible = [row for row in rows if not is_variant(row)]
        hidden = row_ids(row for row in rows if is_variant(row))
        if waiting is not None:
            waiting = sorted({*waiting, *hidden})
            waiting = waiting if len(waiting) <= MAX_CHANGED_VARIANTS else None
        # The cut must not advance before the products of the changed variants have been read as well.
        done = waiting == []
        if following is None:
            following = None if done else {"parents": 0}
        if following is not None:
            following = {**following, "variants": waiting}
        return Page(self.records(visible), following, cut=cut if done else None, to_check=list(map(str, hidden)))

    def fetch(self, external_ids: Sequence[str]) -> list[ProductRecord]:
        """A product that was hidden is suspended, unless it has become a variant of a configurable product."""
        rows = self.client.fetch_by_ids(self.path, external_ids, *self.base_filters())
        return self.records([row for row in rows if not is_variant(row) or not self._belongs_to_product(row)])

    def _belongs_to_product(self, row: Row) -> bool:
        ids, skus = self._variants
        return row["id"] in ids or sku_key(text(row.get("sku"))) in skus

    @cached_property
    def _variants(self) -> tuple[set[int], set[str]]:
        """The IDs of variants of all configurable products, and the `sku_key`s of parts of all grouped products. The
        shop does not tell to which product a variant belongs."""
        parents = product_rows.of_types(CONFIGURABLE, GROUPED)
        ids: set[int] = set()
        skus: set[str] = set()
        after: int | None = 0
        while after is not None:
            rows, after, _ = self.client.search_after(self.path, after, parents, size=CONFIGURABLES_PER_PAGE)
            ids.update(number for row in rows for number in child_ids(row))
            skus.update(sku_key(sku) for row in rows for sku in part_skus(row))
        return ids, skus

    def _parents(self, variants: list[int] | None, after: int) -> Page[ProductRecord]:
        """Configurable products that have one of the variants; all of them if there were too many variants to store."""
        only_configurable = product_rows.only_type(CONFIGURABLE)
        rows, following, _ = self.rows_after(after, *self.base_filters(), only_configurable)
        wanted = None if variants is None else set(variants)
        found = [row for row in rows if wanted is None or wanted & set(child_ids(row))]
        return Page(self.records(found), {"parents": following, "variants": variants} if following else None)

    def records(self, rows: list[Any]) -> list[ProductRecord]:
        """Of each row; parts of bundles that are no products or variants otherwise follow."""
        children, parts = self._children(rows), self._parts(rows)
        hidden = [row for row in parts.values() if is_variant(row)]
        listed = {row["id"] for row in rows if row_ids([row])}
        loose = [row for row in hidden if row["id"] not in listed and not self._belongs_to_product(row)]
        skus = [row["sku"] for row in (*rows, *children.values(), *parts.values()) if product_rows.is_product(row)]
        stock = fetch_stock(self.client, skus)
        records = []
        for row in (*rows, *loose):
            below = [children[number] for number in child_ids(row) if number in children]
            below += [parts[key] for sku in part_skus(row) if (key := sku_key(sku)) in parts]
            if isinstance(row, dict) and row.get("type_id") == GROUPED:
                below = [each for each in below if each in hidden]
                if not below:
                    continue
            builder = ProductRecordBuilder(self.client, below, stock)
            records.append(record(row, ProductRow, builder.build, self._placeholder))
            records[-1].raw = row | {"children": below} if below else row
        return records

    def _placeholder(self, external_id: str) -> ProductRecord:
        return ProductRecord(external_id=external_id, title="", link=product_link(self.client, external_id))

    def _children(self, rows: Iterable[Any]) -> dict[int, Row]:
        child_rows = self.client.fetch_by_values(
            self.path, "entity_id", [number for row in rows for number in child_ids(row)]
        )
        return {row["id"]: row for row in child_rows if row_ids([row]) and self.includes(row)}

    def _parts(self, rows: Iterable[Any]) -> dict[str, Row]:
        """`sku_key` → part of a bundle or grouped product."""
        found = self.client.products_by_sku(sku for row in rows for sku in part_skus(row))
        return {key: row for key, row in found.items() if self.includes(row)}
