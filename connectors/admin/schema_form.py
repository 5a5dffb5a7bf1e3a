"""Builds the form of a connection from its adapter's schemas, which also validate the input."""

import json
from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from urllib.parse import urlsplit

from django import forms
from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import AliasChoices, SecretStr
from pydantic import ValidationError as SchemaError
from pydantic.fields import FieldInfo
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldAdminURLInputWidget,
    UnfoldBooleanSwitchWidget,
)

from connectors.admin.text_fields import (
    LinesField,
    PairsField,
    ValuesField,
    mapped_text,
    mapping_help,
    parse_mapped,
)
from connectors.sdk import ssrf
from connectors.sdk.adapter import Adapter
from connectors.sdk.schemas import NEW_CONNECTIONS, Schema, error_message
from connectors.services.field_mapping import MappedField, Shape, fields_of_map, with_values
from hub.kinds import DataType
from hub.models import Connection

SETTINGS, CREDENTIALS, FIELD_MAP = "settings", "credentials", "field_map"
KEEP_STORED_HELP_TEXT = _("Stored and never shown again. Leave empty to keep the current value.")


def field_name(part: str, name: str) -> str:
    return f"{part}__{name}"


def field_names(part: str, schema: type[Schema]) -> list[str]:
    """The form field names of a schema's fields, in the order of the schema."""
    return [field_name(part, name) for name in schema.model_fields]


def _unwrap_optional(annotation: Any) -> Any:
    """`str` for `str | None`; the schema decides what an empty input means. None for any other union."""
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return kinds[0] if len(kinds) == 1 else None
    return annotation


def _is_secret(info: FieldInfo) -> bool:
    return _unwrap_optional(info.annotation) is SecretStr


