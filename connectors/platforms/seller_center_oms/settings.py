"""Settings and credentials of a connection to Seller Center's OMS."""

from pydantic import Field, SecretStr

from connectors.sdk.schemas import Schema
from connectors.sdk.setup_guide import SetupGuide


class Settings(Schema):
    page_size: int = Field(200, ge=1, le=1000, title="Orders per page", description="Used when the OMS is read.")
    send_statuses: bool = Field(
        False,
        title="Send item statuses",
        description="Turn on only if another system is the source of truth for orders.",
    )
    cancel_reason: str = Field("Canceled by the seller", min_length=1, title="Reason of cancellations")
    return_reason: str = Field("Returned by the customer", min_length=1, title="Reason of returns")
    failed_delivery_reason: str = Field("Delivery failed", min_length=1, title="Reason of failed deliveries")
    send_details: bool = Field(
        False,
        title="Send further tracking numbers",
        description="An item takes one tracking number. The others are sent as the detail of its status.",
    )


class Credentials(Schema):
    service_name: str = Field(
        "OMS", min_length=1, title="Service name", description="ServiceName of signed calls, as the OMS expects it."
    )
    api_key: SecretStr = Field(min_length=1, title="API key", description="Used to sign requests to the OMS.")


GUIDE = SetupGuide(
    url="The URL of the OMS that takes signed calls.",
    steps="The operator of the OMS gives you the API key that signs the calls.",
)
