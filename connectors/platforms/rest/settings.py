"""Settings and credentials of a connection to a custom system."""

from pydantic import Field, SecretStr

from connectors.sdk.orders import DifferentOrders, different_orders_field
from connectors.sdk.schemas import Schema
from connectors.sdk.setup_guide import SetupGuide


class Credentials(Schema):
    token: SecretStr = Field(min_length=1, title="Token", description="Sent as Authorization: Bearer.")


class TargetSettings(Schema):
    unreconciled_orders: DifferentOrders = different_orders_field("send")
    price_list: str = Field(
        "",
        title="Price list",
        description="Slug of the SyncCenter price list with the default prices. Leave empty for the first.",
    )


GUIDE = SetupGuide(
    url="The https URL of your system, before /v1.",
    steps="Your system issues the token; it is sent as Authorization: Bearer.",
)
