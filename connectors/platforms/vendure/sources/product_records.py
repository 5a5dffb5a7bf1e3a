"""Converts a product of a shop, with its variants, to a record."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from connectors.platforms.vendure.client import SourceClient
from connectors.platforms.vendure.mapped_values import mapped_value
from connectors.platforms.vendure.sources.product_rows import ProductRow, StockLevel, VariantRow
from connectors.sdk import issues
from connectors.sdk.field_maps import convert, mapped_paths, mapped_values
from connectors.sdk.records import (
    ConditionalPriceRecord,
    ImageRecord,
    PriceListRecord,
    PriceRecord,
    Problem,
    ProductRecord,
    StockRecord,
    VariantRecord,
)
from hub.field_registry import fields_of
from hub.kinds import Kind


class ProductRecordBuilder:
    """Converts one row. `raw` is the row as it was received, with the custom fields that are mapped."""

    def __init__(self, client: SourceClient, raw: Any) -> None:
        self.client = client
        self.map = client.field_map.products
        self.paths = {kind: mapped_paths(self.map, kind) for kind in (Kind.VARIANT, "stock")}
        self.raw = raw
        self.problems: list[Problem] = []

    def build(self, row: ProductRow) -> ProductRecord:
        status = "live" if row.enabled else "suspended"
        brands = [each.id for each in row.facetValues if self.map.brand and each.facet.code == self.map.brand]
        if not row.variants:
            self.problems.append(issues.VARIANTS_MISSING())
        times = [row.updatedAt, *(time for each in row.variants for time in _times(each))]
        return ProductRecord(
            external_id=row.id,
            updated_at=max((time for time in times if time), default=None),
            link=self.client.link(f"products/{row.id}"),
            title=row.name,
            slug=row.slug,
            description=row.description,
            product_type="physical",
            status=status,
            brand_id=brands[0] if brands else "",
            category_ids=sorted((each.id for each in row.collections), key=lambda each: (len(each), each)),
            attributes=self._attributes(row),
            variants=[
                self._variant(each, raw, position, status)
                for position, (each, raw) in enumerate(zip(row.variants, self.raw["variants"], strict=True))
            ],
            images=[
                ImageRecord(external_id=each.id, url=each.source or each.preview, alt=each.name, position=position)
                for position, each in enumerate(row.assets)
                if each.type == "IMAGE"
            ],
            problems=self.problems,
        )

    def _attributes(self, row: ProductRow) -> dict[str, Any]:
        """Values of facets by the name of the facet; several values are a list."""
        found: dict[str, list[str]] = defaultdict(list)
        for each in row.facetValues:
            if not self.map.brand or each.facet.code != self.map.brand:
                found[each.facet.name].append(each.name)
        return {name: values[0] if len(values) == 1 else values for name, values in sorted(found.items())}

    def _variant(self, row: VariantRow, raw: Any, position: int, status: str) -> VariantRecord:
        ref = f"variant:{row.id}"
        if not row.sku:
            self.problems.append(issues.SKU_MISSING(count=1, names=row.name or row.id, fatal=False, ref=ref))
        weight = fields_of(Kind.VARIANT)["weight_in_grams"]
        return VariantRecord(
            external_id=row.id,
            sku=row.sku,
            weight_in_grams=convert(weight, self._mapped(raw, self.client.settings.weight_field)),
            position=position,
            cart_image_url=row.featuredAsset.preview if row.featuredAsset else "",
            options=[
                {"name": each.group.name, "value": each.name}
                for each in sorted(row.options, key=lambda each: (len(each.group.id), each.group.id))
            ],
            status=status if row.enabled else "suspended",
            settings={
                name: value
                for name, path in self.map.settings.items()
                if (value := self._mapped(raw, path)) not in (None, "")
            },
            price=self._price(row),
            stock=self._stock(row, raw),
            **self._mapped_fields(Kind.VARIANT, raw),
        )

    def _mapped_fields(self, kind: str, raw: Any) -> dict[str, Any]:
        values = {name: self._mapped(raw, path) for name, path in self.paths[kind].items()}
        return mapped_values(kind, values, self.client.field_map.transformations)

    def _mapped(self, raw: Any, path: str) -> Any:
        """A value of the variant, else of its product."""
        own = mapped_value(raw, path)
        return mapped_value(self.raw, path) if own in (None, "") else own

    def _price(self, row: VariantRow) -> PriceRecord | list[ConditionalPriceRecord] | None:
        """The price in the channel's currency; with those in its other currencies, each in a list of its own."""
        amount = self.client.amount
        if (kind := self.client.settings.prices) != "entered":
            computed = row.priceWithTax if kind == "with_tax" else row.price
            return PriceRecord(amount=None if computed is None else self._positive(amount(computed), row))
        currency = self.client.channel.defaultCurrencyCode
        entered = {each.currencyCode: self._positive(amount(each.price), row) for each in row.prices}
        default = entered.pop(currency, None)
        if default is None:
            self.problems.append(issues.PRICE_MISSING(count=1, names=row.sku, fatal=False, ref=f"variant:{row.id}"))
        others = [
            ConditionalPriceRecord(amount=price, price_list=PriceListRecord(external_id=code, name=code, currency=code))
            for code, price in sorted(entered.items())
            if price is not None
        ]
        if not others:
            return PriceRecord(amount=default)
        return [ConditionalPriceRecord(amount=default), *others] if default is not None else others

    def _positive(self, amount: Decimal, row: VariantRow) -> Decimal | None:
        if amount >= 0:
            return amount
        self.problems.append(issues.PRICE_NEGATIVE(names=row.sku, fatal=False, ref=f"variant:{row.id}"))
        return None

    def _stock(self, row: VariantRow, raw: Any) -> list[StockRecord]:
        """What is available at each location: on hand less sold, less what must not be sold (a threshold above 0).

        A threshold below 0 allows backorders: there are no such goods, so it adds nothing.
        """
        mapped = self._mapped_fields("stock", raw)
        if not self._is_tracked(row):
            return [StockRecord(quantity=None, **mapped)]
        reserved = Decimal(max(0, self._threshold(row)))
        names = Counter(each.stockLocation.name for each in row.stockLevels)
        found = []
        for level in sorted(row.stockLevels, key=lambda each: (len(each.stockLocation.id), each.stockLocation.id)):
            kept = min(reserved, max(Decimal(0), level.available))
            reserved -= kept
            name = _location(level, ambiguous=names[level.stockLocation.name] > 1)
            found.append(StockRecord(quantity=level.available - kept, location=name, **mapped))
        return found

    def _is_tracked(self, row: VariantRow) -> bool:
        """A variant inherits from its channel, which inherits from the global settings."""
        if row.trackInventory in ("TRUE", "FALSE"):
            return row.trackInventory == "TRUE"
        own = self.client.channel.trackInventory
        return self.client.globals.trackInventory if own is None else own

    def _threshold(self, row: VariantRow) -> int:
        if not row.useGlobalOutOfStockThreshold:
            return row.outOfStockThreshold
        own = self.client.channel.outOfStockThreshold
        return self.client.globals.outOfStockThreshold if own is None else own


def placeholder(external_id: str) -> ProductRecord:
    return ProductRecord(external_id=external_id, title="")


def _location(level: StockLevel, *, ambiguous: bool) -> str:
    place = level.stockLocation
    return f"{place.name} ({place.id})" if ambiguous or not place.name else place.name


def _times(row: VariantRow) -> list[Any]:
    return [row.updatedAt, *(level.updatedAt for level in row.stockLevels)]
