"""Converts a product of a shop, with its variants, to a record."""

from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from pydantic import ValidationError

from connectors.platforms.magento.attributes import Attribute
from connectors.platforms.magento.client import Row, ShopClient
from connectors.platforms.magento.product_rows import (
    BUNDLE,
    COMPOSITE_TYPES,
    CONFIGURABLE,
    ENABLED,
    GROUPED,
    NOT_VISIBLE,
    is_variant,
)
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.sources.bundles import parts_of, stock_of, sum_of_parts
from connectors.platforms.magento.sources.price_records import current_amount, prices_of
from connectors.platforms.magento.sources.product_models import ProductRow
from connectors.platforms.magento.values import mapped_value, text
from connectors.platforms.magento.weights import grams_per_unit
from connectors.sdk import issues
from connectors.sdk.api_model import record
from connectors.sdk.field_maps import mapped_paths, mapped_values
from connectors.sdk.records import (
    ConditionalPriceRecord,
    ImageRecord,
    PriceRecord,
    Problem,
    ProductRecord,
    StockRecord,
    VariantRecord,
)
from hub.kinds import Kind

GRAM = Decimal("0.001")
GROUPED_OPTION = "Product"
# Mapped to fields of the hub, or meaningless outside the shop.
_MAPPED_ELSEWHERE = {"cost", "price", "special_price", "gallery", "image", "small_image", "thumbnail", "swatch_image"}


def product_link(client: ShopClient, external_id: str) -> str:
    return client.link(f"catalog/product/edit/id/{external_id}")


