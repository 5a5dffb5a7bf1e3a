"""Records from the JSON that docs/platforms/rest.md specifies."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.contract import EventReference
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

MAX_KEY_LENGTH = 191
MAX_KEYS = 100


class ApiObject(BaseModel):
    """What is not known is passed over, so that a system may send more than we ask for."""

    model_config = ConfigDict(extra="ignore", strict=False)

    key: Annotated[str, Field(min_length=1, max_length=MAX_KEY_LENGTH)]
    updated_at: datetime | None = None


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


class ApiCategory(ApiObject):
    name: Annotated[str, Field(min_length=1)]
    parent: str = ""
    slug: str = ""
    position: int = 0
    visible: bool = True


class ApiBrand(ApiObject):
    name: Annotated[str, Field(min_length=1)]
    image_url: str = ""


def parse_event(event: dict[str, Any]) -> list[EventReference]:
    """What an event `{"kind", "keys"}` names; nothing for a kind that is not known. ValueError if it is malformed."""
    match event:
        case {"kind": str(kind), "keys": [_, *_] as keys} if len(keys) <= MAX_KEYS and all(map(_is_key, keys)):
            known = kind in DataType.values
            return [EventReference(DataType(kind), key) for key in dict.fromkeys(keys)] if known else []
    raise ValueError(f"an event has a kind and a list of 1 to {MAX_KEYS} keys")


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_KEY_LENGTH


def record(data_type: DataType, raw: Any) -> Record:
    """The record of an object. What does not fit the protocol becomes a problem that names the field."""
    schema, build, placeholder = _RECORD_BUILDERS[data_type]
    key = str(raw.get("key") or "unknown") if isinstance(raw, dict) else "unknown"
    try:
        result = build(schema.model_validate(_without_nul(raw)))
    except ValidationError as error:
        result = placeholder(key[:MAX_KEY_LENGTH].replace("\x00", ""))
        result.problems = [
            Problem(
                "unreadable",
                f"{'.'.join(map(str, each['loc'])) or 'It'}: {each['msg']}.",
                "Correct it in the system that it comes from.",
                fatal=True,
            )
            for each in error.errors()
        ]
    result.raw = raw
    return result


def _product(api_object: ApiProduct) -> ProductRecord:
    result = ProductRecord(
        external_id=api_object.key,
        updated_at=_as_utc(api_object.updated_at),
        title=api_object.title,
        slug=api_object.slug,
        description=api_object.description,
        product_type=api_object.type,
        status=api_object.status,
        brand_id=api_object.brand,
        category_ids=api_object.categories,
        attributes=api_object.attributes,
        variants=[_variant(each, position) for position, each in enumerate(api_object.variants)],
        images=[
            ImageRecord(external_id=str(position), url=each.url, alt=each.alt, position=position)
            for position, each in enumerate(api_object.images)
        ],
    )
    result.problems = [
        Problem("sku_missing", f"The variant {each.key} has no SKU.", "Give it an SKU.", ref=f"variant:{each.key}")
        for each in api_object.variants
        if not each.sku
    ]
    return result


def _variant(api_object: ApiVariant, position: int) -> VariantRecord:
    return VariantRecord(
        external_id=api_object.key,
        sku=api_object.sku,
        barcode=api_object.barcode,
        weight_in_grams=api_object.weight_in_grams,
        position=position,
        cart_image_url=api_object.image_url,
        options=api_object.options,
        status=api_object.status,
        rrp=api_object.rrp,
        settings=api_object.settings,
        price=None
        if api_object.price is None
        else PriceRecord(amount=api_object.price, list_amount=api_object.list_price),
        stock=[StockRecord(quantity=api_object.quantity, restock_date=api_object.restock_date)],
    )


def _category(api_object: ApiCategory) -> CategoryRecord:
    return CategoryRecord(
        external_id=api_object.key,
        updated_at=_as_utc(api_object.updated_at),
        name=api_object.name,
        parent_id=api_object.parent,
        slug=api_object.slug,
        position=api_object.position,
        visible=api_object.visible,
    )


def _brand(api_object: ApiBrand) -> BrandRecord:
    return BrandRecord(
        external_id=api_object.key,
        updated_at=_as_utc(api_object.updated_at),
        name=api_object.name,
        image_url=api_object.image_url,
    )


def _as_utc(timestamp: datetime | None) -> datetime | None:
    """Times without a zone are UTC."""
    if timestamp is None:
        return None
    return timestamp.astimezone(UTC) if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)


def _without_nul(value: Any) -> Any:
    """NUL can be held by no database column here; a system's own texts are not the place to complain of it."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_without_nul(each) for each in value]
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(each) for name, each in value.items()}
    return value


_RECORD_BUILDERS: dict[DataType, tuple[type[ApiObject], Callable[[Any], Record], Callable[[str], Record]]] = {
    DataType.PRODUCTS: (ApiProduct, _product, lambda key: ProductRecord(external_id=key, title="")),
    DataType.CATEGORIES: (ApiCategory, _category, lambda key: CategoryRecord(external_id=key, name="")),
    DataType.BRANDS: (ApiBrand, _brand, lambda key: BrandRecord(external_id=key, name="")),
}
