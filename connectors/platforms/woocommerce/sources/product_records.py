"""Converts a product of a shop, with its variations, to a record."""

from decimal import Decimal
from typing import Any

from connectors.platforms.woocommerce.client import ShopClient
from connectors.platforms.woocommerce.field_types import mapped_value
from connectors.platforms.woocommerce.paging import by_number
from connectors.platforms.woocommerce.sources.prices import prices_of
from connectors.platforms.woocommerce.sources.product_rows import NO_ID, ItemRow, ProductRow, VariationRow
from connectors.platforms.woocommerce.sources.stock import stock_of
from connectors.sdk import issues
from connectors.sdk.api_model import record
from connectors.sdk.field_maps import mapped_paths, mapped_values
from connectors.sdk.records import (
    ConditionalPriceRecord,
    ImageRecord,
    PriceRecord,
    Problem,
    ProductRecord,
    VariantRecord,
)
from hub.kinds import Kind

GRAM = Decimal("0.001")
# What a variation has for an attribute whose value the shopper chooses freely.
ANY = "Any"
# A product of this type is a list of others and has nothing to sell itself.
GROUPED = "grouped"


def product_link(client: ShopClient, external_id: str) -> str:
    return client.admin_link(f"post.php?post={external_id}&action=edit")


class ProductRecordBuilder:
    """Converts one row, with the rows of its variations, to a record."""

    def __init__(self, client: ShopClient, raw: Any, variations: list[Any]) -> None:
        self.client = client
        self.map = client.field_map.products
        self.raw = raw
        self.variations = variations
        self.problems: list[Problem] = []

    def build(self, api_row: ProductRow) -> ProductRecord:
        status = _status(api_row.status, api_row.catalog_visibility)
        if api_row.type == GROUPED:
            self.problems.append(issues.PRODUCT_TYPE_UNSUPPORTED(type=api_row.type))
        brands = by_number({each.id for each in api_row.brands})
        return ProductRecord(
            external_id=api_row.id,
            updated_at=api_row.date_modified_gmt,
            link=product_link(self.client, api_row.id),
            title=api_row.name,
            slug=api_row.slug,
            description=api_row.description or api_row.short_description,
            product_type=_product_type(api_row),
            status=status,
            brand_id=brands[0] if brands else "",
            category_ids=by_number({each.id for each in api_row.categories}),
            attributes={
                each.name: each.options[0] if len(each.options) == 1 else each.options
                for each in sorted(api_row.attributes, key=lambda each: each.name)
                if not each.variation and each.options
            },
            variants=self._variants(api_row, status),
            images=[
                ImageRecord(external_id=each.id, url=each.src, alt=each.alt, position=position)
                for position, each in enumerate(api_row.images)
                if each.id != NO_ID and each.src
            ],
            problems=self.problems,
        )

    def _variants(self, api_row: ProductRow, status: str) -> list[VariantRecord]:
        if api_row.type == GROUPED:
            return []
        if not (self.variations or api_row.is_variable):
            return [self._variant(api_row, self.raw, api_row, 0, status)]
        rows = []
        for raw in self.variations:
            read = record(raw, VariationRow, _readable, _unreadable)
            if read.problems:
                ref = f"variant:{read.external_id}"
                self.problems += [issues.UNREADABLE(**each.values, ref=ref, fatal=False) for each in read.problems]
            else:
                rows.append((VariationRow.model_validate(raw), raw))
        rows.sort(key=lambda each: (each[0].menu_order, len(each[0].id), each[0].id))
        return [self._variant(row, raw, api_row, place, status) for place, (row, raw) in enumerate(rows)]

    def _variant(self, own: ItemRow, raw: Any, product: ProductRow, position: int, status: str) -> VariantRecord:
        return VariantRecord(
            external_id=own.id,
            sku=self._sku(own, product),
            weight_in_grams=self._weight(own, product),
            position=position,
            cart_image_url=own.image.src if isinstance(own, VariationRow) and own.image.id != NO_ID else "",
            options=_options(own, product),
            status=status if own is product or own.status == "publish" else "suspended",
            settings={
                name: value
                for name, path in self.map.settings.items()
                if (value := self._mapped(raw, path)) not in (None, "")
            },
            price=self._price(own, product),
            stock=stock_of(own, product, **self._mapped_values("stock", raw)),
            **self._mapped_values(Kind.VARIANT, raw),
        )

    def _mapped(self, raw: Any, path: str) -> Any:
        """A value of the variation, else of its product (D11)."""
        own = mapped_value(raw, path)
        return mapped_value(self.raw, path) if own in (None, "") else own

    def _mapped_values(self, kind: str, raw: Any) -> dict[str, Any]:
        paths = mapped_paths(self.map, kind)
        values = {name: self._mapped(raw, path) for name, path in paths.items()}
        return mapped_values(kind, values, self.client.field_map.transformations)

    def _sku(self, own: ItemRow, product: ProductRow) -> str:
        """A variation without a SKU has its product's, which therefore is not its own (seen in code:
        WC_Product_Variation::get_sku). The shop does not let two items have the same SKU."""
        sku = own.sku if own is product or own.sku != product.sku else ""
        if not sku:
            names = " / ".join(each["value"] for each in _options(own, product)) or product.name
            self.problems.append(issues.SKU_MISSING(count=1, names=names, fatal=False, ref=f"variant:{own.id}"))
        return sku

    def _weight(self, own: ItemRow, product: ProductRow) -> Decimal | None:
        weight = product.weight if own.weight is None else own.weight
        if weight is None:
            if self.client.settings.require_weight and not own.virtual:
                self.problems.append(issues.WEIGHT_MISSING(count=1, **_at_fault(own, product)))
            return None
        if weight < 0:
            self.problems.append(issues.WEIGHT_NEGATIVE(**_at_fault(own, product)))
            return None
        return (weight * self.client.grams_per_unit).quantize(GRAM)

    def _price(self, own: ItemRow, product: ProductRow) -> PriceRecord | list[ConditionalPriceRecord] | None:
        """Products without a valid price are not imported (B4); if only one of several variations lacks it, the
        product is imported without that price."""
        found = prices_of(own)
        lowest = min((each.amount for each in _as_list(found) if each.amount is not None), default=None)
        if lowest is None:
            self.problems.append(issues.PRICE_MISSING(count=1, **_at_fault(own, product)))
            return PriceRecord(amount=None)
        if lowest < 0:
            self.problems.append(issues.PRICE_NEGATIVE(**_at_fault(own, product)))
            return None
        return found