def _choices(kind: Any) -> tuple[Any, ...]:
    """The values of a Literal or an Enum; none of other types."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    return tuple(member.value for member in kind) if isinstance(kind, type) and issubclass(kind, Enum) else ()


def _is_typed_in_a_line(kind: Any) -> bool:
    """Whether it is a text, a number, or one of some values."""
    kind = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return bool(_choices(kind)) or kind in (str, int, float, Decimal)


def form_field(name: str, info: FieldInfo, *, stored: bool, is_new: bool) -> forms.Field:
    """The form field for one field of a schema. With `stored`, an empty secret keeps the stored value. `is_new`: the
    connection does not exist yet."""
    kind = _unwrap_optional(info.annotation)
    common: dict[str, Any] = {
        "label": info.title or name.replace("_", " ").capitalize(),
        "help_text": info.description or "",
        "required": info.is_required(),
    }
    if not info.is_required():
        common["initial"] = info.get_default(call_default_factory=True)
    if is_new and isinstance(info.json_schema_extra, dict) and NEW_CONNECTIONS in info.json_schema_extra:
        common["initial"] = info.json_schema_extra[NEW_CONNECTIONS]
    if _is_secret(info):
        common |= {"required": info.is_required() and not stored, "initial": None}
        common["help_text"] = (
            f"{common['help_text']} {KEEP_STORED_HELP_TEXT}".strip() if stored else common["help_text"]
        )
        secret = UnfoldAdminPasswordWidget(render_value=False, attrs={"autocomplete": "new-password"})
        return forms.CharField(widget=secret, strip=True, **common)
    if kind is bool:
        return forms.BooleanField(widget=UnfoldBooleanSwitchWidget, **common | {"required": False})
    if kind is int:
        return forms.IntegerField(widget=UnfoldAdminIntegerFieldWidget, **common)
    if kind is float:
        return forms.FloatField(widget=UnfoldAdminDecimalFieldWidget, **common)
    if values := _choices(kind):
        blank = [] if info.is_required() or common["initial"] is not None else [("", "-")]
        return forms.ChoiceField(
            choices=[*blank, *((value, value) for value in values)], widget=UnfoldAdminSelectWidget, **common
        )
    parts = [part for part in get_args(kind) if part is not ...]
    if get_origin(kind) in (list, tuple, set, frozenset, dict) and all(map(_is_typed_in_a_line, parts)):
        is_mapping = get_origin(kind) is dict
        how = gettext("One per line: left side = right side.") if is_mapping else gettext("One per line.")
        allowed = ", ".join(map(str, _choices(parts[-1])))
        known = gettext("Known values: %(values)s.") % {"values": allowed} if allowed else ""
        common["help_text"] = " ".join(filter(None, (common["help_text"], how, known)))
        return (PairsField if is_mapping else LinesField)(**common)
    if get_origin(kind) is dict and parts == [parts[0], Any]:
        how = gettext(
            "One per line: field = value. A dot leads into a field: outer.inner = value. Text that looks like a number "
            "is put in double quotes."
        )
        return ValuesField(**common | {"help_text": f"{common['help_text']} {how}".strip()})
    if kind is str:
        return forms.CharField(widget=UnfoldAdminTextInputWidget, **common)
    # Other types (a nested model, a mapping of them) are entered as JSON.
    common["help_text"] = f"{common['help_text']} {gettext('Enter JSON.')}".strip()
    return forms.JSONField(widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}), encoder=_NestedModelEncoder, **common)


class _NestedModelEncoder(json.JSONEncoder):
    """Serializes the default value of a nested model."""

    def default(self, value: Any) -> Any:
        return value.model_dump(mode="json") if hasattr(value, "model_dump") else super().default(value)


class ConnectionForm(forms.ModelForm):
    """Base of the forms that `connection_form` creates.

    After validation `new_settings` and `new_credentials` hold the values for the services; `new_credentials` is None
    if the credentials are unchanged.
    """

    base_url = forms.URLField(label=_("URL"), max_length=300, assume_scheme="https", widget=UnfoldAdminURLInputWidget)

    adapter: type[Adapter[Any]]
    new_settings: dict[str, Any]
    new_credentials: dict[str, Any] | None

    class Meta:
        model = Connection
        fields = ("seller", "name", "slug")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part, stored in ((SETTINGS, self.instance.settings), (CREDENTIALS, self.instance.credentials or {})):
            for name, info in self._schema(part).model_fields.items():
                stored_name = next((each for each in _names(name, info) if each in stored), None)
                if stored_name and not _is_secret(info):
                    self.initial[field_name(part, name)] = stored[stored_name]
        if self.adapter.setup_guide is not None and "base_url" in self.fields:
            self.fields["base_url"].help_text = self.adapter.setup_guide.url
        for field in self.mapped_fields:
            self.initial[map_field_name(field)] = mapped_text(field)

    @property
    def mapped_fields(self) -> list[MappedField]:
        return fields_of_map(self.adapter.FieldMap, self.instance.field_map)

    def clean_base_url(self) -> str:
        url = self.cleaned_data["base_url"]
        try:
            ssrf.check_url(url, allowed_hosts=django_settings.PRIVATE_HOSTS_ALLOWED)
        except OSError as error:
            message = gettext("SyncCenter can't connect to this URL: %(problem)s")
            raise ValidationError(message % {"problem": error}) from error
        return url

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.new_settings = self._read(SETTINGS, {})
        self._read_field_map()
        kept = self.instance.credentials or {}
        if self.instance.pk and self._leads_elsewhere(cleaned.get("base_url") or ""):
            for name, info in self._schema(CREDENTIALS).model_fields.items():
                if _is_secret(info) and name in kept and not cleaned.get(field_name(CREDENTIALS, name)):
                    self.add_error(
                        field_name(CREDENTIALS, name),
                        gettext("Enter it again: the connection now leads to another host, which would receive it."),
                    )
        credentials = self._read(CREDENTIALS, kept)
        self.new_credentials = None if self.instance.pk and credentials == kept else credentials
        return cleaned

    def _read_field_map(self) -> None:
        """Sets the connection's field map. Validation errors are added to the form's fields."""
        typed = {field.key: field for field in self.mapped_fields if map_field_name(field) in self.cleaned_data}
        values: dict[str, Any] = {}
        for key, mapped in typed.items():
            try:
                values[key] = parse_mapped(mapped, self.cleaned_data[map_field_name(mapped)])
            except ValidationError as error:
                self.add_error(map_field_name(mapped), error)
        field_map = with_values(self.instance.field_map, self.mapped_fields, values)
        try:
            self.adapter.FieldMap.model_validate(field_map)
        except SchemaError as error:
            for where, message in _schema_errors(error):
                field = next((each for key, each in typed.items() if f"{where}.".startswith(f"{key}.")), None)
                below = where.removeprefix(field.key).lstrip(".") if field else where
                self.add_error(map_field_name(field) if field else None, ": ".join(filter(None, (below, message))))
        else:
            self.instance.field_map = field_map

    def _leads_elsewhere(self, base_url: str) -> bool:
        """Whether the URL, or one in the settings, names a host to which the stored secrets were not sent before."""
        before = _origins([self.instance.base_url, *self.instance.settings.values()])
        return not _origins([base_url, *self.new_settings.values()]) <= before

    def _schema(self, part: str) -> type[Schema]:
        return self.adapter.Settings if part == SETTINGS else self.adapter.Credentials

    def _read(self, part: str, kept: dict[str, Any]) -> dict[str, Any]:
        """The values of a part, as JSON types. Validation errors are added to the form's fields."""
        schema = self._schema(part)
        values: dict[str, Any] = {}
        for name, info in schema.model_fields.items():
            value = self.cleaned_data.get(field_name(part, name))
            if value not in (None, ""):
                values[name] = value
            elif _is_secret(info) and name in kept:
                values[name] = kept[name]
        if any(name in self.errors for name in field_names(part, schema)):
            return values
        try:
            schema.model_validate(values)
        except SchemaError as error:
            for where, message in _schema_errors(error):
                field, _, below = where.partition(".")
                self.add_error(field_name(part, field) if field else None, ": ".join(filter(None, (below, message))))
        return values


