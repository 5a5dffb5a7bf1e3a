"""Settings, credentials and field maps of a connection to a Magento shop (S5, D11, D13)."""

from typing import Self

from pydantic import AliasChoices, Field, SecretStr, model_validator

from connectors.sdk.schemas import NEW_CONNECTIONS, Schema
from connectors.sdk.setup_guide import SetupGuide
from connectors.sdk.transformations import SourceFieldMap

ALL = "all"


class StoreViewSettings(Schema):
    """What both directions have in common."""

    store_view: str = Field(
        ALL,
        pattern=r"^[a-zA-Z][a-zA-Z0-9_]*$",
        title="Store view",
        description="Code of a store view: its texts and prices. “all”: the default values of all websites.",
    )
    shared_customers: bool = Field(
        False,
        title="Customers are shared by all websites",
        description="As in Magento's account sharing options. Off: with a store view, only customers of its website.",
    )

    @property
    def is_limited(self) -> bool:
        """Whether the connection has only the website of its store view."""
        return self.store_view != ALL


class Settings(StoreViewSettings):
    # Off for connections of earlier releases, which have all websites: their items must not be discontinued.
    limit_to_website: bool = Field(
        False,
        title="Limit to the website",
        description="Import only items of the website of the store view.",
        json_schema_extra={NEW_CONNECTIONS: True},
    )
    page_size: int = Field(100, ge=1, le=300, title="Items per page", description="Lower this if the shop is slow.")
    admin_url: str = Field(
        "", title="Address of the admin panel", description="Used for links to items. Leave empty for no links."
    )
    b2b_store_id: int | None = Field(
        None, title="B2B store view", description="ID of the store view whose orders are imported. Leave empty for all."
    )
    b2b_payment_method: str = Field(
        "checkmo",
        pattern=r"^[a-z][a-z0-9_]*$",
        title="Payment method of B2B orders",
        description="Code of an offline payment method, for orders that a B2B storefront completes.",
    )
    deduct_reservations: bool = Field(
        True,
        title="Deduct open orders from stock",
        description="Off: the physical quantity of each source, with half as many calls.",
    )
    ship_from: str = Field(
        "", title="Ship from", description="Inventory source of shipments. Leave empty to let Magento choose."
    )
    notify: bool = Field(
        False, title="Notify customers", description="Magento emails the customer about each shipment."
    )

    @property
    def is_limited(self) -> bool:
        return self.limit_to_website and super().is_limited


class TargetSettings(StoreViewSettings):
    price_list: str = Field(
        "",
        title="Price list",
        description="Slug of the SyncCenter price list with the default prices. Leave empty for the first.",
    )
    tier_prices: bool = Field(
        False,
        title="Send tier prices",
        description="Prices for quantities and customer groups. They replace those in Magento.",
    )
    source_code: str = Field(
        "default", min_length=1, title="Source", description="Code of the inventory source that receives stock."
    )
    prices_by_website: bool = Field(
        False,
        title="Prices differ by website",
        description="As in Magento's catalog price scope. Prices are then written for the website of the store view.",
    )
    # Connections that were saved by earlier releases have the old name.
    items_per_call: int = Field(
        1000,
        ge=1,
        le=5000,
        validation_alias=AliasChoices("items_per_call", "entities_a_call"),
        title="Items per call",
        description="Enter 20 if the shop limits the size of inputs.",
    )
    bulk: bool = Field(
        True,
        title="Use bulk API for products",
        description="Requires running queue consumers. If off, each product is sent in its own call.",
    )
    customers: bool = Field(
        False,
        title="Send customers",
        description="Magento welcomes each new customer by email.",
    )
    images: bool = Field(
        False,
        title="Send images",
        description="Only for products without images of the shop's own.",
    )
    attribute_set_id: int = Field(4, title="Attribute set", description="ID of the attribute set for new products.")


class Credentials(Schema):
    """OAuth 1 if all four values are set; otherwise the access token is used as a Bearer token."""

    access_token: SecretStr = Field(min_length=1, title="Access token", description="Access token of an integration.")
    access_token_secret: SecretStr = Field(SecretStr(""), title="Access token secret")
    consumer_key: SecretStr = Field(SecretStr(""), title="Consumer key")
    consumer_secret: SecretStr = Field(SecretStr(""), title="Consumer secret")

    @model_validator(mode="after")
    def _require_all_oauth_keys(self) -> Self:
        given = [bool(self.consumer_key), bool(self.consumer_secret), bool(self.access_token_secret)]
        if any(given) and not all(given):
            raise ValueError("OAuth requires the consumer key, the consumer secret and the access token secret")
        return self


class ProductMap(Schema):
    """Codes of product attributes."""

    brand: str = "manufacturer"
    rrp: str = "msrp"
    barcode: str = ""
    mpn: str = ""
    restock_date: str = ""
    # Settings of a variant for B2B storefronts, with names chosen by the merchant.
    settings: dict[str, str] = Field(default_factory=dict)


class CustomerMap(Schema):
    """Paths into a customer: `taxvat`, `custom_attributes.account_number`, `extension_attributes.company`."""

    accounting_id: str = ""
    sales_agent_groups: str = ""
    price_lists: str = ""
    discount_percentage: str = ""
    payment_on_account: str = ""
    parent_id: str = ""
    tax_id: str = "taxvat"


class OrderMap(Schema):
    """A path in an order line, or `product.` and the code of an attribute of the product."""

    vendor: str = ""


class FieldMap(SourceFieldMap):
    products: ProductMap = ProductMap()
    customers: CustomerMap = CustomerMap()
    orders: OrderMap = OrderMap()


class TargetMap(Schema):
    brand: str = "manufacturer"
    # Our name of an option → the code of the shop's attribute; by default the one with the same label or code.
    options: dict[str, str] = Field(default_factory=dict)


GUIDE = SetupGuide(
    url="The shop's own, such as https://shop.example.com, without /rest.",
    steps="In the admin panel, open System › Integrations, add an integration with access to the data that you want "
    "to sync, and activate it. Magento then shows the four keys.",
    page="https://experienceleague.adobe.com/docs/commerce-admin/systems/integrations/integrations.html",
)
