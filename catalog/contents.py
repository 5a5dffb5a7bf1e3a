"""The fields that records and items of products and variants have in common: see docs/adding-a-field.md.

The classes have no slots of their own, so that a record can inherit from one and from `Record`.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from hub.field_registry import hub_field


@dataclass(kw_only=True)
class ProductContent:
    """`status` is a value of catalog.models.Status (D8, D9). The order of the fields is that of outgoing feeds."""

    __slots__ = ()

    status: str = hub_field(_("Status"), default="live")
    title: str = hub_field(_("Title"), mappable=True)
    slug: str = hub_field(_("Slug"), default="")
    description: str = hub_field(_("Description"), mappable=True, default="")
    product_type: str = hub_field(_("Type"), feed_name="type", default="")
    attributes: dict[str, Any] = hub_field(_("Attributes"), mappable=True, default_factory=dict)


@dataclass(kw_only=True)
class VariantContent:
    """`status` is a value of catalog.models.Status (D8, D9, D11). The order of the fields is that of outgoing feeds.

    `parts`: what a bundle consists of, `{"sku", "quantity", "choice", "required", "default"}` each. Parts with the same
    `choice` are alternatives of which the customer takes one; `quantity` is text, as decimals are in JSON.
    """

    __slots__ = ()

    status: str = hub_field(_("Status"), default="live")
    sku: str = hub_field(_("SKU"), mappable=True, default="")
    barcode: str = hub_field(_("Barcode"), mappable=True, default="")
    mpn: str = hub_field(_("Manufacturer part number"), mappable=True, default="", since="0.2.0")
    weight_in_grams: Decimal | None = hub_field(_("Weight"), unit="g", default=None)
    position: int = hub_field(_("Position"), feed_name="", default=0)
    cart_image_url: str = hub_field(_("Cart image URL"), feed_name="image_url", default="")
    options: list[dict[str, str]] = hub_field(_("Options"), mappable=True, default_factory=list)
    settings: dict[str, Any] = hub_field(_("B2B settings"), mappable=True, default_factory=dict)
    parts: list[dict[str, Any]] = hub_field(_("Parts"), feed_name="", default_factory=list, since="0.2.0")
    rrp: Decimal | None = hub_field(_("Recommended retail price"), unit="currency", mappable=True, default=None)
