"""Rows of the listing as records. The shape is ours, in the vendor's words: docs/platforms/seller-center.md."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors.listing import Row, Text, record
from connectors.records import (
    BrandRecord,
    CategoryRecord,
    ImageRecord,
    PriceRecord,
    Problem,
    ProductRecord,
    Record,
    StockRecord,
    VariantRecord,
)
from hub.kinds import DataType

Status = Literal["active", "inactive", "deleted"]
Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]

STATUSES = {"active": "live", "inactive": "suspended", "deleted": "discontinued"}


class ImageRow(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    url: Text
    alt: Text = ""


class VariantRow(Row):
    """A product of the shop: one SKU."""

    seller_sku: Text = ""
    product_identifier: Text = ""
    status: Status = "active"
    variation: dict[Text, Text] = {}
    price: Amount | None = None
    special_price: Amount | None = None
    stock: int | None = None


class ProductRow(Row):
    """The SKUs of one `config_id`, which is the row's id."""

    title: Annotated[Text, Field(min_length=1)]
    description: Text = ""
    brand: Text | None = None
    categories: list[Text] = []
    status: Status = "active"
    attributes: dict[Text, Any] = {}
    images: list[ImageRow] = []
    variants: list[VariantRow] = []


class CategoryRow(Row):
    name: Annotated[Text, Field(min_length=1)]
    parent: Text | None = None
    position: int = 0


class BrandRow(Row):
    name: Annotated[Text, Field(min_length=1)]


def build_record(data_type: DataType, raw: Any, attribute_names: Mapping[str, str]) -> Record:
    """`attribute_names`: our name of an attribute or option → the shop's id of it (S5)."""
    ours = {theirs: name for name, theirs in attribute_names.items()}
    schema, build, placeholder = _RECORD_BUILDERS[data_type]
    return record(raw, schema, lambda row: build(row, ours), placeholder)


def _product(row: ProductRow, names: Mapping[str, str]) -> ProductRecord:
    result = ProductRecord(
        external_id=row.id,
        updated_at=row.updated_at,
        title=row.title,
        description=row.description,
        status=STATUSES[row.status],
        brand_id=row.brand or "",
        category_ids=row.categories,
        attributes={names.get(name, name): value for name, value in row.attributes.items()},
        variants=[_variant(each, position, names) for position, each in enumerate(row.variants)],
        images=[
            ImageRecord(external_id=str(position), url=each.url, alt=each.alt, position=position)
            for position, each in enumerate(row.images)
        ],
    )
    result.problems = [
        Problem("sku_missing", f"The variant {each.id} has no SKU.", "Give it an SKU.", ref=f"variant:{each.id}")
        for each in row.variants
        if not each.seller_sku
    ]
    return result


def _variant(row: VariantRow, position: int, names: Mapping[str, str]) -> VariantRecord:
    return VariantRecord(
        external_id=row.id,
        sku=row.seller_sku,
        barcode=row.product_identifier,
        position=position,
        options=[{"name": names.get(name, name), "value": value} for name, value in row.variation.items()],
        status=STATUSES[row.status],
        price=_price(row),
        stock=[StockRecord(quantity=None if row.stock is None else Decimal(row.stock))],
    )


def _price(row: VariantRow) -> PriceRecord | None:
    if row.price is None:
        return None
    if row.special_price is None:
        return PriceRecord(amount=row.price)
    return PriceRecord(amount=row.special_price, list_amount=row.price)


def _category(row: CategoryRow, names: Mapping[str, str]) -> CategoryRecord:
    return CategoryRecord(
        external_id=row.id, updated_at=row.updated_at, name=row.name, parent_id=row.parent or "", position=row.position
    )


def _brand(row: BrandRow, names: Mapping[str, str]) -> BrandRecord:
    return BrandRecord(external_id=row.id, updated_at=row.updated_at, name=row.name)


_RECORD_BUILDERS: dict[
    DataType, tuple[type[Any], Callable[[Any, Mapping[str, str]], Record], Callable[[str], Record]]
] = {
    DataType.PRODUCTS: (ProductRow, _product, lambda key: ProductRecord(external_id=key, title="")),
    DataType.CATEGORIES: (CategoryRow, _category, lambda key: CategoryRecord(external_id=key, name="")),
    DataType.BRANDS: (BrandRow, _brand, lambda key: BrandRecord(external_id=key, name="")),
}
