"""The registry of the hub's fields: each field of an item is declared once, where records and items declare it.

What every place needs to know of a field (label, unit, whether connections can map it, its name in feeds) stands with
the declaration. Imports, exports, outgoing feeds, the API, field maps, timelines and pages read it from here.
docs/fields.md lists all fields, docs/adding-a-field.md shows how to add one.
"""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from django.utils.functional import Promise

from hub.kinds import Kind

# The version in which the first fields were released.
FIRST_VERSION = "0.1.0"
_METADATA = "hub field"

C = TypeVar("C", bound=type)


class FieldType(StrEnum):
    """The type of a field's values."""

    TEXT = "text"
    BOOLEAN = "yes or no"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    TIME = "time"
    LIST = "list"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class HubField:
    """A field of a kind of item.

    `unit`: the unit of a number, such as `g`. `mappable`: a connection's field map may say which field of its platform
    holds it (S5). `feed_name`: its name in outgoing feeds and in the protocol for custom systems, empty if it is in
    neither. `relation`: it refers to other items or parts, so that its value in a record is not what is stored; any
    other field has the same name in records, items and the database. `since`: the version that introduced it.
    """

    kind: str
    name: str
    label: str | Promise
    type: FieldType
    annotation: Any
    unit: str
    mappable: bool
    feed_name: str
    relation: bool
    since: str

    def get(self, item: Any) -> Any:
        """The value of a record, an item or a database row."""
        return getattr(item, self.name)


def hub_field(
    label: str | Promise,
    *,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    unit: str = "",
    mappable: bool = False,
    feed_name: str | None = None,
    relation: bool = False,
    since: str = FIRST_VERSION,
) -> Any:
    """Declare a field in the body of a dataclass, with the properties of `HubField`.

    `feed_name` is the field's own name by default, if its kind is in feeds. Without a default, records have to give a
    value.
    """
    properties = {
        "label": label,
        "unit": unit,
        "mappable": mappable,
        "feed_name": feed_name,
        "relation": relation,
        "since": since,
    }
    return dataclasses.field(default=default, default_factory=default_factory, metadata={_METADATA: properties})


_record_classes: dict[str, type] = {}
_kinds_in_feeds: set[str] = set()
# The kind of the parts of an item whose changes are recorded with the item's.
_PARTS = {Kind.PRODUCT: Kind.VARIANT, Kind.ORDER: Kind.ORDER_LINE}


def register_fields(kind: str, *, in_feeds: bool = False) -> Callable[[C], C]:
    """A decorator that registers the fields of a record class as those of this kind of item.

    `kind` is a value of `Kind`, or names a part of an item, such as `price`.
    """

    def register(record_class: C) -> C:
        _record_classes[kind] = record_class
        if in_feeds:
            _kinds_in_feeds.add(kind)
        return record_class

    return register


def kinds() -> list[str]:
    """All kinds with registered fields."""
    return list(_record_classes)


@cache
def fields_of(kind: str) -> dict[str, HubField]:
    """Name → field for a kind of item, in order of declaration; empty for kinds without records."""
    record_class = _record_classes.get(kind)
    return {} if record_class is None else {field.name: field for field in _declared(kind, record_class)}


@cache
def stored_fields(record_class: type) -> tuple[HubField, ...]:
    """The fields that records, items and the database have in common: all but relations."""
    kind = next(kind for kind, registered in _record_classes.items() if registered is record_class)
    return tuple(field for field in fields_of(kind).values() if not field.relation)


@cache
def stored_names(record_class: type) -> tuple[str, ...]:
    """The names of `stored_fields`."""
    return tuple(field.name for field in stored_fields(record_class))


def stored_values(record: Any) -> dict[str, Any]:
    """Name → value of a record's `stored_fields`."""
    names = stored_names(type(record))  # type: ignore[arg-type]  # a class is hashable
    return {name: getattr(record, name) for name in names}


def _declared(kind: str, record_class: type) -> Iterable[HubField]:
    annotations = get_type_hints(record_class)
    for each in dataclasses.fields(record_class):
        if properties := each.metadata.get(_METADATA):
            annotation = annotations[each.name]
            feed_name = each.name if properties["feed_name"] is None else properties["feed_name"]
            yield HubField(
                **properties | {"feed_name": feed_name if kind in _kinds_in_feeds else ""},
                kind=kind,
                name=each.name,
                type=_field_type(annotation),
                annotation=annotation,
            )


_TYPES: list[tuple[type, FieldType]] = [
    (str, FieldType.TEXT),
    (bool, FieldType.BOOLEAN),
    (int, FieldType.INTEGER),
    (Decimal, FieldType.DECIMAL),
    (datetime, FieldType.TIME),
    (date, FieldType.DATE),
    (list, FieldType.LIST),
]


def _field_type(annotation: Any) -> FieldType:
    if get_origin(annotation) is UnionType:
        annotation = next(each for each in get_args(annotation) if each is not NoneType)
    plain = get_origin(annotation) or annotation
    return next((found for type_, found in _TYPES if issubclass(plain, type_)), FieldType.OBJECT)


def change_label(kind: str, key: str) -> str:
    """The label for a key of the changes that an import recorded: the name of a field, which for a field of a variant
    or an order line follows its SKU (`AB-1: rrp`) and for stock precedes the location (`AB-1: stock leeds`). Other keys
    are returned as they are."""
    owner, separator, path = key.rpartition(": ")
    _name, space, rest = path.partition(" ") if separator else (path, "", "")
    field = changed_field(kind, key)
    return key if field is None else f"{owner}{separator}{field.label}{space}{rest}"


def changed_field(kind: str, key: str) -> HubField | None:
    """The field that a key of an import's changes refers to; None for other keys."""
    _owner, separator, path = key.rpartition(": ")
    name = path.partition(" ")[0] if separator else path
    return fields_of(_PARTS.get(Kind(kind), kind) if separator else kind).get(name)
