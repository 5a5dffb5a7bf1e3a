"""The types of the fields of the vendor's rows."""

from decimal import Decimal
from html import unescape
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from common.storable import refuse_nul
from connectors.sdk.api_model import UtcDatetime


def _empty_as_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


# Texts that the shop stores with HTML entities: `Shirts &amp; Tops`.
Label = Annotated[str, AfterValidator(refuse_nul), AfterValidator(unescape)]
# Amounts, quantities and weights are text, and empty if there is none.
Number = Annotated[Decimal | None, BeforeValidator(_empty_as_none)]
# Times without a zone are those of the fields that end in `_gmt`.
GmtDatetime = Annotated[UtcDatetime | None, BeforeValidator(_empty_as_none)]


def mapped_value(raw: Any, path: str) -> Any:
    """The value at a path of a connection's field map (S5): `role`, `meta_data._vendor`, `attributes.Material`.

    The part after the dot is the key of meta data, the name of an attribute, or the key of an object.
    """
    head, _, rest = path.partition(".")
    value = raw.get(head) if isinstance(raw, dict) and head else None
    if not rest:
        return value
    if isinstance(value, dict):
        return mapped_value(value, rest)
    for each in value if isinstance(value, list) else ():
        if isinstance(each, dict) and rest in (each.get("key"), each.get("name")):
            found = next((each[name] for name in ("value", "option", "options") if name in each), None)
            return ", ".join(map(str, found)) if isinstance(found, list) else found
    return None
