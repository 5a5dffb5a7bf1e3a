"""The base class for models of the objects that a platform returns, for adapters that read them with pydantic (C4)."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

# Whole numbers below it are exact as floats.
_EXACT = 2**53


class ApiModel(BaseModel):
    """Unknown fields are ignored, numbers may be text and texts numbers.

    Null is treated as missing, except in fields whose default is None: there a subclass may tell them apart
    (`model_fields_set`). PHP writes an object without fields as a list.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _plain_values(cls, raw: Any) -> Any:
        if raw == []:
            return {}
        if not isinstance(raw, dict):
            return raw
        known = cls.model_fields
        return {
            # An ID that came as 5.0 is 5: as a text, it would be another one.
            name: int(value) if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT else value
            for name, value in raw.items()
            if value is not None or (name in known and known[name].default is None)
        }
