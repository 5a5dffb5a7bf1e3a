"""The field mapping of a connection, for a form: our fields, and the fields that the account really has (I5, S5)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from accounts.models import User
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


class Shape(Enum):
    """What a mapped field holds: a name, names, names by name, or fields by name (`{"se": {"currency": …}}`)."""

    TEXT = "text"
    LIST = "list"
    PAIRS = "pairs"
    NESTED = "nested"


@dataclass(frozen=True)
class MappedField:
    """One of our fields, with the platform's field that holds it, as it is stored, or by default.

    `section` is a data type, or empty for a field of the whole connection. `inner_lists`: the fields of a nested one
    that hold lists.
    """

    section: str
    name: str
    label: str
    value: Any
    is_stored: bool
    shape: Shape = Shape.TEXT
    help_text: str = ""
    inner_lists: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        return f"{self.section}.{self.name}".lstrip(".")

    @property
    def transformation(self) -> str:
        """The key of its transformation; empty if it has none."""
        is_text = self.section in DataType.values and self.shape is Shape.TEXT
        fields = transformable(DataType(self.section)) if is_text else {}
        return next((key for key, field in fields.items() if field.name == self.name), "")


@dataclass(frozen=True)
class AccountField:
    """A field in the payloads that the platform has sent, with examples of its values."""

    path: str
    examples: list[str]


def mapped_fields(connection: Connection) -> list[MappedField]:
    """The fields that can be mapped, with their present values. Empty if the platform has none."""
    return fields_of_map(adapter_for(connection.platform).FieldMap, connection.field_map)


def fields_of_map(schema: type[BaseModel], stored: Mapping[str, Any]) -> list[MappedField]:
    """The fields of a field map with their stored values, or else their defaults; also if what is stored is invalid."""
    return [
        field
        for name, info in schema.model_fields.items()
        if name != TRANSFORMATIONS
        for field in _fields(name, info, stored)
    ]


def _fields(name: str, info: FieldInfo, stored: Mapping[str, Any]) -> Iterator[MappedField]:
    default = info.get_default(call_default_factory=True)
    if isinstance(default, BaseModel):
        held = stored.get(name)
        for inner, about in type(default).model_fields.items():
            yield _field(name, inner, about, held if isinstance(held, Mapping) else {}, getattr(default, inner))
    else:
        yield _field("", name, info, stored, default)


def _field(section: str, name: str, info: FieldInfo, stored: Mapping[str, Any], default: Any) -> MappedField:
    shape, lists = Shape.TEXT, frozenset[str]()
    if get_origin(info.annotation) in (list, tuple):
        shape = Shape.LIST
    elif get_origin(info.annotation) is dict:
        held = get_args(info.annotation)[1]
        fields = held.model_fields if isinstance(held, type) and issubclass(held, BaseModel) else {}
        shape = Shape.NESTED if fields or get_origin(held) is dict else Shape.PAIRS
        lists = frozenset(each for each, about in fields.items() if get_origin(about.annotation) in (list, tuple))
    label = info.title or _label(section, name)
    return MappedField(
        section, name, label, stored.get(name, default), name in stored, shape, info.description or "", lists
    )


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


def save_mapping(*, connection: Connection, values: Mapping[str, Any], by: User) -> None:
    """Store a mapping; `values` are keyed by `MappedField.key`. ValidationError if the platform does not accept it."""
    field_map = with_values(connection.field_map, mapped_fields(connection), values)
    save_field_map(connection=connection, field_map=field_map, by=by)


def with_values(stored: Mapping[str, Any], fields: Iterable[MappedField], values: Mapping[str, Any]) -> dict[str, Any]:
    """A field map with new values, by `MappedField.key`. The transformations are kept, and so are defaults as such."""
    kept = stored.get(TRANSFORMATIONS)
    field_map: dict[str, Any] = {TRANSFORMATIONS: kept} if kept else {}
    for field in fields:
        value = values.get(field.key, field.value)
        if field.is_stored or value != field.value:
            place = field_map.setdefault(field.section, {}) if field.section else field_map
            place[field.name] = value
    return field_map


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
