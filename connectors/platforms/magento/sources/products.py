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
from connectors.sdk.api_model import record
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
    once to find them. In the same way the last pages find the hidden parts of bundles that no other product has.
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
        cursor = cursor or {}
        if "loose" in cursor:
            return self._loose_parts(cursor["loose"])
        if "scanned" in cursor:
            return self._scan(cursor["parts"], cursor["scanned"])
        known: list[int] = cursor.get("parts", [])
        if "parents" in cursor:
            return self._parents(cursor["variants"], cursor["parents"], known)
        if since is None:
            rows, after, total = self.rows_after(cursor.get("after", 0), *self.full_filters())
            records, parts = self._records_and_parts(rows, known)
            following = {"after": after, "parts": parts} if after else _scan_cursor(parts)
            return Page(records, following, total=None if cursor else total)
        waiting: list[int] | None = cursor.get("variants", [])
        rows, following, cut = self.changes(since, cursor or None)
        records, parts = self._records_and_parts([row for row in rows if not is_variant(row)], known)
        hidden = row_ids(row for row in rows if is_variant(row))
        if waiting is not None:
            waiting = sorted({*waiting, *hidden})
            waiting = waiting if len(waiting) <= MAX_CHANGED_VARIANTS else None
        if following is None:
            following = _scan_cursor(parts) if waiting == [] else {"parents": 0}
        if following is not None:
            following = {**following, "variants": waiting, "parts": parts}
        # The cut must not advance before the products of the changed variants have been read as well.
        done = waiting == [] and not parts
        return Page(records, following, cut=cut if done else None, to_check=list(map(str, hidden)))

    def fetch(self, external_ids: Sequence[str]) -> list[ProductRecord]:
        """A product that was hidden is suspended, unless it has become a variant of a configurable product."""
        rows = self.client.fetch_by_ids(self.path, external_ids, *self.base_filters())
        return self.records([row for row in rows if not is_variant(row) or not self._belongs_to_product(row)])

    def _belongs_to_product(self, row: Row) -> bool:
        ids, skus = self._variants
        return not ids.isdisjoint(row_ids([row])) or sku_key(text(row.get("sku"))) in skus

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

    def _parents(self, variants: list[int] | None, after: int, parts: list[int]) -> Page[ProductRecord]:
        """Configurable products that have one of the variants; all of them if there were too many variants to store."""
        only_configurable = product_rows.only_type(CONFIGURABLE)
        rows, following, _ = self.rows_after(after, *self.base_filters(), only_configurable)
        wanted = None if variants is None else set(variants)
        found = [row for row in rows if wanted is None or wanted & set(child_ids(row))]
        cursor = {"parents": following, "variants": variants, "parts": parts} if following else _scan_cursor(parts)
        return Page(self.records(found), cursor)

    def _scan(self, parts: list[int], after: int) -> Page[ProductRecord]:
        """Leave out the parts that configurable or grouped products have: a page of these, which may be many."""
        parents = product_rows.of_types(CONFIGURABLE, GROUPED)
        rows, following, _ = self.client.search_after(self.path, after, parents, size=CONFIGURABLES_PER_PAGE)
        grouped = [row for row in rows if isinstance(row, dict) and row.get("type_id") == GROUPED]
        members = self.client.products_by_sku(sku for row in grouped for sku in part_skus(row))
        variants = {number for row in rows for number in child_ids(row)}.union(row_ids(members.values()))
        left = [number for number in parts if number not in variants]
        if following and left:
            return Page([], {"parts": left, "scanned": following})
        return Page([], {"loose": left} if left else None)

    def _loose_parts(self, numbers: list[int]) -> Page[ProductRecord]:
        """Parts of bundles that are no products or variants otherwise."""
        now, rest = numbers[: self.page_size], numbers[self.page_size :]
        rows = self.client.fetch_by_ids(self.path, map(str, now), *self.base_filters())
        return Page(self._records(rows, {}), {"loose": rest} if rest else None)

    def records(self, rows: list[Any]) -> list[ProductRecord]:
        """Of each row; parts of bundles that are no products or variants otherwise follow."""
        parts = self._parts(rows)
        loose = [row for row in _hidden_parts(rows, parts) if not self._belongs_to_product(row)]
        return self._records([*rows, *loose], parts)

    def _records_and_parts(self, rows: list[Any], known: list[int]) -> tuple[list[ProductRecord], list[int]]:
        """The records without such parts, and the IDs of all hidden parts until now, of which `_scan` finds these."""
        parts = self._parts(rows)
        return self._records(rows, parts), sorted({*known, *row_ids(_hidden_parts(rows, parts))})

    def _records(self, rows: list[Any], parts: dict[str, Row]) -> list[ProductRecord]:
        children = self._children(rows)
        hidden = [row for row in parts.values() if is_variant(row)]
        skus = [row["sku"] for row in (*rows, *children.values(), *parts.values()) if product_rows.is_product(row)]
        stock = fetch_stock(self.client, list(dict.fromkeys(skus)))
        records = []
        for row in rows:
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
        return {number: row for row in child_rows if self.includes(row) for number in row_ids([row])}

    def _parts(self, rows: Iterable[Any]) -> dict[str, Row]:
        """`sku_key` → part of a bundle or grouped product."""
        found = self.client.products_by_sku(sku for row in rows for sku in part_skus(row))
        return {key: row for key, row in found.items() if self.includes(row)}


def _hidden_parts(rows: list[Any], parts: dict[str, Row]) -> list[Row]:
    listed = set(row_ids(rows))
    return [row for row in parts.values() if is_variant(row) and listed.isdisjoint(row_ids([row]))]


def _scan_cursor(parts: list[int]) -> Cursor:
    return {"parts": parts, "scanned": 0} if parts else None
