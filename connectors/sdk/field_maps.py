"""Reads the fields that a connection maps (S5): which are mapped, and their values in the type of the hub's field.

A field map has the names of the hub's fields and says for each which field of the platform holds it; empty: none. So a
platform that gets another mappable field needs one line more in its field map.
"""

from collections.abc import Container, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import BaseModel

from common.storable import without_nul
from connectors.sdk.schemas import Schema
from hub.field_registry import FieldType, HubField, fields_of

_TRUE_VALUES = ("1", "true", "yes", "on")


# Hub's field of a customer → the platform's. Not a docstring, which would be shown in the forms.
class CustomerMap(Schema):
    group: str = ""
    accounting_id: str = ""
    sales_agent_groups: str = ""
    price_lists: str = ""
    discount_percentage: str = ""
    payment_on_account: str = ""
    parent_id: str = ""
    tax_id: str = ""


def mapped_paths(field_map: BaseModel, kind: str) -> dict[str, str]:
    """Name of a hub field → the platform's field, for the fields of this kind that are mapped one to one."""
    mappable = {field.name for field in fields_of(kind).values() if field.mappable}
    return {name: path for name, path in field_map if name in mappable and path and isinstance(path, str)}


def mapped_values(kind: str, values: Mapping[str, Any], transformed: Container[str]) -> dict[str, Any]:
    """The arguments of a record for mapped fields. `values`: name of a hub field → what the platform's field holds.

    Of fields that are `transformed` (connectors.sdk.transformations), texts are returned as they are.
    """
    fields = fields_of(kind)
    return {
        name: value if isinstance(value, str) and f"{kind}.{name}" in transformed else convert(fields[name], value)
        for name, value in values.items()
    }


def convert(field: HubField, value: Any) -> Any:
    """A platform's value in the type of the hub's field; for a missing or invalid one, the field's empty value.

    Text has no characters that cannot be stored. Lists are entered with commas. An amount is positive, because
    merchants enter zero for "no value"; a percentage is at most 100.
    """
    text = "" if value is None or isinstance(value, dict | list | bool) else without_nul(str(value)).strip()
    match field.type:
        case FieldType.TEXT:
            return text
        case FieldType.DECIMAL:
            return _number(text, field.unit)
        case FieldType.DATE:
            return _date(text)
        case FieldType.BOOLEAN:
            return text.lower() in _TRUE_VALUES if text else None
        case FieldType.LIST:
            return [word for each in text.split(",") if (word := each.strip())]
    raise TypeError(f"{field.kind}.{field.name} cannot be mapped one to one.")


def as_text(value: Any) -> str:
    """A value of the hub as `convert` reads it; empty for none."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value.normalize():f}"
        case list():
            return ", ".join(map(str, value))
    return str(value)


def _number(text: str, unit: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or number < 0 or (unit == "%" and number > 100) or (unit == "currency" and number == 0):
        return None
    return number


def _date(text: str) -> date | None:
    """A date in ISO 8601, of which a time may follow."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