class ProductRecordBuilder:
    """Converts one row, with the rows of its variants, to a record."""

    def __init__(self, client: ShopClient, children: list[Row], stock: dict[str, list[StockRecord]]) -> None:
        self.client = client
        self.map = client.field_map.products
        self.paths = mapped_paths(self.map, Kind.VARIANT)
        self.stock_paths = mapped_paths(self.map, "stock")
        self.children = children
        self.stock = stock
        self.problems: list[Problem] = []

    def build(self, api_row: ProductRow) -> ProductRecord:
        status = "live" if api_row.status == ENABLED and api_row.visibility != NOT_VISIBLE else "suspended"
        custom = api_row.custom_attributes
        return ProductRecord(
            external_id=str(api_row.id),
            updated_at=api_row.updated_at,
            link=product_link(self.client, str(api_row.id)),
            title=api_row.name,
            slug=text(mapped_value(custom, "url_key")),
            description=text(mapped_value(custom, "description")),
            product_type="physical" if api_row.type_id in ("simple", *COMPOSITE_TYPES) else "digital",
            status=status,
            brand_id=text(mapped_value(custom, self.map.brand)),
            category_ids=sorted({each.category_id for each in api_row.extension.category_links}, key=_by_number),
            attributes=self._attributes(api_row),
            variants=self._variants(api_row, status),
            images=self._images(api_row),
            problems=self.problems,
        )

    def _attributes(self, api_row: ProductRow) -> dict[str, Any]:
        """Attributes created by the shop's users, by name, without those that are mapped to other fields."""
        excluded = {*_MAPPED_ELSEWHERE, self.map.brand, *self.paths.values(), *self.stock_paths.values()}
        excluded |= set(self.map.settings.values()) | {option.code for option in self._options(api_row)}
        found = {}
        for each in api_row.custom_attributes:
            code = text(each.get("attribute_code")) if isinstance(each, dict) else ""
            attribute = self.client.attributes[code]
            if (
                attribute
                and attribute.own
                and code not in excluded
                and (value := attribute.display_value(each.get("value")))
            ):
                found[attribute.name] = value
        return dict(sorted(found.items()))

    def _options(self, api_row: ProductRow) -> list[Attribute]:
        ids = [option.attribute_id for option in sorted(api_row.extension.options, key=lambda each: each.position)]
        return [found for each in ids if (found := self.client.attributes.find_by_id(each))]

    def _variants(self, api_row: ProductRow, status: str) -> list[VariantRecord]:
        if api_row.type_id not in (CONFIGURABLE, GROUPED):
            return [self._variant(api_row, api_row, 0, status)]
        if api_row.type_id == CONFIGURABLE and api_row.extension.configurable_product_links is None:
            self.problems.append(issues.INCOMPLETE(field="configurable_product_links"))
        found = []
        for position, row in enumerate(self.children):
            child_record = record(row, ProductRow, lambda child: _placeholder(str(child.id)), _placeholder)
            ref = f"variant:{child_record.external_id}"
            if child_record.problems:
                self.problems += [
                    issues.UNREADABLE(**problem.values, ref=ref, fatal=False) for problem in child_record.problems
                ]
            elif not is_variant(row):
                self.problems.append(issues.VARIANT_VISIBLE(sku=text(row.get("sku")), ref=ref))
            else:
                found.append(self._variant(ProductRow.model_validate(row), api_row, position, status))
        return found

    def _variant(self, own: ProductRow, product: ProductRow, position: int, status: str) -> VariantRecord:
        images = self._images(own)
        fatal = own is product
        return VariantRecord(
            external_id=str(own.id),
            sku=own.sku,
            weight_in_grams=self._weight(own, fatal=fatal),
            position=position,
            cart_image_url=images[0].url if images else "",
            options=self._chosen(own, product),
            parts=parts_of(own.bundle_options),
            status=status if own.status == ENABLED else "suspended",
            settings={
                name: value
                for name, code in self.map.settings.items()
                if (value := self._display_value(own, product, code)) not in (None, "")
            },
            price=self._price(own, fatal=fatal),
            stock=self._stock(own, product),
            **mapped_values(
                Kind.VARIANT,
                {name: mapped_value(own.custom_attributes, code) for name, code in self.paths.items()},
                self.client.field_map.transformations,
            ),
        )

    def _chosen(self, own: ProductRow, product: ProductRow) -> list[dict[str, str]]:
        """What distinguishes a variant from the others; the parts of a grouped product have only their names."""
        if product.type_id == GROUPED:
            return [{"name": GROUPED_OPTION, "value": own.name}]
        return [
            {"name": option.name, "value": str(option.display_value(chosen))}
            for option in self._options(product)
            if (chosen := mapped_value(own.custom_attributes, option.code)) is not None
        ]

    def _display_value(self, own: ProductRow, product: ProductRow, code: str) -> Any:
        """The label of an attribute's value, of the variant or else of its product."""
        value = mapped_value(own.custom_attributes, code)
        value = mapped_value(product.custom_attributes, code) if value is None else value
        attribute = self.client.attributes[code]
        return attribute.display_value(value) if attribute and value is not None else value

    def _stock(self, own: ProductRow, product: ProductRow) -> list[StockRecord]:
        found = self.stock.get(sku_key(own.sku)) or [StockRecord(quantity=None)]
        if own.type_id == BUNDLE:
            found = stock_of(own.bundle_options, self.stock, self._parts)
        values = {name: self._display_value(own, product, code) for name, code in self.stock_paths.items()}
        mapped = mapped_values("stock", values, self.client.field_map.transformations)
        return [StockRecord(quantity=each.quantity, location=each.location, **mapped) for each in found]

    @cached_property
    def _parts(self) -> dict[str, Row]:
        """`sku_key` → part of a bundle."""
        return {sku_key(row["sku"]): row for row in self.children}

    def _of_part(self, sku: str, name: str) -> Decimal | None:
        """The weight or price of a part of a bundle."""
        try:
            part = ProductRow.model_validate(self._parts.get(sku_key(sku)))
        except ValidationError:
            return None
        return part.weight if name == "weight" else current_amount(self.client, part.price, part.custom_attributes)

    def _weight(self, own: ProductRow, *, fatal: bool) -> Decimal | None:
        if own.type_id == BUNDLE and own.is_dynamic("weight_type"):
            own = own.model_copy(
                update={"weight": sum_of_parts(own.bundle_options, partial(self._of_part, name="weight"))}
            )
        if own.type_id not in ("simple", BUNDLE) and own.weight is None:
            return None
        if own.weight is None:
            self.problems.append(issues.WEIGHT_MISSING(**_missing(own, fatal=fatal)))
            return None
        if own.weight < 0:
            self.problems.append(issues.WEIGHT_NEGATIVE(**_at_fault(own, fatal=fatal)))
            return None
        return (own.weight * grams_per_unit(str(self.client.config["weight_unit"]))).quantize(GRAM)

    def _price(self, own: ProductRow, *, fatal: bool) -> PriceRecord | list[ConditionalPriceRecord] | None:
        if own.type_id == BUNDLE and own.is_dynamic("price_type"):
            total = sum_of_parts(own.bundle_options, partial(self._of_part, name="price"))
            own = own.model_copy(update={"price": total})
        if own.price is None:
            self.problems.append(issues.PRICE_MISSING(**_missing(own, fatal=fatal)))
            return PriceRecord(amount=None)
        if own.price < 0:
            self.problems.append(issues.PRICE_NEGATIVE(**_at_fault(own, fatal=fatal)))
            return None
        return prices_of(
            self.client, own.price, own.custom_attributes, own.tier_prices, in_percent=own.type_id == BUNDLE
        )

    @property
    def _media_url(self) -> str:
        config = self.client.config
        return str(config.get("secure_base_media_url") or config.get("base_media_url") or "").rstrip("/")

    def _images(self, api_row: ProductRow) -> list[ImageRecord]:
        images = [each for each in api_row.media_gallery_entries if each.media_type == "image" and not each.disabled]
        return [
            ImageRecord(
                external_id=each.id,
                url=f"{self._media_url}/catalog/product/{each.file.lstrip('/')}",
                alt=each.label,
                position=each.position,
            )
            for each in sorted(images, key=lambda each: (each.position, _by_number(each.id)))
        ]


def _placeholder(external_id: str) -> ProductRecord:
    return ProductRecord(external_id=external_id, title="")


def _at_fault(own: ProductRow, *, fatal: bool) -> dict[str, Any]:
    """The arguments of a variant's issue. Products without a valid weight or price are not imported (B4); if only one
    of several variants lacks a value, the product is imported without that value."""
    return {"names": own.sku, "fatal": fatal, "ref": "" if fatal else f"variant:{own.id}"}


def _missing(own: ProductRow, *, fatal: bool) -> dict[str, Any]:
    return {"count": 1} | _at_fault(own, fatal=fatal)


def _by_number(external_id: str) -> tuple[int, str]:
    """A sort key for integers in text form."""
    return len(external_id), external_id
