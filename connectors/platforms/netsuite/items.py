"""Items as products: matrix items with their children, everything else with itself as its one variant."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.contract import Page
from connectors.platforms.netsuite.calls import Calls, Row, listed, whole
from connectors.platforms.netsuite.moments import since_when
from connectors.platforms.netsuite.settings import FieldMap, Settings
from connectors.records import Problem, ProductRecord, Record, StockRecord, VariantRecord

PAGE = 200
# `weightunit` in SuiteQL.
_GRAMS = {"1": Decimal("453.59237"), "2": Decimal("28.349523125"), "3": Decimal(1000), "4": Decimal(1)}


class Items:
    """The items of one account, with their stock."""

    def __init__(self, calls: Calls, settings: Settings, fields: FieldMap) -> None:
        self._calls = calls
        self._settings = settings
        self._map = fields.products

    def read_page(self, since: datetime | None, cursor: dict[str, Any] | None) -> Page:
        """By internal id. What changed since then is an item, a child of it, or the stock of either (S3)."""
        conditions = [self._products(), f"item.id > {(cursor or {}).get('after', 0)}"]
        if since is not None:
            conditions.append(self._changed(since))
        rows, more = self._calls.page(f"{self._select()} WHERE {' AND '.join(conditions)} ORDER BY item.id", limit=PAGE)
        return Page(self._records(rows), {"after": whole(rows[-1], "id")} if more else None)

    def fetch(self, external_ids: Sequence[str]) -> list[Record]:
        rows: list[Row] = []
        for condition in listed("item.id", (int(each) for each in external_ids if each.isdecimal())):
            rows += self._calls.rows(self._select(), key="item.id", where=f"{self._products()} AND {condition}")
        return self._records(rows)

    def total(self) -> int:
        return self._calls.total(f"SELECT item.id FROM item WHERE {self._products()} ORDER BY item.id")

    def _products(self) -> str:
        (types,) = listed("item.itemtype", self._settings.item_types)
        return f"item.parent IS NULL AND {types}"

    def _changed(self, since: datetime) -> str:
        zone = self._settings.time_zone
        item = since_when("changed.lastmodifieddate", since, zone)
        stock = since_when("stock.lastquantityavailablechange", since, zone)
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
        ids = [whole(row, "id") for row in rows]
        children: dict[int, list[Row]] = defaultdict(list)
        for condition in listed("item.parent", ids):
            for row in self._calls.rows(self._select(), key="item.id", where=condition):
                children[whole(row, "parent")].append(row)
        sold = [whole(each, "id") for row in rows for each in children.get(whole(row, "id"), [row])]
        stock = self._stock(sold)
        return [self._record(row, children.get(whole(row, "id"), []), stock) for row in rows]

    def _stock(self, ids: Sequence[int]) -> dict[int, list[StockRecord]]:
        query = (
            "SELECT place.id, stock.item, stock.quantityavailable, place.name FROM inventoryitemlocations stock "
            "JOIN location place ON place.id = stock.location"
        )
        found: dict[int, list[StockRecord]] = defaultdict(list)
        for condition in listed("stock.item", ids):
            # Several items stand at one place: the pair is the key.
            after = (0, 0)
            while True:
                where = f"(stock.item > {after[0]} OR (stock.item = {after[0]} AND place.id > {after[1]}))"
                rows, more = self._calls.page(f"{query} WHERE {condition} AND {where} ORDER BY stock.item, place.id")
                for row in rows:
                    quantity = _decimal(row.get("quantityavailable"))
                    place = str(row.get("name", ""))[:100] or str(whole(row, "id"))
                    found[whole(row, "item")].append(StockRecord(quantity=quantity or Decimal(0), location=place))
                if not more:
                    break
                after = (whole(rows[-1], "item"), whole(rows[-1], "id"))
        return found

    def _record(self, row: Row, children: Sequence[Row], stock: dict[int, list[StockRecord]]) -> Record:
        record = ProductRecord(
            external_id=str(whole(row, "id")),
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
        item_id = whole(row, "id")
        sku = str(row.get("sku", ""))
        if not sku:
            problems.append(
                Problem(
                    code="no_sku",
                    message=f"Item {item_id} has no SKU.",
                    mend=f"Fill {self._map.sku} of the item in NetSuite, or name another field in the field map.",
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
