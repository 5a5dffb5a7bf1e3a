"""Products of a custom shop, with variants, prices, stock and images."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from connectors.platforms.rest.sources.base import ApiObject, RestSource
from connectors.sdk import issues
from connectors.sdk.api_model import ApiModel, UtcDatetime
from connectors.sdk.records import (
    ConditionalPriceRecord,
    ImageRecord,
    PriceListRecord,
    PriceRecord,
    ProductRecord,
    StockRecord,
    VariantRecord,
)
from hub.field_registry import FieldType, stored_fields
from hub.kinds import DataType


class ApiImage(ApiModel):
    url: str
    alt: str = ""


def _variant_fields() -> dict[str, Any]:
    """The registry's fields, under their names in our feeds: name → (type, default)."""
    empty = VariantRecord(external_id="")
    types: dict[str, Any] = {"status": Literal["live", "suspended"]}
    amount = Annotated[Decimal, Field(ge=0)] | None
    return {
        field.feed_name: (
            types.get(field.name, amount if field.type is FieldType.DECIMAL else field.annotation),
            field.get(empty),
        )
        for field in stored_fields(VariantRecord)
        if field.feed_name
    }


_VariantObject: Any = create_model("_VariantObject", __base__=ApiObject, **_variant_fields())


class ApiPrice(ApiModel):
    """A price in a list; without `price_list`, in the default list."""

    amount: Annotated[Decimal, Field(ge=0)]
    list_amount: Annotated[Decimal, Field(ge=0)] | None = None
    price_list: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    currency: str = ""
    customer_groups: list[str] = []
    min_quantity: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    max_quantity: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    starts_at: UtcDatetime | None = None
    ends_at: UtcDatetime | None = None


class ApiVariant(_VariantObject):
    price: Annotated[Decimal, Field(ge=0)] | None = None
    list_price: Annotated[Decimal, Field(ge=0)] | None = None
    prices: list[ApiPrice] | None = None
    quantity: Decimal | None = None
    restock_date: date | None = None


class ApiProduct(ApiObject):
    title: Annotated[str, Field(min_length=1)]
    slug: str = ""
    description: str = ""
    type: str = ""
    status: Literal["live", "suspended"] = "live"
    brand: str = ""
    # None: the object does not say, so what was imported is kept.
    categories: list[str] | None = None
    attributes: dict[str, Any] = {}
    images: list[ApiImage] | None = None
    variants: list[ApiVariant] | None = None


class Products(RestSource[ProductRecord]):
    data_type = DataType.PRODUCTS
    depends_on = (DataType.CATEGORIES, DataType.BRANDS)
    reads_stock = True
    schema = ApiProduct
    required = ("title",)

    def build(self, row: ApiProduct) -> ProductRecord:
        return ProductRecord(
            external_id=row.key,
            updated_at=row.updated_at,
            brand_id=row.brand,
            category_ids=row.categories,
            variants=None
            if row.variants is None
            else [_variant(each, position) for position, each in enumerate(row.variants)],
            images=None
            if row.images is None
            else [
                ImageRecord(external_id=str(position), url=each.url, alt=each.alt, position=position)
                for position, each in enumerate(row.images)
            ],
            problems=[
                issues.SKU_MISSING(count=1, names=each.key, fatal=False, ref=f"variant:{each.key}")
                for each in row.variants or ()
                if not each.sku
            ],
            **_values(ProductRecord, row),
        )

    def placeholder(self, key: str) -> ProductRecord:
        return ProductRecord(external_id=key, title="")


def _variant(row: Any, position: int) -> VariantRecord:
    """`row` is an ApiVariant. What it does not mention is kept, null removes it."""
    return VariantRecord(
        external_id=row.key,
        position=position,
        price=_prices(row),
        stock=[StockRecord(quantity=row.quantity, restock_date=row.restock_date)]
        if "quantity" in row.model_fields_set
        else None,
        **_values(VariantRecord, row),
    )


def _prices(row: Any) -> PriceRecord | list[ConditionalPriceRecord] | None:
    """All prices, or else the default price, which null removes."""
    if row.prices is not None:
        return [_conditional_price(each) for each in row.prices]
    return PriceRecord(amount=row.price, list_amount=row.list_price) if "price" in row.model_fields_set else None


def _conditional_price(price: ApiPrice) -> ConditionalPriceRecord:
    name = price.price_list
    return ConditionalPriceRecord(
        amount=price.amount,
        list_amount=price.list_amount,
        price_list=None
        if name is None
        else PriceListRecord(
            external_id=name, name=name, currency=price.currency, customer_groups=price.customer_groups
        ),
        min_quantity=price.min_quantity,
        max_quantity=price.max_quantity,
        starts_at=price.starts_at,
        ends_at=price.ends_at,
    )


def _values(record_class: type, row: ApiObject) -> dict[str, Any]:
    """The arguments of a record for the fields of the registry."""
    fields = (field for field in stored_fields(record_class) if field.feed_name)
    return {field.name: getattr(row, field.feed_name) for field in fields}
