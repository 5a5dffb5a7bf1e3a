"""Settings, credentials and field map of a connection to a Shopify store.

A value of the field map names a field of Shopify: `vendor`, or `metafields.custom.material` for a metafield with this
namespace and key. Empty: the store has no such field.
"""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.sdk.field_maps import CustomerMap
from connectors.sdk.schemas import Schema
from connectors.sdk.setup_guide import SetupGuide
from connectors.sdk.transformations import SourceFieldMap


class Settings(Schema):
    location_ids: tuple[int, ...] = Field(
        (), title="Locations", description="IDs of the locations whose stock is imported. Leave empty for all."
    )
    online_locations_only: bool = Field(
        True,
        title="Only locations that fulfill online orders",
        description="Nothing is available at locations that do not fulfill online orders.",
    )
    bulk_threshold: int = Field(
        500,
        ge=1,
        le=25_000,
        title="Bulk operation from",
        description="Number of products from which a full sync reads them by a bulk operation. Lists end at 25,000.",
    )
    companies: bool = Field(
        False,
        title="Companies (B2B)",
        description="Read companies of customers and orders. The app needs the scope read_companies.",
    )
    b2b_orders_only: bool = Field(
        False,
        title="Only orders of companies",
        description="Import only orders that were placed for a company. Turn on Companies as well.",
    )
    test_orders: bool = Field(False, title="Test orders", description="Import orders of test payments as well.")
    notify: bool = Field(
        False,
        title="Notify customers of shipments",
        description="Shopify sends an email about each shipment that other systems report.",
    )

    @model_validator(mode="after")
    def _orders_of_companies_need_companies(self) -> Self:
        if self.b2b_orders_only and not self.companies:
            raise ValueError("Turn on Companies to import only orders of companies.")
        return self


class TargetSettings(Schema):
    price_list: str = Field(
        "",
        title="Price list",
        description="Slug of the SyncCenter price list with the default prices, in the store's currency. Leave empty "
        "for the first.",
    )
    location_id: int | None = Field(
        None,
        title="Location",
        description="ID of the location that stock is sent to. Leave empty for the first that fulfills online orders.",
    )
    publication_ids: tuple[int, ...] = Field(
        (),
        title="Sales channels",
        description="IDs of the publications in which new products are offered. Leave empty to publish them yourself.",
    )
    on_removal: Literal["archive", "delete"] = Field(
        "archive",
        title="Discontinued products",
        description="archive: they are archived. delete: they are deleted for good.",
    )


class Credentials(Schema):
    """An access token, or the ID and secret of an app from which tokens are requested. Shopify signs webhooks and
    installations with the secret. Without a secret, the ID is that of our app, which was installed."""

    access_token: SecretStr = Field(
        SecretStr(""),
        title="Admin API access token",
        description="Of a custom app that was created in the store's admin. It starts with shpat_.",
    )
    client_id: str = Field(
        "", title="Client ID", description="Of an app of the Dev Dashboard, under Settings. Leave the token empty then."
    )
    client_secret: SecretStr = Field(
        SecretStr(""),
        title="Client secret",
        description="Of the same app (API secret key). Also used to verify webhooks.",
    )
    previous_client_secret: SecretStr = Field(
        SecretStr(""),
        title="Previous client secret",
        description="After a change of the secret, Shopify may sign with the old one for an hour. It is accepted until "
        "you remove it here: do so after that hour.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.access_token.get_secret_value() and not self.client_id:
            raise ValueError("Enter an access token, or the client ID and the client secret of an app.")
        return self


class ProductMap(Schema):
    rrp: str = ""
    mpn: str = ""
    restock_date: str = ""
    # Settings of a variant for B2B storefronts, with names chosen by the merchant (a minimum quantity, a pack size).
    settings: dict[str, str] = Field(default_factory=dict)
    # Attributes of a product, with names chosen by the merchant.
    attributes: dict[str, str] = Field(default_factory=dict)


class OrderMap(Schema):
    vendor: str = "vendor"


class FieldMap(SourceFieldMap):
    """Which field of the store contains which of our fields (S5, D11, D13)."""

    products: ProductMap = ProductMap()
    customers: CustomerMap = CustomerMap()
    orders: OrderMap = OrderMap()


GUIDE = SetupGuide(
    url="The store's own address in Shopify, such as https://example.myshopify.com: not the domain that customers see.",
    steps="In Shopify's Dev Dashboard, create an app with the scopes of the data that you want to sync, release it "
    "and install it in the store. Its Settings show the client ID and the client secret; leave the access "
    "token empty. For a custom app that was created in the store's admin, enter its Admin API access token, "
    "and its API secret key as client secret.",
    page="https://shopify.dev/docs/apps/build/dev-dashboard/create-apps-using-dev-dashboard",
)
