"""Items as products: matrix items with their child items; any other item is its own only variant.

An item may have sub-items without being a matrix item: these are products of their own.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.numbers import decimal_or_none
from connectors.platforms.netsuite.sources.images import read_images
from connectors.platforms.netsuite.sources.prices import read_prices
from connectors.platforms.netsuite.sources.stock_levels import read_stock_levels
from connectors.platforms.netsuite.suiteql import Row, changed_since, in_conditions, required_int
from connectors.sdk import issues
from connectors.sdk.field_maps import mapped_paths, mapped_values
from connectors.sdk.paging import Cursor, Page, numeric_ids
from connectors.sdk.records import ImageRecord, PriceRecord, Problem, ProductRecord, StockRecord, VariantRecord
from connectors.sdk.streams import Source
from hub.kinds import DataType, Kind

PAGE_SIZE = 200
# `weightunit` in SuiteQL → grams.
_GRAMS = {"1": Decimal("453.59237"), "2": Decimal("28.349523125"), "3": Decimal(1000), "4": Decimal(1)}


@dataclass(frozen=True, slots=True)
class _Details:
    """What belongs to items but is read by queries of its own, by internal ID. None: not read."""

    stock: dict[int, list[StockRecord]]
    prices: dict[int, PriceRecord] | None
    images: dict[int, list[ImageRecord]] | None


class Products(Source[NetSuiteClient, ProductRecord]):
    data_type = DataType.PRODUCTS
    lane = "read"
    full_schedule = "1d"
    partial_schedule = "15m"
    reads_stock = True
    # A column without a value is left out of a row, so nothing else can be required.
    required = ("item.id", "item.itemid", "item.itemtype")

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[ProductRecord]:
        """Paged by internal ID. A product counts as changed if the item, one of its children, or the stock of either
        has changed (S3)."""
        conditions = [self._are_products(), f"item.id > {(cursor or {}).get('after', 0)}"]
        if since is not None:
            conditions.append(self._changed(since))
        query = f"{self._select()} WHERE {' AND '.join(conditions)} ORDER BY item.id"
        rows, more = self.client.page(query, limit=PAGE_SIZE)
        return Page(self._records(rows), {"after": required_int(rows[-1], "id")} if more else None)

    def fetch(self, external_ids: Sequence[str]) -> list[ProductRecord]:
        rows: list[Row] = []
        for condition in in_conditions("item.id", numeric_ids(external_ids)):
            where = f"{self._are_products()} AND {condition}"
            rows += self.client.rows(self._select(), key="item.id", where=where)
        return self._records(rows)

    def count(self) -> int:
        return self.client.count(f"SELECT item.id FROM item WHERE {self._are_products()} ORDER BY item.id")

    def _are_products(self) -> str:
        (types,) = in_conditions("item.itemtype", self.client.settings.item_types)
        if not self.client.settings.matrix_items:
            return types
        return f"(item.matrixtype IS NULL OR item.matrixtype = 'PARENT') AND {types}"

    def _changed(self, since: datetime) -> str:
        time_zone = self.client.settings.time_zone
        table = self.client.settings.stock_table
        item = changed_since("changed.lastmodifieddate", since, time_zone)
        stock = changed_since("stock.lastquantityavailablechange", since, time_zone)
        product = "changed.id"
        if self.client.settings.matrix_items:
            product = "CASE WHEN changed.matrixtype = 'CHILD' THEN changed.parent ELSE changed.id END"
        changed = f"{item} OR changed.id IN (SELECT stock.item FROM {table} stock WHERE {stock})"
        if "Kit" in self.client.settings.item_types:
            # Kits have the stock of their members.
            changed += (
                f" OR changed.id IN (SELECT member.parentitem FROM itemmember member JOIN {table} stock "
                f"ON stock.item = member.item WHERE {stock})"
            )
        return f"item.id IN (SELECT {product} FROM item changed WHERE {changed})"

    def _select(self) -> str:
        """Of lists, SuiteQL returns internal IDs; `BUILTIN.DF` returns what people see."""
        fields = self.client.field_map.products
        columns = ["item.id", "item.itemid", "item.parent", "item.itemtype", "item.isinactive", "item.weight"]
        columns += ["item.weightunit", *(["item.matrixtype"] if self.client.settings.matrix_items else [])]
        columns += [f"item.{column} AS {name}" for name, column in fields if column and isinstance(column, str)]
        for kind, named in (("attribute", fields.attributes), ("option", fields.options)):
            for n, column in enumerate(named.values()):
                columns += [f"item.{column} AS {kind}_{n}", f"BUILTIN.DF(item.{column}) AS {kind}_{n}_text"]
        columns += [f"item.{column} AS image_{n}" for n, column in enumerate(fields.images)]
        return f"SELECT {', '.join(columns)} FROM item"

    def _records(self, rows: Sequence[Row]) -> list[ProductRecord]:
        ids = [required_int(row, "id") for row in rows]
        children: dict[int, list[Row]] = defaultdict(list)
        parents = [item_id for item_id, row in zip(ids, rows, strict=True) if _is_matrix(row)]
        for condition in in_conditions("item.parent", parents):
            where = f"item.matrixtype = 'CHILD' AND {condition}"
            for row in self.client.rows(self._select(), key="item.id", where=where):
                children[required_int(row, "parent")].append(row)
        sold = [each for row in rows for each in (children[required_int(row, "id")] if _is_matrix(row) else [row])]
        details = _Details(
            read_stock_levels(
                self.client,
                [required_int(row, "id") for row in sold],
                kits=[required_int(row, "id") for row in sold if row.get("itemtype") == "Kit"],
            ),
            read_prices(self.client, [required_int(row, "id") for row in sold]),
            read_images(self.client, rows),
        )
        return [self._record(row, children.get(item_id, []), details) for item_id, row in zip(ids, rows, strict=True)]

    def _record(self, row: Row, children: Sequence[Row], details: _Details) -> ProductRecord:
        variants = children if _is_matrix(row) else [row]
        fields = self.client.field_map.products
        mapped = mapped_paths(fields, Kind.VARIANT)
        transformed = self.client.field_map.transformations
        item_id = required_int(row, "id")
        return ProductRecord(
            external_id=str(item_id),
            raw={"item": row, "children": list(children)},
            title=str(row.get("title") or row.get("sku") or ""),
            description=str(row.get("description", "")),
            product_type=str(row.get("itemtype", "")),
            status=_status(row),
            attributes=_texts(row, "attribute", fields.attributes),
            variants=[
                _variant(each, position, details, mapped, transformed, _texts(each, "option", fields.options))
                for position, each in enumerate(variants)
            ],
            images=None if details.images is None else details.images[item_id],
            problems=[_sku_missing(each) for each in variants if not _sku(each)],
        )


def _is_matrix(row: Row) -> bool:
    """Whether the item is the parent of matrix items. Nobody can buy the parent itself."""
    return row.get("matrixtype") == "PARENT"


def _texts(row: Row, kind: str, names: Iterable[str]) -> dict[str, Any]:
    """Name of an attribute or option → its text, for those that the item has."""
    found = {name: row.get(f"{kind}_{n}_text", row.get(f"{kind}_{n}")) for n, name in enumerate(names)}
    return {name: value for name, value in found.items() if value is not None}


def _variant(
    row: Row,
    position: int,
    details: _Details,
    mapped: Collection[str],
    transformed: Container[str],
    options: dict[str, Any],
) -> VariantRecord:
    """`mapped` are the names of the mapped fields, by which the query returns them."""
    item_id = required_int(row, "id")
    return VariantRecord(
        external_id=str(item_id),
        weight_in_grams=_weight(row),
        position=position,
        status=_status(row),
        options=[{"name": name, "value": str(value)} for name, value in options.items()],
        stock=details.stock.get(item_id, []),
        price=None if details.prices is None else details.prices[item_id],
        **mapped_values(Kind.VARIANT, {name: row.get(name) for name in mapped}, transformed),
    )


def _sku(row: Row) -> str:
    return str(row.get("sku", ""))


def _sku_missing(row: Row) -> Problem:
    item_id = required_int(row, "id")
    return issues.SKU_MISSING(count=1, names=row.get("itemid") or item_id, fatal=False, ref=f"variant:{item_id}")


def _status(row: Row) -> str:
    return "suspended" if row.get("isinactive") == "T" else "live"


def _weight(row: Row) -> Decimal | None:
    weight, grams = decimal_or_none(row.get("weight")), _GRAMS.get(str(row.get("weightunit", "")))
    return None if weight is None or grams is None else weight * grams
