"""Transformations of a source's fields: steps by field of the hub, applied to every record that is read (I5).

A field is named by its kind: `variant.rrp`, and an entry of a field with names of its own `product.attributes.Color`.
Amounts of orders and prices cannot be transformed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field, WithJsonSchema, field_validator

from common.storable import without_nul
from connectors.sdk import issues
from connectors.sdk.field_maps import convert
from connectors.sdk.records import Problem, Record
from connectors.sdk.schemas import Schema
from connectors.sdk.transformation_steps import Step, Steps, Template, TransformationError, apply_steps
from hub.field_registry import FieldType, HubField, fields_of
from hub.kinds import ITEM_KIND, DataType, Kind

# The kinds of the parts of items that can be transformed, by data type. A part follows what it belongs to.
PARTS: dict[DataType, tuple[str, ...]] = {
    DataType.CATEGORIES: (Kind.CATEGORY,),
    DataType.BRANDS: (Kind.BRAND,),
    DataType.PRODUCTS: (Kind.PRODUCT, Kind.VARIANT, "stock"),
    DataType.CUSTOMERS: (Kind.CUSTOMER,),
}
_VALUE_TYPES = {FieldType.TEXT, FieldType.DECIMAL, FieldType.DATE, FieldType.BOOLEAN, FieldType.LIST}
# Fields of which not every value is possible, or by which items refer to each other.
_FIXED = {"status", "tree", "brand_id", "category_ids", "options", "images", "variants", "stock", "addresses"}
_FIXED |= {"price", "quantity", "min_level", "location"}
# A value that a transformation must not remove.
_NEVER_EMPTY = {"title", "name", "sku", "email"}

_UNKNOWN = gettext_lazy("“%(key)s” is not a field that can be transformed.")

# Its schema would repeat all steps for each platform.
Transformations = Annotated[dict[str, Steps], WithJsonSchema({"type": "object"})]


def transformable(data_type: DataType) -> dict[str, HubField]:
    """The fields of a data type that can be transformed, by key. An OBJECT's entries are transformed one by one."""
    return {
        f"{kind}.{name}": field
        for kind in PARTS.get(data_type, ())
        for name, field in fields_of(kind).items()
        if name not in _FIXED and (field.type in _VALUE_TYPES or field.type == FieldType.OBJECT)
        if field.annotation is not bool
    }


def data_type_of(key: str) -> DataType:
    """The data type whose items have the field. ValueError if there is none."""
    kind = key.partition(".")[0]
    for data_type, kinds in PARTS.items():
        if kind in kinds:
            return data_type
    raise ValueError(_UNKNOWN % {"key": key[:100]})


def field_of(key: str) -> HubField:
    """The field of a key. ValueError if there is none that can be transformed."""
    kind, _dot, rest = key.partition(".")
    name, _dot, entry = rest.partition(".")
    field = transformable(data_type_of(key)).get(f"{kind}.{name}")
    if field is None or (field.type == FieldType.OBJECT) != bool(entry):
        raise ValueError(_UNKNOWN % {"key": key[:100]})
    return field


def check(transformations: Transformations) -> Transformations:
    """ValueError for an unknown field, or a template that refers to one."""
    for key, steps in transformations.items():
        kind = field_of(key).kind
        for step in steps:
            if isinstance(step, Template) and (unknown := set(step.names) - set(texts_of(kind))):
                message = _("The template refers to “%(name)s”. Choose from %(known)s.")
                known = ", ".join(["value", *texts_of(kind)])
                raise ValueError(message % {"name": sorted(unknown)[0], "known": known})
    return {key: steps for key, steps in transformations.items() if steps}


def texts_of(kind: str) -> list[str]:
    """The fields of a kind that a template can refer to."""
    return [name for name, field in fields_of(kind).items() if field.type in _VALUE_TYPES]


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a record that is transformed. `part` has the field; `ref` names it in issues, empty: the record."""

    part: Any
    ref: str
    field: HubField
    entry: str

    def get(self) -> Any:
        found = self.field.get(self.part)
        return (found or {}).get(self.entry) if self.entry else found

    def set(self, value: Any) -> None:
        if not self.entry:
            setattr(self.part, self.field.name, value)
        elif value or self.entry in self.field.get(self.part):
            setattr(self.part, self.field.name, {**self.field.get(self.part), self.entry: value})


def values_of(record: Record, data_type: DataType, key: str) -> Iterator[Value]:
    """The values of a record that a key means: one, or one for each variant or stock location."""
    field = field_of(key)
    entry = key.partition(".")[2].partition(".")[2]
    for kind, part, ref in _parts(record, ITEM_KIND[data_type]):
        if kind == field.kind:
            yield Value(part, ref, field, entry)


def _parts(record: Any, kind: str) -> Iterator[tuple[str, Any, str]]:
    yield kind, record, ""
    for variant in getattr(record, "variants", None) or ():
        ref = f"{Kind.VARIANT}:{variant.external_id}"
        yield Kind.VARIANT, variant, ref
        for stock in variant.stock or ():
            yield "stock", stock, ref


def transform(record: Record, data_type: DataType, transformations: Transformations) -> None:
    """Apply the transformations to a record. A value to which a step cannot be applied stays as it was read, and is
    reported."""
    for key, steps in transformations.items():
        if data_type_of(key) != data_type:
            continue
        for value in values_of(record, data_type, key):
            try:
                value.set(transformed(value, steps))
            except TransformationError as error:
                value.set(converted(value.field, value.get()))
                record.problems = [*record.problems, _problem(value, error)]


def _problem(value: Value, error: TransformationError) -> Problem:
    label = f"{value.field.label} {value.entry}".strip()
    return issues.TRANSFORMATION_FAILED(field=label, reason=str(error), ref=value.ref)


def transformed(value: Value, steps: Sequence[Step]) -> Any:
    """The value after the steps, in the type of its field. TransformationError if that is not possible."""

    def placeholder(name: str) -> str:
        return as_text(getattr(value.part, name))

    present = value.get()
    if value.field.type == FieldType.LIST:
        entries = convert(value.field, present) if isinstance(present, str) else present or []
        return [found for each in entries if (found := apply_steps(steps, as_text(each), placeholder))]
    text = apply_steps(steps, as_text(present), placeholder)
    result = converted(value.field, text)
    if (text and result is None) or (not text and present and value.field.name in _NEVER_EMPTY):
        raise TransformationError(_("“%(value)s” is not valid for this field") % {"value": text[:100]})
    return result


def converted(field: HubField, value: Any) -> Any:
    """A text in the type of the field; other values as they are."""
    if not isinstance(value, str):
        return value
    return without_nul(value) if field.type == FieldType.OBJECT else convert(field, value)


def as_text(value: Any) -> str:
    """A value as the text that steps get; empty for none."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case date():
            return value.isoformat()
        case list():
            return ", ".join(map(as_text, value))
    return str(value)


class SourceFieldMap(Schema):
    """The base of the field maps of sources."""

    transformations: Transformations = Field(default_factory=dict)

    @field_validator("transformations")
    @classmethod
    def _check(cls, value: Transformations) -> Transformations:
        return check(value)
