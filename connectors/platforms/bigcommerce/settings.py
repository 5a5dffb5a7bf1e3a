"""Settings, credentials and field map of a connection to a BigCommerce store.

A value of the field map names a field of the store. The part after a dot is the name of a custom field, a customer
attribute or a form field: `retail_price`, `custom_fields.Restock date`. Empty: the store has no such field.
"""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from catalog.items import ProductItem, VariantItem
from connectors.sdk.field_maps import CustomerMap, as_text, mapped_paths
from connectors.sdk.schemas import Schema
from connectors.sdk.setup_guide import SetupGuide
from connectors.sdk.transformations import SourceFieldMap
from connectors.sdk.values import cut
from hub.kinds import Kind
from orders.items import CustomerItem

MAX_PAGE_SIZE = 250
ATTRIBUTE_LENGTH = 255


class Settings(Schema):
    page_size: int = Field(
        MAX_PAGE_SIZE,
        ge=1,
        le=MAX_PAGE_SIZE,
        title="Items per page",
        description="Lower this if the store times out (504).",
    )
    channel_ids: tuple[int, ...] = Field(
        (),
        title="Storefronts",
        description="IDs of the channels whose products, categories, customers and orders are imported. Leave empty "
        "for all.",
    )
    price_lists: bool = Field(
        False,
        title="Price lists",
        description="Import the price lists of customer groups and storefronts, and prices for quantities.",
    )
    modifiers: bool = Field(
        False,
        title="Modifiers",
        description="Report products with required choices, which B2B storefronts cannot order. Ten products per call.",
    )
    stock_by_location: bool = Field(
        False,
        title="Stock by location",
        description="Read what each location has to sell. The API account needs the scope Store Inventory.",
    )
    b2b_channel_id: int | None = Field(
        None, title="B2B channel", description="Import only orders from this channel. Leave empty for all."
    )


class TargetSettings(Schema):
    price_list: str = Field(
        "",
        title="Price list",
        description="Slug of the SyncCenter price list with the default prices. Leave empty for the first.",
    )
    price_list_id: int | None = Field(
        None,
        title="Price list of the store",
        description="ID of the price list in BigCommerce. Leave empty to send no price records.",
    )
    location_id: int = Field(1, title="Stock location", description="ID of the store's location that stock is sent to.")
    channel_id: int = Field(
        1, title="Storefront", description="ID of the channel that gets new products and customers, and categories."
    )
    fallback_category_id: int | None = Field(
        None,
        title="Fallback category",
        description="ID of the category for new products without one. Some stores require a category.",
    )
    customers: bool = Field(
        False, title="Send customers", description="With addresses, group and attributes. The store sends no email."
    )
    on_removal: Literal["hide", "delete"] = Field(
        "hide", title="Discontinued items", description="Brands can't be hidden, so “hide” keeps them."
    )


class Credentials(Schema):
    access_token: Annotated[SecretStr, Field(min_length=1)] = Field(
        title="Access token", description="Of a store-level API account, with the scopes of the data to be synced."
    )


class SourceCredentials(Credentials):
    client_secret: SecretStr = Field(
        SecretStr(""),
        title="Client secret",
        description="Client secret of the same API account. Used to verify webhook signatures (optional).",
    )
    app_client_id: str = Field(
        "",
        title="App client ID",
        description="Client ID of the app-level API account with which a B2B storefront asks who is signed in.",
    )
    app_client_secret: SecretStr = Field(
        SecretStr(""),
        title="App client secret",
        description="Client secret of that app-level API account. Used to verify who is signed in (optional).",
    )


class ProductMap(Schema):
    rrp: str = "retail_price"
    mpn: str = "mpn"
    restock_date: str = ""
    # Settings of a variant for B2B storefronts, with names chosen by the merchant (a minimum quantity, a pack size).
    settings: dict[str, str] = Field(default_factory=dict)


class OrderMap(Schema):
    vendor: str = ""


class FieldMap(SourceFieldMap):
    """Which field of the store contains which of our fields (S5, D11, D13)."""

    products: ProductMap = ProductMap()
    customers: CustomerMap = CustomerMap()
    orders: OrderMap = OrderMap()


class TargetCustomerMap(Schema):
    """Names of customer attributes that hold our fields."""

    accounting_id: str = ""
    sales_agent_groups: str = ""
    price_lists: str = ""
    discount_percentage: str = ""
    payment_on_account: str = ""
    tax_id: str = ""

    def values(self, item: CustomerItem) -> dict[str, str]:
        """Name of an attribute → its value as text; empty if the customer has none."""
        return {
            name: cut(as_text(getattr(item, ours)), ATTRIBUTE_LENGTH)
            for ours, name in mapped_paths(self, Kind.CUSTOMER).items()
        }


class TargetProductMap(Schema):
    """Metafields of products, `namespace.key`, that hold our fields; those of variants are taken from the first one."""

    rrp: str = ""
    # Our name of a B2B setting, or of an attribute → the metafield.
    settings: dict[str, str] = Field(default_factory=dict)
    attributes: dict[str, str] = Field(default_factory=dict)

    def values(self, item: ProductItem, variant: VariantItem) -> dict[str, str]:
        """Metafield → its value as text; empty if the product has none."""
        found = {self.rrp: variant.rrp} | {path: variant.settings.get(name) for name, path in self.settings.items()}
        found |= {path: item.attributes.get(name) for name, path in self.attributes.items()}
        return {path: as_text(value) for path, value in found.items() if path}


class TargetMap(Schema):
    """Where the store holds fields of ours that it has no field for."""

    products: TargetProductMap = TargetProductMap()
    customers: TargetCustomerMap = TargetCustomerMap()


GUIDE = SetupGuide(
    url="https://api.bigcommerce.com/stores/STORE_HASH: the API path that BigCommerce shows with the token, without "
    "the version.",
    steps="In BigCommerce, open Settings › Store-level API accounts, create an account of the type V2/V3 with the "
    "scopes Products, Information & settings, Customers and Orders (with “modify” if vendors ship orders), and copy "
    "the access token; it is shown once.",
    page="https://docs.bigcommerce.com/developer/docs/overview/api-fundamentals/api-accounts",
)
