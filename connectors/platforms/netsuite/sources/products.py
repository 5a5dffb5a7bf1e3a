"""Items as products: matrix items with their child items; any other item is its own only variant."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from connectors.platforms.netsuite.client import NetSuiteClient
from connectors.platforms.netsuite.numbers import decimal_or_none
from connectors.platforms.netsuite.sources.stock_levels import read_stock_levels
from connectors.platforms.netsuite.suiteql import Row, changed_since, in_conditions, required_int
from connectors.sdk import issues
from connectors.sdk.field_maps import mapped_paths, mapped_values
from connectors.sdk.paging import Cursor, Page, numeric_ids
from connectors.sdk.records import Problem, ProductRecord, StockRecord, VariantRecord
from connectors.sdk.streams import Source
from hub.kinds import DataType, Kind

PAGE_SIZE = 200
# `weightunit` in SuiteQL → grams.
_GRAMS = {"1": Decimal("453.59237"), "2": Decimal("28.349523125"), "3": Decimal(1000), "4": Decimal(1)}


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
        return f"item.parent IS NULL AND {types}"

    def _changed(self, since: datetime) -> str:
        time_zone = self.client.settings.time_zone
        item = changed_since("changed.lastmodifieddate", since, time_zone)
        stock = changed_since("stock.lastquantityavailablechange", since, time_zone)
        return (
            f"item.id IN (SELECT COALESCE(changed.parent, changed.id) FROM item changed WHERE {item} "
            f"OR changed.id IN (SELECT stock.item FROM inventoryitemlocations stock WHERE {stock}))"
        )

    def _select(self) -> str:
        fields = self.client.field_map.products
        columns = [f"item.{column} AS {name}" for name, column in fields if column and isinstance(column, str)]
        columns += [f"item.{column} AS attribute_{n}" for n, column in enumerate(fields.attributes.values())]
        fixed = "item.id, item.itemid, item.parent, item.itemtype, item.isinactive, item.weight, item.weightunit"
        return f"SELECT {', '.join([fixed, *columns])} FROM item"

    def _records(self, rows: Sequence[Row]) -> list[ProductRecord]:
        ids = [required_int(row, "id") for row in rows]
        children: dict[int, list[Row]] = defaultdict(list)
        for condition in in_conditions("item.parent", ids):
            for row in self.client.rows(self._select(), key="item.id", where=condition):
                children[required_int(row, "parent")].append(row)
        variants = [children.get(item_id) or [row] for item_id, row in zip(ids, rows, strict=True)]
        sold_ids = [required_int(each, "id") for found in variants for each in found]
        stock = read_stock_levels(self.client, sold_ids)
        return [self._record(row, children.get(item_id, []), stock) for item_id, row in zip(ids, rows, strict=True)]

    def _record(self, row: Row, children: Sequence[Row], stock: dict[int, list[StockRecord]]) -> ProductRecord:
        variants = children or [row]
        mapped = mapped_paths(self.client.field_map.products, Kind.VARIANT)
        return ProductRecord(
            external_id=str(required_int(row, "id")),
            raw={"item": row, "children": list(children)},
            title=str(row.get("title") or row.get("sku") or ""),
            description=str(row.get("description", "")),
            product_type=str(row.get("itemtype", "")),
            status=_status(row),
            attributes={
                name: row[f"attribute_{n}"]
                for n, name in enumerate(self.client.field_map.products.attributes)
                if row.get(f"attribute_{n}") is not None
            },
            variants=[_variant(each, position, stock, mapped) for position, each in enumerate(variants)],
            problems=[_sku_missing(each) for each in variants if not _sku(each)],
        )


def _variant(row: Row, position: int, stock: dict[int, list[StockRecord]], mapped: Collection[str]) -> VariantRecord:
    """`mapped` are the names of the mapped fields, by which the query returns them."""
    item_id = required_int(row, "id")
    return VariantRecord(
        external_id=str(item_id),
        weight_in_grams=_weight(row),
        position=position,
        status=_status(row),
        stock=stock.get(item_id, []),
        **mapped_values(Kind.VARIANT, {name: row.get(name) for name in mapped}),
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