def _as_list(prices: PriceRecord | list[ConditionalPriceRecord]) -> list[PriceRecord]:
    return [*prices] if isinstance(prices, list) else [prices]


def _at_fault(own: ItemRow, product: ProductRow) -> dict[str, Any]:
    """The arguments of an issue of a variation, or of a product without variations."""
    alone = own is product
    return {"names": own.sku or product.name or own.id, "fatal": alone, "ref": "" if alone else f"variant:{own.id}"}


def _status(status: str, visibility: str) -> str:
    """A hidden product can be bought by those who know its address, as a part of a set; shoppers do not find it."""
    return "live" if status == "publish" and visibility != "hidden" else "suspended"


def _product_type(api_row: ProductRow) -> str:
    if api_row.type == "external":
        return "external"
    return "digital" if api_row.virtual or (api_row.downloadable and not api_row.shipping_required) else "physical"


def _options(own: ItemRow, product: ProductRow) -> list[dict[str, str]]:
    """The values of a variation in the order of the product's attributes; `Any` where it has none of its own."""
    if not isinstance(own, VariationRow):
        return []
    chosen = {each.key: each.option for each in own.attributes}
    wanted = sorted((each for each in product.attributes if each.variation), key=lambda each: each.position)
    return [{"name": each.name, "value": chosen.get(each.key) or ANY} for each in wanted] or [
        {"name": each.name, "value": each.option} for each in own.attributes
    ]


def _readable(api_row: VariationRow) -> ProductRecord:
    return ProductRecord(external_id=api_row.id, title="")


def _unreadable(external_id: str) -> ProductRecord:
    return ProductRecord(external_id=external_id, title="")
