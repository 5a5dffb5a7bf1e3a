"""Products of the shop: the SKUs of one `config_id` are the variants of one product."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from connectors.platforms.seller_center_shop.sources.base import ShopSource
from connectors.sdk import issues
from connectors.sdk.api_model import ApiModel, Text, record
from connectors.sdk.listing_protocol import Row
from connectors.sdk.records import ImageRecord, PriceRecord, ProductRecord, StockRecord, VariantRecord
from hub.kinds import DataType

Status = Literal["active", "inactive", "deleted"]
Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]

STATUSES = {"active": "live", "inactive": "suspended", "deleted": "discontinued"}


class ImageRow(ApiModel):
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


class Products(ShopSource[ProductRecord]):
    data_type = DataType.PRODUCTS
    depends_on = (DataType.CATEGORIES, DataType.BRANDS)
    reads_stock = True
    required = ("title", "status", "variants", "variants.status")

    @property
    def filters(self) -> dict[str, str]:
        return self.client.seller_filter

    def includes(self, raw: Any) -> bool:
        seller = self.client.settings.seller
        return not (seller and isinstance(raw, dict)) or str(raw.get("seller") or seller) == seller

    def record(self, raw: Any) -> ProductRecord:
        names = {attribute_id: name for name, attribute_id in self.client.attribute_ids.items()}
        return record(
            raw, ProductRow, lambda row: _product(row, names), lambda key: ProductRecord(external_id=key, title="")
        )


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
        issues.SKU_MISSING(count=1, names=each.id, fatal=False, ref=f"variant:{each.id}")
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
        stock=[StockRecord(quantity=None if row.stock is None else Decimal(row.stock))]
        if "stock" in row.model_fields_set
        else None,
    )


def _price(row: VariantRow) -> PriceRecord | None:
    if "price" not in row.model_fields_set:
        return None
    if row.price is None:
        return PriceRecord(amount=None)
    if row.special_price is None:
        return PriceRecord(amount=row.price)
    return PriceRecord(amount=row.special_price, list_amount=row.price)
