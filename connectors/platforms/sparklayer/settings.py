"""Settings and credentials of a connection to SparkLayer; docs/platforms/sparklayer.md explains each."""

from typing import Literal

from pydantic import Field, SecretStr

from connectors.sdk.orders import DifferentOrders, different_orders_field
from connectors.sdk.schemas import Schema
from connectors.sdk.setup_guide import SetupGuide

# https://docs.sparklayer.io/developers/api: each environment has its own data and its own keys.
BASE_URLS = {"live": "https://app.sparklayer.io", "test": "https://test.app.sparklayer.io"}


class Settings(Schema):
    site_id: str = Field(min_length=1, title="Site ID", description="From Settings > API in the SparkLayer dashboard.")
    site_env: Literal["live", "test"] = Field("live", title="Environment", description="Environment of the site.")
    client_id: str = Field(
        min_length=1, title="Client ID", description="From Settings > API in the SparkLayer dashboard."
    )
    shop: str = Field(
        "", title="Shop", description="Slug of the shop behind the storefront. Leave empty for the seller's first shop."
    )
    price_list: str = Field(
        "",
        title="Price list",
        description="Slug of the SyncCenter price list with the default prices. Leave empty for the first.",
    )
    price_lists: Literal["default", "all"] = Field(
        "default",
        title="Price lists to send",
        description="“default” sends the list with the default prices; “all” also sends the price lists of customers "
        "and groups.",
    )
    unreconciled_orders: DifferentOrders = different_orders_field()
    package_types: dict[Literal["open", "shipment", "cancellation", "return"], str] = Field(
        default_factory=dict,
        title="Package types",
        description="Type of a package (open, shipment, cancellation, return) → its name at SparkLayer, if that is not "
        "incoming, shipment, cancellation, return.",
    )
    checkout: bool = Field(
        False,
        title="Checkout",
        description="Let the shop compute and complete the storefront's carts. SparkLayer does not document the names "
        "of totals, so test it before you turn it on.",
    )
    integration: str = Field(
        "synccenter",
        pattern=r"^[a-z0-9-]{1,60}$",
        title="Integration",
        description="Name of the sync log in the SparkLayer dashboard.",
    )
    stock_locations: dict[str, str] = Field(
        default_factory=dict,
        title="Stock locations",
        description="SyncCenter location code → external ID of the SparkLayer location. Unmapped locations keep their "
        "code.",
    )


class FieldMap(Schema):
    settings: dict[str, str] = Field(
        default_factory=dict,
        description="SyncCenter variant setting → SparkLayer setting, for example pack_size. Unmapped settings are not "
        "sent.",
    )
    back_order_allowance: str = Field(
        "",
        description="SyncCenter variant setting that holds how many units may be sold below zero. Leave empty to allow "
        "none.",
    )


class Credentials(Schema):
    client_secret: SecretStr = Field(
        min_length=1, title="Client secret", description="Shown once, together with the client ID."
    )


GUIDE = SetupGuide(
    url="https://app.sparklayer.io, or https://test.app.sparklayer.io for a test site.",
    steps="In SparkLayer's dashboard, open Settings › API: it shows the site ID and the client ID, and the client "
    "secret once. API access requires the Pro or Enterprise plan.",
    page="https://docs.sparklayer.io/developers/authentication",
)
