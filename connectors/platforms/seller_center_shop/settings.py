"""Settings and credentials of a connection to a Seller Center shop."""

from typing import Literal

from pydantic import Field, SecretStr

from connectors.sdk.schemas import Schema
from connectors.sdk.setup_guide import SetupGuide


class Settings(Schema):
    seller: str = Field(
        "", title="Seller ID in the shop", description="Sent with products and stock; only its products are read."
    )
    price_list: str = Field(
        "", title="Price list", description="Slug of the price list to send. Leave empty for the first."
    )
    page_size: int = Field(500, ge=1, le=1000, title="Items per page", description="Used when the shop is read.")
    batch_size: int = Field(
        100, ge=1, le=1000, title="Products per call", description="The shop's limit, if it has one."
    )
    attribute_set: str = Field(
        "", title="Attribute set", description="ID in the shop, for product types that the field mapping does not name."
    )
    tax_class: str = Field("", title="Tax class", description="The shop's ID of the tax class of all products.")
    shipment_type: str = Field("", title="Shipment type", description="The shop's ID of the shipment type.")
    approval_status: int = Field(1, ge=0, title="Approval status", description="Sent with new products.")
    platform_identifier: str = Field("SellerCenter", title="Platform identifier", description="Sent with products.")
    required: tuple[str, ...] = Field(
        (),
        title="Required by the shop",
        description="Fields (such as primary_category, attribute_set, brand, product_identifier) and attributes. A "
        "product without them is not sent.",
    )
    special_price_from: str = Field(
        "2000-01-01 00:00:00",
        pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$",
        title="Special prices from",
        description="The shop takes a reduced price only with two dates.",
    )
    special_price_to: str = Field(
        "2099-12-31 23:59:59", pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", title="Special prices to"
    )
    image_hash: Literal["url", "content"] = Field(
        "url",
        title="Image hash",
        description="What identifies an image. The vendor describes the content; each image is then downloaded.",
    )
    sign_pushes: bool = Field(True, title="Sign pushes", description="Sign product calls like calls to the OMS.")


class FieldMap(Schema):
    attributes: dict[str, str] = Field(
        default_factory=dict, description="SyncCenter attribute or option → its ID in the shop."
    )
    attribute_sets: dict[str, str] = Field(
        default_factory=dict, description="Product type → the ID of its attribute set in the shop."
    )


class Credentials(Schema):
    service_name: str = Field("SellerCenter", min_length=1, title="Service name", description="Our name at the shop.")
    api_key: SecretStr = Field(min_length=1, title="API key", description="Used to sign requests to the shop.")
    username: str = Field("", title="User name", description="For shops where each push starts with a log-in.")
    password: SecretStr = Field(SecretStr(""), title="Password", description="Of this user.")
    callback_key: SecretStr = Field(
        SecretStr(""),
        title="Callback key",
        description="apiKey of the shop's callbacks. Leave empty to reject all callbacks.",
    )


GUIDE = SetupGuide(
    url="The URL of the shop that takes pushes and signed calls.",
    steps="The operator of the shop gives you the API key that signs the calls, and the apiKey of its callbacks.",
)
