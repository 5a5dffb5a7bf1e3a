"""Products of a custom shop, with variants, prices, stock and images."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from connectors.platforms.rest.sources.base import ApiObject, RestSource, as_utc
from connectors.sdk import issues
from connectors.sdk.records import ImageRecord, PriceRecord, ProductRecord, StockRecord, VariantRecord
from hub.kinds import DataType


class ApiImage(BaseModel):
    url: str
    alt: str = ""


class ApiVariant(ApiObject):
    sku: str = ""
    barcode: str = ""
    weight_in_grams: Annotated[Decimal, Field(ge=0)] | None = None
    image_url: str = ""
    options: list[dict[str, str]] = []
    status: Literal["live", "suspended"] = "live"
    rrp: Annotated[Decimal, Field(ge=0)] | None = None
    settings: dict[str, Any] = {}
    price: Annotated[Decimal, Field(ge=0)] | None = None
    list_price: Annotated[Decimal, Field(ge=0)] | None = None
    quantity: Decimal | None = None
    restock_date: date | None = None


class ApiProduct(ApiObject):
    title: Annotated[str, Field(min_length=1)]
    slug: str = ""
    description: str = ""
    type: str = ""
    status: Literal["live", "suspended"] = "live"
    brand: str = ""
    categories: list[str] = []
    attributes: dict[str, Any] = {}
    images: list[ApiImage] = []
    variants: list[ApiVariant] = []


class Products(RestSource[ProductRecord]):
    data_type = DataType.PRODUCTS
    depends_on = (DataType.CATEGORIES, DataType.BRANDS)
    schema = ApiProduct

    def build(self, row: ApiProduct) -> ProductRecord:
        return ProductRecord(
            external_id=row.key,
            updated_at=as_utc(row.updated_at),
            title=row.title,
            slug=row.slug,
            description=row.description,
            product_type=row.type,
            status=row.status,
            brand_id=row.brand,
            category_ids=row.categories,
            attributes=row.attributes,
            variants=[_variant(each, position) for position, each in enumerate(row.variants)],
            images=[
                ImageRecord(external_id=str(position), url=each.url, alt=each.alt, position=position)
                for position, each in enumerate(row.images)
            ],
            problems=[
                issues.SKU_MISSING(count=1, names=each.key, fatal=False, ref=f"variant:{each.key}")
                for each in row.variants
                if not each.sku
            ],
        )

    def placeholder(self, key: str) -> ProductRecord:
        return ProductRecord(external_id=key, title="")


def _variant(row: ApiVariant, position: int) -> VariantRecord:
    price = None if row.price is None else PriceRecord(amount=row.price, list_amount=row.list_price)
    return VariantRecord(
        external_id=row.key,
        sku=row.sku,
        barcode=row.barcode,
        weight_in_grams=row.weight_in_grams,
        position=position,
        cart_image_url=row.image_url,
        options=row.options,
        status=row.status,
        rrp=row.rrp,
        settings=row.settings,
        price=price,
        stock=[StockRecord(quantity=row.quantity, restock_date=row.restock_date)],
    )
