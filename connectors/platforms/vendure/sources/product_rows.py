"""Products as the Admin API returns them (https://docs.vendure.io/reference/graphql-api/admin/object-types)."""

from decimal import Decimal

from connectors.sdk.api_model import ApiModel, Text, UtcDatetime


class Price(ApiModel):
    """A price as it is entered in the channel, in minor units."""

    price: int
    currencyCode: Text


class Location(ApiModel):
    id: Text
    name: Text = ""


class StockLevel(ApiModel):
    """`stockAllocated` is sold and not yet shipped."""

    updatedAt: UtcDatetime | None = None
    stockOnHand: int
    stockAllocated: int = 0
    stockLocation: Location

    @property
    def available(self) -> Decimal:
        return Decimal(self.stockOnHand - self.stockAllocated)


class OptionGroup(ApiModel):
    id: Text
    name: Text = ""


class Option(ApiModel):
    name: Text = ""
    group: OptionGroup


class Facet(ApiModel):
    code: Text = ""
    name: Text = ""


class FacetValue(ApiModel):
    id: Text = ""
    name: Text = ""
    facet: Facet = Facet()


class Asset(ApiModel):
    id: Text = ""
    name: Text = ""
    type: Text = "IMAGE"
    preview: Text = ""
    source: Text = ""


class Reference(ApiModel):
    id: Text


class VariantRow(ApiModel):
    """`price` and `priceWithTax` are computed for the default tax zone of the channel."""

    id: Text
    updatedAt: UtcDatetime | None = None
    sku: Text = ""
    name: Text = ""
    enabled: bool = True
    trackInventory: str = "INHERIT"
    outOfStockThreshold: int = 0
    useGlobalOutOfStockThreshold: bool = True
    price: int | None = None
    priceWithTax: int | None = None
    currencyCode: Text = ""
    prices: list[Price] = []
    stockLevels: list[StockLevel] = []
    options: list[Option] = []
    featuredAsset: Asset | None = None
    facetValues: list[FacetValue] = []


class ProductRow(ApiModel):
    id: Text
    updatedAt: UtcDatetime | None = None
    name: Text
    slug: Text = ""
    description: Text = ""
    enabled: bool = True
    variants: list[VariantRow]
    assets: list[Asset] = []
    facetValues: list[FacetValue] = []
    collections: list[Reference] = []
