"""Settings and credentials of a connection to an image feed."""

from enum import StrEnum

from pydantic import Field, SecretStr

from connectors.sdk.schemas import Schema
from connectors.sdk.setup_guide import SetupGuide


class Format(StrEnum):
    JSON_LINES = "jsonl"
    CSV = "csv"


class Settings(Schema):
    format: Format = Field(Format.JSON_LINES, title="Format", description="Of the file: jsonl or csv.")
    page_size: int = Field(
        2000, ge=10, le=5000, title="SKUs per page", description="The file is downloaded again for each page."
    )


class Credentials(Schema):
    token: SecretStr = Field(
        min_length=1,
        title="Token",
        description="Sent as Authorization: Bearer; enter any text if the URL needs no token.",
    )


GUIDE = SetupGuide(
    url="The https URL of the file.",
    steps="The token is sent as Authorization: Bearer. If the URL needs none, enter any text.",
)
