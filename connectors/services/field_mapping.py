"""The field mapping of a connection, for a form: our fields, and the fields that the account really has (I5, S5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from accounts.models import User
from connectors.adapters.factory import validate
from connectors.adapters.registry import adapter_for
from connectors.engine.applying.context import VARIANT_ITEM
from connectors.sdk.transformations import transformable
from connectors.services.connections import update_connection
from hub import links
from hub.field_registry import fields_of
from hub.kinds import ITEM_KIND, DataType, Kind
from hub.models import Connection

# The entry of a field map that connectors.services.field_transformations edits.
TRANSFORMATIONS = "transformations"
# Payloads to look at, examples of each field, and characters of an example.
_PAYLOADS, _EXAMPLES, _MAX_LENGTH = 10, 3, 60
# How platforms name an entry of a list of custom fields.
_NAME_KEYS, _VALUE_KEYS = ("name", "attribute_code", "code", "key", "internalId"), ("value", "values")


@dataclass(frozen=True)
class MappedField:
    """One of our fields, with the platform's field that holds it; `is_map`: a mapping of names of its own.

    `section` is a data type, or empty for a mapping of the whole connection.
    """

    section: str
    name: str
    label: str
    value: str | dict[str, str]
    is_map: bool

    @property
    def key(self) -> str:
        return f"{self.section}.{self.name}".lstrip(".")

    @property
    def transformation(self) -> str:
        """The key of its transformation; empty if it has none."""
        fields = transformable(DataType(self.section)) if self.section in DataType.values and not self.is_map else {}
        return next((key for key, field in fields.items() if field.name == self.name), "")


@dataclass(frozen=True)
class AccountField:
    """A field in the payloads that the platform has sent, with examples of its values."""

    path: str
    examples: list[str]


def mapped_fields(connection: Connection) -> list[MappedField]:
    """The fields that can be mapped, with their present values. Empty if the platform has none."""
    adapter = adapter_for(connection.platform)
    current = validate(adapter.FieldMap, connection.field_map, what="field mapping")
    return [field for name, value in current if name != TRANSFORMATIONS for field in _fields(name, value, current)]


def _fields(name: str, value: Any, parent: BaseModel) -> Iterator[MappedField]:
    if isinstance(value, BaseModel):
        for inner, held in value:
            yield MappedField(name, inner, _label(name, inner), held, is_map=isinstance(held, dict))
    elif isinstance(value, dict):
        title = type(parent).model_fields[name].title
        yield MappedField("", name, title or name.replace("_", " ").capitalize(), value, is_map=True)


def _label(section: str, name: str) -> str:
    kinds = [Kind.PRODUCT, Kind.VARIANT, "stock"] if section == DataType.PRODUCTS else [section.removesuffix("s")]
    field = next((found for kind in kinds if (found := fields_of(kind).get(name))), None)
    return str(field.label) if field else name.replace("_", " ").capitalize()


def account_fields(connection: Connection, section: str) -> list[AccountField]:
    """The fields of a data type that the latest payloads contain, by path."""
    if section not in DataType.values:
        return []
    kinds = [ITEM_KIND[DataType(section)], *([VARIANT_ITEM] if section == DataType.PRODUCTS else [])]
    found: dict[str, list[str]] = {}
    for received in links.latest_received(connection_id=connection.pk, kinds=kinds, limit=_PAYLOADS):
        for path, value in _scalars(received):
            examples = found.setdefault(path, [])
            text = str(value)[:_MAX_LENGTH]
            if text and text not in examples and len(examples) < _EXAMPLES:
                examples.append(text)
    return [AccountField(path, examples) for path, examples in sorted(found.items())]


def _scalars(value: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Paths and values: keys joined by dots; an entry of a list of custom fields by its name."""
    if isinstance(value, dict) and depth < 3:
        for key, inner in value.items():
            yield from _scalars(inner, f"{prefix}.{key}".lstrip("."), depth + 1)
    elif isinstance(value, list):
        for each in value[:20]:
            name = next((each[key] for key in _NAME_KEYS if key in each), None) if isinstance(each, dict) else None
            held = next((each[key] for key in _VALUE_KEYS if key in each), None) if isinstance(each, dict) else None
            if isinstance(name, str) and not isinstance(held, dict | list):
                yield f"{prefix}.{name}", held
    elif prefix and not isinstance(value, dict) and value is not None:
        yield prefix, value


def save_mapping(*, connection: Connection, values: dict[str, str | dict[str, str]], by: User) -> None:
    """Store a mapping; `values` are keyed by `MappedField.key`. ValidationError if the platform does not accept it."""
    kept = connection.field_map.get(TRANSFORMATIONS)
    field_map: dict[str, Any] = {TRANSFORMATIONS: kept} if kept else {}
    for field in mapped_fields(connection):
        value = values.get(field.key, field.value)
        if field.section:
            field_map.setdefault(field.section, {})[field.name] = value
        else:
            field_map[field.name] = value
    save_field_map(connection=connection, field_map=field_map, by=by)


def save_field_map(*, connection: Connection, field_map: dict[str, Any], by: User) -> None:
    """Store a field map, and nothing else. ValidationError if the platform does not accept it."""
    update_connection(
        connection=connection,
        by=by,
        name=connection.name,
        base_url=connection.base_url,
        settings=connection.settings,
        field_map=field_map,
    )
