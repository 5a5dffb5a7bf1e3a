"""Products with their variants, list prices and stock.

A template is a product, its products are the variants. https://pypi.org/project/trytond-product/
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.platforms.tryton.client import TrytonClient
from connectors.platforms.tryton.sources.stock_levels import read_stock_levels
from connectors.platforms.tryton.values import Domain, Row, datetime_json, decimal_or_none, record_id
from connectors.sdk import issues
from connectors.sdk.decoding import flag, whole_number
from connectors.sdk.field_maps import mapped_paths, mapped_values
from connectors.sdk.paging import Cursor, Page, numeric_ids
from connectors.sdk.records import (
    ConditionalPriceRecord,
    PriceListRecord,
    Problem,
    ProductRecord,
    StockRecord,
    VariantRecord,
)
from connectors.sdk.streams import Source
from hub.kinds import DataType, Kind

PAGE_SIZE = 100
MOVES_PAGE_SIZE = 300
_TEMPLATE = ("name", "type", "active", "salable")
_PRODUCT = ("code", "active", "list_price_used", "identifiers.type", "identifiers.code")
_GRAMS = {"g": Decimal(1), "kg": Decimal(1000), "lb": Decimal("453.59237"), "oz": Decimal("28.349523125")}


class Products(Source[TrytonClient, ProductRecord]):
    data_type = DataType.PRODUCTS
    lane = "read"
    full_schedule = "1d"
    partial_schedule = "15m"
    reads_stock = True
    # A field that the user may not read is left out of a record.
    required = ("name", "type", "active", "products", "products.id", "products.code", "products.list_price_used")

    def read_page(self, *, since: datetime | None, cursor: Cursor) -> Page[ProductRecord]:
        """Changed products by ID, then the products of stock moves that changed: a move does not change its product."""
        cursor = cursor or {}
        if since is not None and "move" in cursor:
            return self._moved(since, int(cursor["move"]))
        rows, more = self.client.page(
            "product.template",
            [*self._filter(), *([_changed(since)] if since else [])],
            self._fields(),
            after=int(cursor.get("after", 0)),
            size=PAGE_SIZE,
        )
        following = {"after": record_id(rows[-1])} if more else {"move": 0} if since else None
        return Page(self._records(rows), following)

    def _moved(self, since: datetime, after: int) -> Page[ProductRecord]:
        domain = [_since(since)]
        rows, more = self.client.page("stock.move", domain, ["product.template"], after=after, size=MOVES_PAGE_SIZE)
        templates = sorted({record_id(row.get("product"), "template") for row in rows})
        return Page(self._read(templates), {"move": record_id(rows[-1])} if more else None)

    def fetch(self, external_ids: Sequence[str]) -> list[ProductRecord]:
        return self._read(numeric_ids(external_ids), filtered=False)

    def includes(self, raw: Any) -> bool:
        if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
            return True
        settings = self.client.settings
        is_for_sale = flag(raw.get("salable")) is not False or not settings.only_salable
        return raw["type"] in settings.product_types and is_for_sale

    def _read(self, templates: Iterable[int], *, filtered: bool = True) -> list[ProductRecord]:
        domain = self._filter() if filtered else []
        return self._records(
            list(self.client.among("product.template", "id", templates, self._fields(), domain=domain))
        )

    def _filter(self) -> Domain:
        settings = self.client.settings
        domain: Domain = [["type", "in", settings.product_types]]
        if settings.only_salable and self.client.has("product.template", "salable"):
            domain.append(["salable", "=", True])
        return domain

    def _fields(self) -> list[str]:
        client, mapped = self.client, self.client.field_map.products
        names = [*mapped_paths(mapped, Kind.VARIANT).values(), *mapped.options.values()]
        client.check_fields("product.product", names)
        client.check_fields("product.template", mapped.attributes.values())
        product = dict.fromkeys([*_PRODUCT, *names])
        if client.has("product.product", "weight"):
            product |= dict.fromkeys(["weight", "weight_uom.symbol"])
        template = [name for name in _TEMPLATE if name != "salable" or client.has("product.template", "salable")]
        return [*dict.fromkeys([*template, *mapped.attributes.values()]), *(f"products.{name}" for name in product)]

    def _records(self, rows: Sequence[Row]) -> list[ProductRecord]:
        products = [record_id(each) for row in rows for each in _products(row)]
        stock = read_stock_levels(self.client, products)
        mapped = mapped_paths(self.client.field_map.products, Kind.VARIANT)
        return [self._record(row, stock, mapped) for row in rows]

    def _record(self, row: Row, stock: dict[int, list[StockRecord]], mapped: dict[str, str]) -> ProductRecord:
        fields = self.client.field_map.products
        variants = _products(row)
        return ProductRecord(
            external_id=str(record_id(row)),
            raw=row,
            title=str(row.get("name") or ""),
            product_type=str(row.get("type") or ""),
            status=_status(row),
            attributes=_texts(row, fields.attributes),
            variants=[
                VariantRecord(
                    external_id=str(record_id(each)),
                    position=position,
                    status="suspended" if flag(row.get("active")) is False else _status(each),
                    weight_in_grams=_weight(each),
                    options=[
                        {"name": name, "value": str(value)} for name, value in _texts(each, fields.options).items()
                    ],
                    price=self._prices(each),
                    stock=stock.get(record_id(each)) if row.get("type") != "service" else [],
                    **mapped_values(Kind.VARIANT, _mapped(each, mapped), self.client.field_map.transformations),
                )
                for position, each in enumerate(variants)
            ],
            problems=_incomplete(row, variants)
            + [
                issues.SKU_MISSING(count=1, names=str(row.get("name")), fatal=False, ref=f"variant:{record_id(each)}")
                for each in variants
                if not value_at(each, fields.sku)
            ],
        )

    def _prices(self, row: Row) -> list[ConditionalPriceRecord] | None:
        """The list price of the company, in a list of its own; None if it cannot be read."""
        amount = decimal_or_none(row.get("list_price_used"))
        if amount is None or not self.client.currency:
            return [] if row.get("list_price_used") is None else None
        name = "Tryton list price"
        price_list = PriceListRecord(external_id="list-price", name=name, currency=self.client.currency)
        return [ConditionalPriceRecord(amount=amount, price_list=price_list)]


def value_at(row: Any, path: str) -> Any:
    """The value at a path such as `template.name`; None if there is none."""
    for name in path.split("."):
        row = row.get(name) if isinstance(row, dict) else None
    return row


def _mapped(row: Row, mapped: dict[str, str]) -> dict[str, Any]:
    """Name of our field → value. Without a field of its own, the barcode is the EAN among the identifiers."""
    return {"barcode": _ean(row)} | {name: value_at(row, path) for name, path in mapped.items()}


def _products(row: Row) -> list[Row]:
    """The variants that have an ID."""
    found = row.get("products")
    rows = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    return sorted((each for each in rows if whole_number(each.get("id")) is not None), key=record_id)


def _incomplete(row: Row, variants: Sequence[Row]) -> list[Problem]:
    """A problem if a variant cannot be told: read without it, the product would lose it."""
    found = row.get("products")
    complete = isinstance(found, list) and len(found) == len(variants)
    return [] if complete else [issues.INCOMPLETE(field="products")]


def _status(row: Row) -> str:
    return "suspended" if flag(row.get("active")) is False else "live"


def _texts(row: Row, names: dict[str, str]) -> dict[str, Any]:
    found = {name: value_at(row, path) for name, path in names.items()}
    return {name: value for name, value in found.items() if value is not None}


def _weight(row: Row) -> Decimal | None:
    weight, grams = decimal_or_none(row.get("weight")), _GRAMS.get(str(value_at(row, "weight_uom.symbol")))
    return None if weight is None or grams is None else weight * grams


def _ean(row: Row) -> str:
    found = row.get("identifiers")
    codes = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    return next((str(each.get("code")) for each in codes if each.get("type") == "ean"), "")


def _changed(since: datetime) -> Domain:
    """Of the product, a variant, or an identifier of one. A price is part of the product or variant."""
    return ["OR", *(_since(since, prefix) for prefix in ("", "products.", "products.identifiers."))]


def _since(since: datetime, prefix: str = "") -> Domain:
    moment = datetime_json(since)
    return ["OR", [f"{prefix}write_date", ">=", moment], [f"{prefix}create_date", ">=", moment]]
