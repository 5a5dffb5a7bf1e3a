"""Settings and credentials of a connection to a Seller Center shop."""

from pydantic import Field, SecretStr

from connectors.sdk.schemas import Schema


class Settings(Schema):
    seller: str = Field(
        "", title="Seller ID in the shop", description="Sent with each product; only its products are read."
    )
    price_list: str = Field(
        "", title="Price list", description="Slug of the price list to send. Leave empty for the first."
    )
    page_size: int = Field(500, ge=1, le=1000, title="Items per page", description="Used when the shop is read.")


class FieldMap(Schema):
    attributes: dict[str, str] = Field(
        default_factory=dict, description="SyncCenter attribute or option → its ID in the shop."
    )


class Credentials(Schema):
    service_name: str = Field("SellerCenter", min_length=1, title="Service name", description="Our name at the shop.")
    api_key: SecretStr = Field(min_length=1, title="API key", description="Used to sign requests to the shop.")
    callback_key: SecretStr = Field(
        SecretStr(""),
        title="Callback key",
        description="apiKey of the shop's callbacks. Leave empty to reject all callbacks.",
    )
