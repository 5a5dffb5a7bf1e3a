"""Transformations of a connection's fields: which there are, their effect on real items, saving (I5)."""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from pydantic import TypeAdapter
from pydantic import ValidationError as PydanticValidationError

from accounts.models import User
from common.storable import storable_text
from connectors.adapters.factory import open_adapter, validate
from connectors.adapters.registry import adapter_for
from connectors.sdk.records import Record
from connectors.sdk.schemas import error_message
from connectors.sdk.transformation_steps import AnyStep, Step, Steps, TransformationError
from connectors.sdk.transformations import (
    SourceFieldMap,
    as_text,
    check,
    data_type_of,
    field_of,
    texts_of,
    transformable,
    transformed,
    values_of,
)
from connectors.services.field_mapping import TRANSFORMATIONS, mapped_fields, save_field_map
from hub import links
from hub.kinds import ITEM_KIND, DataType, kind_label
from hub.models import Connection

# Values and characters of a value that a preview shows.
_SHOWN, _MAX_LENGTH = 10, 200
_STEPS: TypeAdapter[list[AnyStep]] = TypeAdapter(Steps)


@dataclass(frozen=True)
class Effect:
    """What a transformation does to one value of a real item: as the platform sent it, and after the steps.

    `error` says why a step cannot be applied; then the value stays as it was sent.
    """

    item: str
    before: str
    after: str
    error: str = ""


def transformations(connection: Connection) -> Mapping[str, Sequence[Step]]:
    """Field → its steps."""
    field_map = validate(adapter_for(connection.platform).FieldMap, connection.field_map, what="field mapping")
    return field_map.transformations if isinstance(field_map, SourceFieldMap) else {}


def fields_to_transform(connection: Connection) -> dict[str, str]:
    """Key → label of all fields of the platform's sources that can be transformed."""
    adapter = adapter_for(connection.platform)
    if not issubclass(adapter.FieldMap, SourceFieldMap):
        return {}
    return {
        key: f"{kind_label(field.kind).capitalize()}: {field.label}"
        for data_type in adapter.sources()
        for key, field in transformable(data_type).items()
    }


def label_of(key: str) -> str:
    """The label of a field that is transformed. ValidationError if there is no such field."""
    try:
        field = field_of(key)
    except ValueError as error:
        raise ValidationError(str(error)) from error
    return f"{field.label} {key.partition('.')[2].partition('.')[2]}".strip()


def parse_steps(key: str, steps: Sequence[Mapping[str, Any]]) -> list[AnyStep]:
    """The steps as they are applied. ValidationError with a message for each that is invalid."""
    try:
        parsed = _STEPS.validate_python(steps)
        check({key: parsed})
    except PydanticValidationError as error:
        raise ValidationError([error_message(each) for each in error.errors()]) from error
    except ValueError as error:
        raise ValidationError(str(error)) from error
    return parsed


def placeholders_of(key: str) -> list[str]:
    """What a template of the field can use."""
    return ["{value}", *(f"{{{name}}}" for name in texts_of(field_of(key).kind))]


def section_of(key: str) -> str:
    """The data type of the field."""
    return str(data_type_of(key))


def mapped_path(connection: Connection, key: str) -> str | None:
    """The platform's field that holds the field; None if the connection cannot choose one."""
    field = next((each for each in mapped_fields(connection) if each.transformation == key), None)
    return None if field is None else str(field.value)


def preview(*, connection: Connection, key: str, steps: Sequence[Step], path: str | None) -> list[Effect]:
    """The effect of steps that are not saved yet, on items that are fetched now from the platform.

    ConnectorError if it does not answer.
    """
    data_type = data_type_of(key)
    draft = copy(connection)
    draft.field_map = _with_transformation(connection, key, steps, path)
    adapter = open_adapter(draft)
    try:
        source = adapter.source(data_type)
        known = links.of_kind(connection.pk, ITEM_KIND[data_type], per_storefront=True).filter(missing=False)
        ids = list(known.order_by("-pk").values_list("external_id", flat=True)[:_SHOWN])
        records = source.fetch(ids) if ids else source.read_page(since=None, cursor=None).records
    finally:
        adapter.http.close()
    return [effect for record in records for effect in _effects(record, data_type, key, steps)][:_SHOWN]


def _effects(record: Record, data_type: DataType, key: str, steps: Sequence[Step]) -> Iterator[Effect]:
    names = ("sku", "title", "name", "email", "external_id")
    for value in values_of(record, data_type, key):
        item = next(text for each in names for part in (value.part, record) if (text := getattr(part, each, "")))
        before = as_text(value.get())
        try:
            after, error = as_text(transformed(value, steps)), ""
        except TransformationError as failure:
            after, error = before, str(failure)
        yield Effect(*(storable_text(text)[:_MAX_LENGTH] for text in (item, before, after, error)))


def save_transformation(*, connection: Connection, key: str, steps: Sequence[Step], path: str | None, by: User) -> None:
    """Store the steps of a field, none to remove them, and the platform's field if the connection chooses it."""
    field_map = _with_transformation(connection, key, steps, path)
    save_field_map(connection=connection, field_map=field_map, by=by)


def _with_transformation(connection: Connection, key: str, steps: Sequence[Step], path: str | None) -> dict[str, Any]:
    stored = dict(connection.field_map.get(TRANSFORMATIONS, {}))
    stored.pop(key, None)
    if steps:
        stored[key] = [step.model_dump(mode="json") for step in steps]
    field_map = {**connection.field_map, TRANSFORMATIONS: stored}
    field = next((each for each in mapped_fields(connection) if each.transformation == key), None)
    if field is not None and path is not None:
        field_map[field.section] = {**field_map.get(field.section, {}), field.name: path}
    return field_map
