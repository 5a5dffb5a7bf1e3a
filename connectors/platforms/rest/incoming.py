"""Records from the JSON that docs/platforms/rest.md specifies."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.contract import Notice
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

LONGEST_KEY = 191
MOST_KEYS = 100


class Wire(BaseModel):
    """What is not known is passed over, so that a system may send more than we ask for."""

    model_config = ConfigDict(extra="ignore", strict=False)

    key: Annotated[str, Field(min_length=1, max_length=LONGEST_KEY)]
    updated_at: datetime | None = None


class WireImage(BaseModel):
    url: str
    alt: str = ""


class WireVariant(Wire):
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


class WireProduct(Wire):
    title: Annotated[str, Field(min_length=1)]
    slug: str = ""
    description: str = ""
    type: str = ""
    status: Literal["live", "suspended"] = "live"
    brand: str = ""
    categories: list[str] = []
    attributes: dict[str, Any] = {}
    images: list[WireImage] = []
    variants: list[WireVariant] = []


class WireCategory(Wire):
    name: Annotated[str, Field(min_length=1)]
    parent: str = ""
    slug: str = ""
    position: int = 0
    visible: bool = True


class WireBrand(Wire):
    name: Annotated[str, Field(min_length=1)]
    image_url: str = ""


def notices(event: dict[str, Any]) -> list[Notice]:
    """What an event `{"kind", "keys"}` names; nothing for a kind that is not known. ValueError if it is malformed."""
    match event:
        case {"kind": str(kind), "keys": [_, *_] as keys} if len(keys) <= MOST_KEYS and all(map(_is_key, keys)):
            known = kind in DataType.values
            return [Notice(DataType(kind), key) for key in dict.fromkeys(keys)] if known else []
    raise ValueError(f"an event has a kind and a list of 1 to {MOST_KEYS} keys")


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_KEY


def record(data_type: DataType, raw: Any) -> Record:
    """The record of an object. What does not fit the protocol becomes a problem that names the field."""
    schema, make, bare = _FORMS[data_type]
    key = str(raw.get("key") or "unknown") if isinstance(raw, dict) else "unknown"
    try:
        made = make(schema.model_validate(_without_nul(raw)))
    except ValidationError as error:
        made = bare(key[:LONGEST_KEY].replace("\x00", ""))
        made.problems = [
            Problem(
                "unreadable",
                f"{'.'.join(map(str, each['loc'])) or 'It'}: {each['msg']}.",
                "Correct it in the system that it comes from.",
                fatal=True,
            )
            for each in error.errors()
        ]
    made.raw = raw
    return made


def _product(wire: WireProduct) -> ProductRecord:
    made = ProductRecord(
        external_id=wire.key,
        updated_at=_aware(wire.updated_at),
        title=wire.title,
        slug=wire.slug,
        description=wire.description,
        product_type=wire.type,
        status=wire.status,
        brand_id=wire.brand,
        category_ids=wire.categories,
        attributes=wire.attributes,
        variants=[_variant(each, position) for position, each in enumerate(wire.variants)],
        images=[
            ImageRecord(external_id=str(position), url=each.url, alt=each.alt, position=position)
            for position, each in enumerate(wire.images)
        ],
    )
    made.problems = [
        Problem("sku_missing", f"The variant {each.key} has no SKU.", "Give it an SKU.", ref=f"variant:{each.key}")
        for each in wire.variants
        if not each.sku
    ]
    return made


def _variant(wire: WireVariant, position: int) -> VariantRecord:
    return VariantRecord(
        external_id=wire.key,
        sku=wire.sku,
        barcode=wire.barcode,
        weight_in_grams=wire.weight_in_grams,
        position=position,
        cart_image_url=wire.image_url,
        options=wire.options,
        status=wire.status,
        rrp=wire.rrp,
        settings=wire.settings,
        price=None if wire.price is None else PriceRecord(amount=wire.price, list_amount=wire.list_price),
        stock=[StockRecord(quantity=wire.quantity, restock_date=wire.restock_date)],
    )


def _category(wire: WireCategory) -> CategoryRecord:
    return CategoryRecord(
        external_id=wire.key,
        updated_at=_aware(wire.updated_at),
        name=wire.name,
        parent_id=wire.parent,
        slug=wire.slug,
        position=wire.position,
        visible=wire.visible,
    )


def _brand(wire: WireBrand) -> BrandRecord:
    return BrandRecord(
        external_id=wire.key, updated_at=_aware(wire.updated_at), name=wire.name, image_url=wire.image_url
    )


def _aware(moment: datetime | None) -> datetime | None:
    """Times without a zone are UTC."""
    if moment is None:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _without_nul(value: Any) -> Any:
    """NUL can be held by no database column here; a system's own texts are not the place to complain of it."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_without_nul(each) for each in value]
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(each) for name, each in value.items()}
    return value


_FORMS: dict[DataType, tuple[type[Wire], Callable[[Any], Record], Callable[[str], Record]]] = {
    DataType.PRODUCTS: (WireProduct, _product, lambda key: ProductRecord(external_id=key, title="")),
    DataType.CATEGORIES: (WireCategory, _category, lambda key: CategoryRecord(external_id=key, name="")),
    DataType.BRANDS: (WireBrand, _brand, lambda key: BrandRecord(external_id=key, name="")),
}
