"""Catalog records as read from a source. Amounts are in the major unit of the currency, weights in grams."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from hub.records import Record


@dataclass(slots=True, kw_only=True)
class SettingsRecord(Record):
    """Settings of the store (D15)."""

    name: str = ""
    currency: str = ""
    time_zone: str = ""


@dataclass(slots=True, kw_only=True)
class CategoryRecord(Record):
    """A category. `tree` identifies the storefront's tree; `parent_id` is an external ID, empty for a root."""

    name: str
    parent_id: str = ""
    tree: str = ""
    slug: str = ""
    position: int = 0
    visible: bool = True


@dataclass(slots=True, kw_only=True)
class BrandRecord(Record):
    """A brand."""

    name: str
    image_url: str = ""


@dataclass(slots=True, kw_only=True)
class PriceRecord:
    """The default price. `list_amount` is the price before a discount."""

    amount: Decimal
    list_amount: Decimal | None = None


@dataclass(slots=True, kw_only=True)
class StockRecord:
    """Stock of a variant at a location. `quantity` is None if the source doesn't track it."""

    quantity: Decimal | None
    location: str = "default"
    min_level: Decimal | None = None
    restock_date: date | None = None


@dataclass(slots=True, kw_only=True)
class VariantRecord:
    """A variant with its price and stock. `status` is a value of catalog.models.Status."""

    external_id: str
    sku: str = ""
    barcode: str = ""
    weight_in_grams: Decimal | None = None
    position: int = 0
    cart_image_url: str = ""
    options: list[dict[str, str]] = field(default_factory=list)
    status: str = "live"
    rrp: Decimal | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    price: PriceRecord | None = None
    stock: list[StockRecord] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ImageRecord:
    """An image of a gallery."""

    external_id: str
    url: str
    alt: str = ""
    position: int = 0


@dataclass(slots=True, kw_only=True)
class GalleryRecord(Record):
    """The images of one SKU, read from an image feed. `external_id` is the SKU (S4)."""

    images: list[ImageRecord]


@dataclass(slots=True, kw_only=True)
class ProductRecord(Record):
    """A product. None for variants, images or categories means that they were not read and must be kept."""

    title: str
    slug: str = ""
    description: str = ""
    product_type: str = ""
    status: str = "live"
    brand_id: str = ""
    category_ids: list[str] | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    variants: list[VariantRecord] | None = None
    images: list[ImageRecord] | None = None
