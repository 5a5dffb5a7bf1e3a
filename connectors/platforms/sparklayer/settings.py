"""Settings and credentials of a connection to SparkLayer; docs/platforms/sparklayer.md explains each."""

from typing import Literal

from pydantic import Field, SecretStr

from connectors.sdk.schemas import Schema


class Settings(Schema):
    site_id: str = Field(min_length=1, title="Site id", description="From Settings, API in the SparkLayer dashboard.")
    site_env: Literal["live", "test"] = Field("live", title="Environment", description="Environment of the site.")
    client_id: str = Field(min_length=1, title="Client id", description="From the same place.")
    shop: str = Field(
        "", title="Shop", description="Slug of the shop behind the storefront. Leave empty for the seller's first shop."
    )
    price_list: str = Field("", title="Price list", description="Slug of the list of default prices; empty: the first.")
    integration: str = Field(
        "synccenter",
        pattern=r"^[a-z0-9-]{1,60}$",
        title="Integration",
        description="The name under which the sync log stands in the SparkLayer dashboard.",
    )
    stock_locations: dict[str, str] = Field(
        default_factory=dict,
        title="Stock locations",
        description="Our code of a location → its external id at SparkLayer; others go by our code.",
    )


class FieldMap(Schema):
    settings: dict[str, str] = Field(
        default_factory=dict,
        description="Our name of a variant's setting → SparkLayer's, for example pack_size; others are not sent.",
    )


class Credentials(Schema):
    client_secret: SecretStr = Field(min_length=1, title="Client secret", description="Shown once with the client id.")
