"""Catalog records as read from a source. Amounts are in the major unit of the currency, weights in grams."""

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from catalog.contents import ProductContent, VariantContent
from hub.field_registry import hub_field, register_fields
from hub.kinds import Kind
from hub.records import Record


@register_fields(Kind.STORE)
@dataclass(slots=True, kw_only=True)
class SettingsRecord(Record):
    """Settings of the store (D15)."""

    name: str = hub_field(_("Name"), default="")
    currency: str = hub_field(_("Currency"), default="")
    time_zone: str = hub_field(_("Time zone"), default="")


@register_fields(Kind.CATEGORY)
@dataclass(slots=True, kw_only=True)
class CategoryRecord(Record):
    """A category. `tree` identifies the storefront's tree; `parent_id` is an external ID, empty for a root."""

    name: str = hub_field(_("Name"))
    parent_id: str = hub_field(_("Parent category"), relation=True, default="")
    tree: str = ""
    slug: str = hub_field(_("Slug"), default="")
    position: int = hub_field(_("Position"), default=0)
    visible: bool = hub_field(_("Visible"), default=True)


@register_fields(Kind.BRAND)
@dataclass(slots=True, kw_only=True)
class BrandRecord(Record):
    """A brand."""

    name: str = hub_field(_("Name"))
    image_url: str = hub_field(_("Image URL"), default="")


@register_fields("price", in_feeds=True)
@dataclass(slots=True, kw_only=True)
class PriceRecord:
    """The only price of a variant; `amount` is None if there is none. `list_amount` is the price before a discount."""

    amount: Decimal | None = hub_field(_("Price"), unit="currency")
    list_amount: Decimal | None = hub_field(_("List price"), unit="currency", default=None)


@register_fields(Kind.PRICE_LIST)
@dataclass(slots=True, kw_only=True)
class PriceListRecord:
    """A further price list of a source, in one currency; empty: the shop's. A list in two currencies is two lists.

    `customer_groups`: the names of the groups that have these prices; empty: all customers.
    """

    external_id: str
    name: str = hub_field(_("Name"), since="0.2.0")
    currency: str = hub_field(_("Currency"), default="", since="0.2.0")
    customer_groups: list[str] = hub_field(_("Customer groups"), default_factory=list, since="0.2.0")


@register_fields("price_with_conditions")
@dataclass(slots=True, kw_only=True)
class ConditionalPriceRecord(PriceRecord):
    """A price that applies in a list (None: the default list), to quantities, in a period. docs/prices.md explains it.

    `max_quantity` is inclusive. `starts_at` (inclusive) and `ends_at` (exclusive) are aware; None: no limit.
    """

    price_list: PriceListRecord | None = hub_field(_("Price list"), relation=True, default=None, since="0.2.0")
    min_quantity: int = hub_field(_("Minimum quantity"), default=1, since="0.2.0")
    max_quantity: int | None = hub_field(_("Maximum quantity"), default=None, since="0.2.0")
    starts_at: datetime | None = hub_field(_("Starts"), default=None, since="0.2.0")
    ends_at: datetime | None = hub_field(_("Ends"), default=None, since="0.2.0")


@register_fields("stock", in_feeds=True)
@dataclass(slots=True, kw_only=True)
class StockRecord:
    """Stock of a variant at a location. `quantity` is None if the source doesn't track it: then it has no row."""

    quantity: Decimal | None = hub_field(_("Quantity"))
    location: str = hub_field(_("Location"), relation=True, default="default")
    min_level: Decimal | None = hub_field(_("Minimum level"), default=None)
    restock_date: date | None = hub_field(_("Restock date"), mappable=True, default=None)


@dataclass(slots=True, kw_only=True)
class StockLevelsRecord(Record):
    """The stock of a variant at all locations, read without its product (C7). `external_id` is the variant's."""

    sku: str = ""
    stock: list[StockRecord] = dataclass_field(default_factory=list)


@register_fields(Kind.VARIANT, in_feeds=True)
@dataclass(slots=True, kw_only=True)
class VariantRecord(VariantContent):
    """A variant with its price and stock.

    None for price or stock means that they were not read and must be kept. A single price is the default price; a list
    has all prices of the variant in all lists of the source. `stock` has all locations of the source. What a list lacks
    is removed.
    """

    external_id: str
    price: PriceRecord | list[ConditionalPriceRecord] | None = hub_field(
        _("Price"), feed_name="prices", relation=True, default=None
    )
    stock: list[StockRecord] | None = hub_field(_("Stock"), feed_name="", relation=True, default=None)


@register_fields("image", in_feeds=True)
@dataclass(slots=True, kw_only=True)
class ImageRecord:
    """An image of a gallery."""

    external_id: str
    url: str = hub_field(_("URL"))
    alt: str = hub_field(_("Alt text"), feed_name="label", default="")
    position: int = hub_field(_("Position"), default=0)


@dataclass(slots=True, kw_only=True)
class GalleryRecord(Record):
    """The images of one SKU, read from an image feed. `external_id` is the SKU (S4)."""

    images: list[ImageRecord]


@register_fields(Kind.PRODUCT, in_feeds=True)
@dataclass(slots=True, kw_only=True)
class ProductRecord(ProductContent, Record):
    """A product. None for variants, images or categories means that they were not read and must be kept."""

    brand_id: str = hub_field(_("Brand"), mappable=True, feed_name="brand", relation=True, default="")
    category_ids: list[str] | None = hub_field(_("Categories"), feed_name="categories", relation=True, default=None)
    variants: list[VariantRecord] | None = hub_field(_("Variants"), relation=True, default=None)
    images: list[ImageRecord] | None = hub_field(_("Images"), mappable=True, feed_name="", relation=True, default=None)
