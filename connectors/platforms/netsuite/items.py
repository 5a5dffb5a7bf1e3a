"""Items as products: matrix items with their children, everything else with itself as its one variant."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.contract import Page
from connectors.platforms.netsuite.client import NetSuiteClient, Row, in_conditions, required_int
from connectors.platforms.netsuite.datetimes import changed_since_condition
from connectors.platforms.netsuite.settings import FieldMap, Settings
from connectors.records import Problem, ProductRecord, Record, StockRecord, VariantRecord

PAGE_SIZE = 200
# `weightunit` in SuiteQL.
_GRAMS = {"1": Decimal("453.59237"), "2": Decimal("28.349523125"), "3": Decimal(1000), "4": Decimal(1)}


class Items:
    """The items of one account, with their stock."""

    def __init__(self, client: NetSuiteClient, settings: Settings, fields: FieldMap) -> None:
        self._client = client
        self._settings = settings
        self._map = fields.products

    def read_page(self, since: datetime | None, cursor: dict[str, Any] | None) -> Page:
        """By internal id. What changed since then is an item, a child of it, or the stock of either (S3)."""
        conditions = [self._products(), f"item.id > {(cursor or {}).get('after', 0)}"]
        if since is not None:
            conditions.append(self._changed(since))
        rows, more = self._client.page(
            f"{self._select()} WHERE {' AND '.join(conditions)} ORDER BY item.id", limit=PAGE_SIZE
        )
        return Page(self._records(rows), {"after": required_int(rows[-1], "id")} if more else None)

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        rows: list[Row] = []
        for condition in in_conditions("item.id", (int(each) for each in external_ids if each.isdecimal())):
            rows += self._client.rows(self._select(), key="item.id", where=f"{self._products()} AND {condition}")
        return self._records(rows)

    def total(self) -> int:
        return self._client.total(f"SELECT item.id FROM item WHERE {self._products()} ORDER BY item.id")

    def _products(self) -> str:
        (types,) = in_conditions("item.itemtype", self._settings.item_types)
        return f"item.parent IS NULL AND {types}"

    def _changed(self, since: datetime) -> str:
        zone = self._settings.time_zone
        item = changed_since_condition("changed.lastmodifieddate", since, zone)
        stock = changed_since_condition("stock.lastquantityavailablechange", since, zone)
        return (
            f"item.id IN (SELECT COALESCE(changed.parent, changed.id) FROM item changed WHERE {item} "
            f"OR changed.id IN (SELECT stock.item FROM inventoryitemlocations stock WHERE {stock}))"
        )

    def _select(self) -> str:
        own = {
            "sku": self._map.sku,
            "title": self._map.title,
            "description": self._map.description,
            "barcode": self._map.barcode,
            "rrp": self._map.rrp,
        }
        columns = [f"item.{column} AS {name}" for name, column in own.items() if column]
        columns += [f"item.{column} AS attribute_{n}" for n, column in enumerate(self._map.attributes.values())]
        fixed = "item.id, item.itemid, item.parent, item.itemtype, item.isinactive, item.weight, item.weightunit"
        return f"SELECT {', '.join([fixed, *columns])} FROM item"

    def _records(self, rows: Sequence[Row]) -> list[Record]:
        ids = [required_int(row, "id") for row in rows]
        children: dict[int, list[Row]] = defaultdict(list)
        for condition in in_conditions("item.parent", ids):
            for row in self._client.rows(self._select(), key="item.id", where=condition):
                children[required_int(row, "parent")].append(row)
        sold = [required_int(each, "id") for row in rows for each in children.get(required_int(row, "id"), [row])]
        stock = self._stock(sold)
        return [self._record(row, children.get(required_int(row, "id"), []), stock) for row in rows]

    def _stock(self, ids: Sequence[int]) -> dict[int, list[StockRecord]]:
        query = (
            "SELECT place.id, stock.item, stock.quantityavailable, place.name FROM inventoryitemlocations stock "
            "JOIN location place ON place.id = stock.location"
        )
        found: dict[int, list[StockRecord]] = defaultdict(list)
        for condition in in_conditions("stock.item", ids):
            # Several items stand at one place: the pair is the key.
            after = (0, 0)
            while True:
                where = f"(stock.item > {after[0]} OR (stock.item = {after[0]} AND place.id > {after[1]}))"
                rows, more = self._client.page(f"{query} WHERE {condition} AND {where} ORDER BY stock.item, place.id")
                for row in rows:
                    quantity = _decimal(row.get("quantityavailable"))
                    place = str(row.get("name", ""))[:100] or str(required_int(row, "id"))
                    found[required_int(row, "item")].append(
                        StockRecord(quantity=quantity or Decimal(0), location=place)
                    )
                if not more:
                    break
                after = (required_int(rows[-1], "item"), required_int(rows[-1], "id"))
        return found

    def _record(self, row: Row, children: Sequence[Row], stock: dict[int, list[StockRecord]]) -> Record:
        record = ProductRecord(
            external_id=str(required_int(row, "id")),
            raw={"item": row, "children": list(children)},
            title=str(row.get("title") or row.get("sku") or ""),
            description=str(row.get("description", "")),
            product_type=str(row.get("itemtype", "")),
            status="suspended" if row.get("isinactive") == "T" else "live",
            attributes={
                name: row[f"attribute_{n}"]
                for n, name in enumerate(self._map.attributes)
                if row.get(f"attribute_{n}") is not None
            },
        )
        record.variants = [
            self._variant(each, place, stock, record.problems) for place, each in enumerate(children or [row])
        ]
        return record

    def _variant(
        self, row: Row, place: int, stock: dict[int, list[StockRecord]], problems: list[Problem]
    ) -> VariantRecord:
        item_id = required_int(row, "id")
        sku = str(row.get("sku", ""))
        if not sku:
            problems.append(
                Problem(
                    code="no_sku",
                    message=f"Item {item_id} has no SKU.",
                    fix=f"Fill {self._map.sku} of the item in NetSuite, or name another field in the field map.",
                    ref=f"variant:{item_id}",
                )
            )
        return VariantRecord(
            external_id=str(item_id),
            sku=sku,
            barcode=str(row.get("barcode", "")),
            weight_in_grams=_weight(row),
            position=place,
            status="suspended" if row.get("isinactive") == "T" else "live",
            rrp=_decimal(row.get("rrp")),
            stock=stock.get(item_id, []),
        )


def _weight(row: Row) -> Decimal | None:
    weight, grams = _decimal(row.get("weight")), _GRAMS.get(str(row.get("weightunit", "")))
    return None if weight is None or grams is None else weight * grams


def _decimal(value: object) -> Decimal | None:
    """SuiteQL's numbers are texts."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
