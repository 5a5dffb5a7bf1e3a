"""Settings, credentials and field map of a connection to a WooCommerce shop (S5, D11, D13).

A value of the field map names a field of the shop. The part after a dot is the key of meta data or the name of an
attribute: `global_unique_id`, `meta_data._wc_rrp`, `attributes.Material`. Empty: the shop has no such field.
"""

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from connectors.sdk import field_maps
from connectors.sdk.schemas import Schema
from connectors.sdk.setup_guide import SetupGuide
from connectors.sdk.transformations import SourceFieldMap

MAX_PAGE_SIZE = 100
OrderStatus = Literal["pending", "confirmed", "shipped", "delivered", "cancelled", "refunded", "ignored"]


class SiteSettings(Schema):
    """What both directions have in common."""

    authentication: Literal["automatic", "header", "query", "oauth"] = Field(
        "automatic",
        title="Authentication",
        description="automatic: the Authorization header on https, OAuth 1.0a on http. query: for servers that drop "
        "the header; the keys are then part of every address, and may appear in the site's access log.",
    )
    permalinks: Literal["pretty", "plain"] = Field(
        "pretty",
        title="Permalinks",
        description="plain: for sites whose permalinks are set to Plain; addresses then have the parameter rest_route.",
    )


class Settings(SiteSettings):
    page_size: int = Field(
        20, ge=1, le=MAX_PAGE_SIZE, title="Items per page", description="Lower this if the site is slow or times out."
    )
    change_dates: bool = Field(
        True,
        title="Trust change dates of products",
        description="Off: each partial import reads all products, for sites where stock or variations change without "
        "a new change date of the product.",
    )
    require_weight: bool = Field(
        False,
        title="Weight required",
        description="Off: products without a weight are imported without one. Virtual products never need one.",
    )
    customer_roles: tuple[str, ...] = Field(
        (),
        title="Customer roles",
        description="Roles of the users that are imported as customers, such as customer or wholesale_customer. "
        "Leave empty for all users.",
    )
    order_statuses: dict[str, OrderStatus] = Field(
        default_factory=dict,
        title="Order statuses",
        description="What the order statuses of plug-ins mean, or other meanings of WooCommerce's own: "
        "awaiting-pickup = confirmed. Orders that are ignored are not imported.",
    )
    notify: bool = Field(
        False,
        title="Notify customers",
        description="WooCommerce sends customers an email about each shipment that other systems report.",
    )
    complete_orders: bool = Field(
        True,
        title="Complete orders",
        description="Complete an order in processing once everything is shipped, if other systems reported a "
        "shipment of it. WooCommerce tells the customer.",
    )
    b2b_created_via: tuple[str, ...] = Field(
        (),
        title="B2B orders",
        description="Import only orders that were created by these: the value of created_via, such as rest-api or "
        "checkout. Leave empty for all.",
    )


class TargetSettings(SiteSettings):
    price_list: str = Field(
        "",
        title="Price list",
        description="Slug of the SyncCenter price list with the default prices. Leave empty for the first.",
    )
    items_per_call: int = Field(
        MAX_PAGE_SIZE,
        ge=1,
        le=MAX_PAGE_SIZE,
        title="Items per call",
        description="Lower this if the site limits batches or times out.",
    )
    on_removal: Literal["draft", "delete"] = Field(
        "draft",
        title="Discontinued products",
        description="draft: they become drafts, which shoppers do not see. delete: they are deleted for good.",
    )


class Credentials(Schema):
    consumer_key: SecretStr = Field(
        min_length=1,
        title="Consumer key",
        description="Begins with ck_. Created in WooCommerce under Settings, Advanced, REST API.",
    )
    consumer_secret: SecretStr = Field(min_length=1, title="Consumer secret", description="Begins with cs_.")

    @field_validator("consumer_key")
    @classmethod
    def _not_the_secret(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value().startswith("cs_"):
            raise ValueError("this is the consumer secret; the consumer key begins with ck_")
        return value


class ProductMap(Schema):
    rrp: str = ""
    barcode: str = "global_unique_id"
    mpn: str = ""
    restock_date: str = ""
    # Settings of a variant for B2B storefronts, with names chosen by the merchant (a minimum quantity, a pack size).
    settings: dict[str, str] = Field(default_factory=dict)


class CustomerMap(field_maps.CustomerMap):
    group: str = "role"


class OrderMap(Schema):
    """Paths in an order line: `meta_data._vendor`."""

    vendor: str = ""


class FieldMap(SourceFieldMap):
    products: ProductMap = ProductMap()
    customers: CustomerMap = CustomerMap()
    orders: OrderMap = OrderMap()


GUIDE = SetupGuide(
    url="The WordPress address of the site, such as https://shop.example, without /wp-json.",
    steps="In WordPress, open WooCommerce › Settings › Advanced › REST API, select Add key, choose an administrator "
    "or shop manager and Read/Write, and generate the key. The consumer key and the consumer secret are shown "
    "once.",
    page="https://woocommerce.com/document/woocommerce-rest-api/",
)
