"""Variants of a product. Fields that a variant lacks are taken from its product."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors.platforms.bigcommerce.client import SourceClient
from connectors.platforms.bigcommerce.field_reader import FieldReader, mapped_value
from connectors.platforms.bigcommerce.sources.price_lists import PriceLists
from connectors.sdk import issues
from connectors.sdk.field_maps import mapped_paths, mapped_values
from connectors.sdk.records import ConditionalPriceRecord, PriceRecord, Problem, StockRecord, VariantRecord
from hub.kinds import Kind

GRAM = Decimal("0.001")


class VariantReader:
    """Reads the variants of one product."""

    def __init__(self, client: SourceClient, product: FieldReader, price_lists: PriceLists | None) -> None:
        self._client = client
        self._price_lists = price_lists
        self._settings = client.field_map.products.settings
        self._paths = {kind: mapped_paths(client.field_map.products, kind) for kind in (Kind.VARIANT, "stock")}
        self._product = product

    def variant(self, variant: FieldReader, position: int, status: str) -> VariantRecord:
        number = variant.key("id")
        options = [
            {"name": value.text("option_display_name"), "value": value.text("label")}
            for value in variant.objects("option_values")
        ]
        sku = variant.text("sku")
        if not sku:
            names = " / ".join(option["value"] for option in options) or self._product.label("name")
            variant.report(issues.SKU_MISSING(count=1, names=names, fatal=False, ref=f"variant:{number}"))
        return VariantRecord(
            external_id=number,
            sku=sku,
            barcode=variant.text("gtin") or variant.text("upc"),
            weight_in_grams=self._weight(variant),
            position=position,
            cart_image_url=variant.text("image_url"),
            options=options,
            status="suspended" if variant.flag("purchasing_disabled") else status,
            settings={
                name: value
                for name, path in self._settings.items()
                if (value := self._mapped(variant, path)) is not None
            },
            price=self._prices(variant),
            stock=self.stock(variant),
            **self._mapped_values(Kind.VARIANT, variant),
        )

    def _mapped_values(self, kind: str, variant: FieldReader) -> dict[str, Any]:
        values = {name: self._mapped(variant, path) for name, path in self._paths[kind].items()}
        return mapped_values(kind, values, self._client.field_map.transformations)

    def _mapped(self, variant: FieldReader, path: str) -> Any:
        """A B2B attribute of the variant, else of its product (D11)."""
        own = mapped_value(variant.raw, path)
        return mapped_value(self._product.raw, path) if own in (None, "") else own

    def _weight(self, variant: FieldReader) -> Decimal | None:
        weight = self._own_or_shared(variant, "weight", issues.WEIGHT_NEGATIVE)
        return None if weight is None else (weight * self._client.grams_per_unit).quantize(GRAM)

    def _prices(self, variant: FieldReader) -> PriceRecord | list[ConditionalPriceRecord] | None:
        """The default price alone, unless there are others."""
        default = self._price(variant)
        if default is None or self._price_lists is None:
            return default
        prices = self._price_lists.prices(default, self._product, variant)
        return prices if len(prices) > 1 else default

    def _price(self, variant: FieldReader) -> PriceRecord | None:
        """The price. The product's sale price applies only if the product's price does; zero means that there is no
        sale price."""
        price = self._own_or_shared(variant, "price", issues.PRICE_NEGATIVE)
        if price is None:
            return None
        sale = variant.decimal("sale_price")
        if sale is None and variant.decimal("price") is None:
            sale = self._product.decimal("sale_price")
        if sale and 0 < sale < price:
            return PriceRecord(amount=sale, list_amount=price)
        return PriceRecord(amount=price)

    def _own_or_shared(self, variant: FieldReader, name: str, negative: Callable[..., Problem]) -> Decimal | None:
        """The variant's own price or weight, else its product's. None, and a problem, if its own is negative."""
        own = variant.decimal(name)
        if own is not None and own < 0:
            number = variant.key("id")
            variant.report(negative(names=variant.label("sku") or number, fatal=False, ref=f"variant:{number}"))
            return None
        shared = self._product.decimal(name)
        return own if own is not None else shared if shared is None or shared >= 0 else None

    def stock(self, variant: FieldReader) -> list[StockRecord]:
        """If stock is tracked by product, each variant has the product's stock: any of them can be bought until it is
        sold out."""
        if places := variant.objects("locations"):
            return [self._stock_at(place, variant) for place in places]
        owner = {"variant": variant, "product": self._product}.get(self._product.text("inventory_tracking"))
        warning = owner.integer("inventory_warning_level") if owner else 0
        return [
            StockRecord(
                quantity=Decimal(owner.integer("inventory_level")) if owner else None,
                min_level=Decimal(warning) if warning > 0 else None,
                **self._mapped_values("stock", variant),
            )
        ]

    def _stock_at(self, place: FieldReader, variant: FieldReader) -> StockRecord:
        """Nothing is available of a location that cannot be sold from, nor of one that says the item is not in stock,
        whatever the quantity."""
        settings = place.nested("settings")
        warning = settings.integer("warning_level")
        is_sold = place.flag("location_enabled") and settings.raw.get("is_in_stock") is not False
        return StockRecord(
            location=place.text("location_code") or place.key("location_id"),
            quantity=Decimal(place.integer("available_to_sell") if is_sold else 0),
            min_level=Decimal(warning) if warning > 0 else None,
            **self._mapped_values("stock", variant),
        )
