"""Settings, credentials and field maps of a connection to a Vendure server (S5, D11, D13)."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from connectors.sdk.schemas import Schema
from connectors.sdk.setup_guide import SetupGuide
from connectors.sdk.transformations import SourceFieldMap

# https://docs.vendure.io/reference/typescript-api/configuration/api-options (adminListQueryLimit)
MAX_PAGE_SIZE = 1000

# A custom field of the shop, or a facet by its code.
Path = Annotated[str, Field(pattern=r"^$|^customFields\.[A-Za-z_]\w*$|^facets\.[\w-]+$")]
CustomField = Annotated[str, Field(pattern=r"^$|^customFields\.[A-Za-z_]\w*$")]


class ServerSettings(Schema):
    """What both directions have in common."""

    api_path: str = Field(
        "/admin-api", pattern=r"^/[\w/.-]+$", title="API path", description="Path of the Admin API on the server."
    )
    channel_token: str = Field(
        "",
        pattern=r"^[\x21-\x7e]*$",
        title="Channel token",
        description="Token of the channel, as shown in Vendure under Settings, Channels. Leave empty for the default.",
    )
    language: str = Field(
        "",
        pattern=r"^$|^[a-z]{2}(_[A-Za-z]{2,4})?$",
        title="Language",
        description="Code of the language of names and descriptions. Leave empty for the channel's.",
    )


class Settings(ServerSettings):
    page_size: int = Field(
        100, ge=1, le=MAX_PAGE_SIZE, title="Items per page", description="Lower this if the server times out."
    )
    prices: Literal["entered", "with_tax", "without_tax"] = Field(
        "entered",
        title="Prices",
        description="entered: as they are entered in the channel, in all of its currencies. with_tax, without_tax: "
        "as Vendure computes them in the channel's currency for its default tax zone.",
    )
    weight_field: CustomField = Field(
        "",
        title="Field of the weight",
        description="Custom field of variants with their weight in grams, such as customFields.weight. Leave empty if "
        "there is none.",
    )
    watched_days: int = Field(
        60,
        ge=1,
        le=3650,
        title="Days to watch orders",
        description="Closed orders that were placed within these days are checked by each incremental import, because "
        "Vendure does not date an order when it is refunded. Older ones are checked by the full import.",
    )
    dashboard_url: str = Field(
        "",
        pattern=r"^$|^https?://\S+$",
        title="Address of the dashboard",
        description="Used for links to items, such as https://shop.example.com/dashboard. Leave empty for no links.",
    )
    fulfillment_handler: str = Field(
        "manual-fulfillment",
        min_length=1,
        title="Fulfillment handler",
        description="Code of the handler with which shipments reported by other systems are created.",
    )


class TargetSettings(ServerSettings):
    price_list: str = Field(
        "",
        title="Price list",
        description="Slug of the SyncCenter price list with the default prices. Leave empty for the first.",
    )
    location_id: str = Field(
        "",
        title="Stock location",
        description="ID of the stock location that stock is sent to. Leave empty for the first.",
    )
    on_removal: Literal["hide", "delete"] = Field("hide", title="Discontinued items")


class Credentials(Schema):
    api_key: Annotated[SecretStr, Field(min_length=1)] = Field(
        title="API key",
        description="Created in Vendure under Settings, API keys, with a role that has the permissions of the data "
        "to be synced.",
    )


class ProductMap(Schema):
    brand: Annotated[str, Field(pattern=r"^[\w-]*$")] = "brand"
    barcode: Path = ""
    mpn: Path = ""
    rrp: Path = ""
    restock_date: Path = ""
    # Settings of a variant for B2B storefronts, with names chosen by the merchant (a minimum quantity, a pack size).
    settings: dict[str, Path] = Field(default_factory=dict)


class CustomerMap(Schema):
    tax_id: CustomField = ""
    accounting_id: CustomField = ""
    sales_agent_groups: CustomField = ""
    price_lists: CustomField = ""
    discount_percentage: CustomField = ""
    payment_on_account: CustomField = ""
    parent_id: CustomField = ""


class OrderMap(Schema):
    # Who ships a line: a value of its variant, or else of the product.
    vendor: Path = ""


class FieldMap(SourceFieldMap):
    """Which field of the shop contains which of our fields."""

    products: ProductMap = ProductMap()
    customers: CustomerMap = CustomerMap()
    orders: OrderMap = OrderMap()


GUIDE = SetupGuide(
    url="The server's own, such as https://shop.example.com.",
    steps="In Vendure's dashboard, open Settings › API keys and create a key with a role that may read the catalog, "
    "customers, orders and settings. The server must allow API keys as a token method.",
    page="https://docs.vendure.io/current/core/developer-guide/api-keys",
)
