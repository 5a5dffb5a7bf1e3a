"""Products and variations as the vendor returns them (_products.md and _product-variations.md of its documentation)."""

from typing import Any

from connectors.platforms.woocommerce.field_types import GmtDatetime, Label, Number
from connectors.platforms.woocommerce.sources.prices import PricedRow
from connectors.platforms.woocommerce.sources.stock import StockedRow
from connectors.sdk.api_model import ApiModel, Text

# The ID of what is not stored on its own: an attribute of one product only, a placeholder instead of an image.
NO_ID = "0"


class Term(ApiModel):
    id: Text


class ImageRow(ApiModel):
    id: Text = NO_ID
    src: Text = ""
    alt: Label = ""


class AttributeRow(ApiModel):
    """An attribute of a product, with all its values."""

    id: Text = NO_ID
    name: Label = ""
    position: int = 0
    variation: bool = False
    options: list[Label] = []

    @property
    def key(self) -> str:
        return self.name.casefold() if self.id == NO_ID else self.id


class ChoiceRow(ApiModel):
    """The value of a variation for an attribute."""

    id: Text = NO_ID
    name: Label = ""
    option: Label = ""

    @property
    def key(self) -> str:
        return self.name.casefold() if self.id == NO_ID else self.id


class ItemRow(PricedRow, StockedRow):
    """What a product and a variation have in common."""

    id: Text
    name: Label = ""
    status: str = ""
    sku: Text = ""
    weight: Number = None
    virtual: bool = False


class VariationRow(ItemRow):
    image: ImageRow = ImageRow()
    menu_order: int = 0
    attributes: list[ChoiceRow] = []


class ProductRow(ItemRow):
    type: str = "simple"
    slug: Text = ""
    catalog_visibility: str = "visible"
    description: Text = ""
    short_description: Text = ""
    downloadable: bool = False
    shipping_required: bool = True
    date_modified_gmt: GmtDatetime = None
    categories: list[Term] = []
    brands: list[Term] = []
    images: list[ImageRow] = []
    attributes: list[AttributeRow] = []
    variations: list[Any] = []

    @property
    def is_variable(self) -> bool:
        return bool(self.variations) or self.type.startswith("variable")
