"""The base of an adapter's `Settings`, `Credentials` and `FieldMap`."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from common.storable import refuse_nul

# A field's value in the forms of new connections, if it is not the default, which those of earlier releases keep: a key
# of `json_schema_extra`.
NEW_CONNECTIONS = "new_connections"


class Schema(BaseModel):
    """Rejects unknown names, so that typos are noticed.

    Field titles and descriptions become the labels and help texts of the forms; fields of type `SecretStr` are never
    shown again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        return refuse_nul(value)


def error_message(error: Mapping[str, Any]) -> str:
    """The text of one of `ValidationError.errors()`, without pydantic's prefix for errors of our own validators."""
    return str(error["msg"]).removeprefix("Value error, ")