def _origins(values: Iterable[Any]) -> set[tuple[str, str]]:
    """Scheme, and host with port, of the URLs among the values."""
    urls = [urlsplit(value) for value in values if isinstance(value, str) and value.startswith(("http://", "https://"))]
    return {(url.scheme, url.netloc.rpartition("@")[2].lower()) for url in urls}


def _names(name: str, info: FieldInfo) -> list[str]:
    """The name of a field, and its deprecated names."""
    alias = info.validation_alias
    return [str(each) for each in alias.choices] if isinstance(alias, AliasChoices) else [name]


def _schema_errors(error: SchemaError) -> list[tuple[str, str]]:
    """Path (`products.rrp`; empty for the whole schema) and message of each error."""
    details = error.errors(include_input=False, include_context=False)
    return [(".".join(map(str, detail["loc"])), error_message(detail)) for detail in details]


def map_field_name(field: MappedField) -> str:
    return field_name(FIELD_MAP, field.key.replace(".", "__"))


def map_field_names(adapter: type[Adapter[Any]]) -> list[str]:
    return [map_field_name(field) for field in fields_of_map(adapter.FieldMap, {})]


def _map_form_field(field: MappedField) -> forms.Field:
    section = DataType(field.section).label if field.section in DataType.values else field.section.capitalize()
    return forms.CharField(
        label=f"{section}: {field.label}" if section else field.label,
        help_text=" ".join(filter(None, (field.help_text, mapping_help(field)))),
        required=False,
        widget=UnfoldAdminTextInputWidget
        if field.shape is Shape.TEXT
        else UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


def connection_form(adapter: type[Adapter[Any]], connection: Connection | None) -> type[ConnectionForm]:
    """The form class for a platform's connections, with one field per setting and per credential."""
    stored = {SETTINGS: {}, CREDENTIALS: (connection.credentials or {}) if connection else {}}
    fields = {
        field_name(part, name): form_field(name, info, stored=name in stored[part], is_new=connection is None)
        for part, schema in ((SETTINGS, adapter.Settings), (CREDENTIALS, adapter.Credentials))
        for name, info in schema.model_fields.items()
    }
    for field in fields_of_map(adapter.FieldMap, {}):
        fields[map_field_name(field)] = _map_form_field(field)
    return type(f"{adapter.__name__}Form", (ConnectionForm,), {"adapter": adapter, **fields})
