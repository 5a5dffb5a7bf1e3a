"""Models of the vendor's rows of products."""

from decimal import Decimal
from typing import Any

from connectors.platforms.magento.sources.bundles import Option as BundleOption
from connectors.platforms.magento.sources.price_records import TierPrice
from connectors.platforms.magento.values import mapped_value, text
from connectors.sdk.api_model import ApiModel, Text, UtcDatetime


class _Entry(ApiModel):
    id: Text
    media_type: str = "image"
    label: Text = ""
    position: int = 0
    disabled: bool = False
    file: Text = ""


class _CategoryLink(ApiModel):
    category_id: Text


class _Option(ApiModel):
    attribute_id: Text
    position: int = 0


class _Extension(ApiModel):
    category_links: list[_CategoryLink] = []
    configurable_product_options: list[_Option] = []
    # None: the shop did not tell the variants, which is not the same as none.
    configurable_product_links: list[Any] | None = None
    bundle_product_options: list[BundleOption] = []

    @property
    def options(self) -> list[_Option]:
        return self.configurable_product_options


class ProductRow(ApiModel):
    id: int
    sku: Text
    name: Text = ""
    status: int = 0
    visibility: int = 0
    type_id: str = "simple"
    price: Decimal | None = None
    weight: Decimal | None = None
    updated_at: UtcDatetime | None = None
    custom_attributes: list[Any] = []
    media_gallery_entries: list[_Entry] = []
    tier_prices: list[TierPrice] = []
    extension_attributes: _Extension = _Extension()

    @property
    def extension(self) -> _Extension:
        return self.extension_attributes

    @property
    def bundle_options(self) -> list[BundleOption]:
        return self.extension_attributes.bundle_product_options

    def is_dynamic(self, code: str) -> bool:
        """Whether a bundle takes its price or weight from its parts."""
        return text(mapped_value(self.custom_attributes, code)) == "0"
