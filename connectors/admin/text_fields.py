"""Lists, pairs of values and mapped fields as texts, typed one per line instead of as JSON; their form fields."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextareaWidget

from connectors.services.field_mapping import MappedField, Shape


def parse_pairs(label: str, text: str) -> dict[str, str]:
    """One `left = right` a line; empty lines are left out. The left side may contain "=" without spaces around it.

    ValidationError names a line without "=", or whose left side stands twice.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    for line in lines:
        if "=" not in line:
            raise ValidationError(
                _("%(field)s: the line “%(line)s” has no “=”. Write: left side = right side")
                % {"field": label, "line": line.strip()[:100]}
            )
    pairs: dict[str, str] = {}
    for line in lines:
        left, _sign, right = (each.strip() for each in line.partition(" = " if " = " in line else "="))
        if left in pairs:
            raise ValidationError(
                _("%(field)s: “%(left)s” has two lines. Delete one of them.") % {"field": label, "left": left[:100]}
            )
        pairs[left] = right
    return pairs


def pairs_text(pairs: Mapping[str, Any]) -> str:
    return "\n".join(f"{left} = {right}" for left, right in pairs.items())


def mapped_text(field: MappedField) -> str:
    """The value of a mapped field as it is typed."""
    if field.shape is Shape.LIST:
        return "\n".join(map(str, field.value))
    if field.shape is Shape.PAIRS:
        return pairs_text(field.value)
    if field.shape is Shape.NESTED:
        return pairs_text(dict(_nested_pairs(field.value)))
    return str(field.value)


def _nested_pairs(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, held in value.items():
        filled = {key: each for key, each in held.items() if each} or dict.fromkeys([*held][:1] or ["name"], "")
        for key, each in filled.items():
            yield f"{name}.{key}", ", ".join(each) if isinstance(each, list | tuple) else each


def parse_mapped(field: MappedField, text: str) -> Any:
    """The value of a mapped field as it is stored. Pairs without one of the sides are left out.

    ValidationError names the line that cannot be read.
    """
    if field.shape is Shape.TEXT:
        return text.strip()
    if field.shape is Shape.LIST:
        return [line.strip() for line in text.splitlines() if line.strip()]
    pairs = parse_pairs(field.label, text)
    if field.shape is Shape.PAIRS:
        return {left: right for left, right in pairs.items() if left and right}
    found: dict[str, dict[str, Any]] = {}
    for left, right in pairs.items():
        name, _dot, inner = left.rpartition(".")
        if not name:
            raise ValidationError(
                _("%(field)s: “%(left)s” has no “.”. Write: name.field = value")
                % {"field": field.label, "left": left[:100]}
            )
        held = found.setdefault(name, {})
        if right:
            held[inner] = [each.strip() for each in right.split(",")] if inner in field.inner_lists else right
    return found


def mapping_help(field: MappedField) -> str:
    """How the field is typed."""
    return {
        Shape.LIST: _("One per line."),
        Shape.PAIRS: _("One per line: SyncCenter’s name = the platform’s name"),
        Shape.NESTED: _("One per line: name.field = value"),
    }.get(field.shape, "")


class LinesField(forms.CharField):
    """A list of texts or numbers, one per line; the schema decides which."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in (value or "").splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return [str(each) for each in initial or []] != self.to_python(data)


class PairsField(forms.CharField):
    """A mapping of texts or numbers, one `left = right` per line; the schema decides which."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return pairs_text(value) if isinstance(value, Mapping) else value

    def to_python(self, value: Any) -> Any:
        return parse_pairs(str(self.label), value or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return pairs_text(initial or {}) != pairs_text(self.to_python(data))
        except ValidationError:
            return True


class ValuesField(forms.CharField):
    """Fields with values of any type, one `field = value` per line; a field inside another has a dot.

    A value is read as JSON if it is JSON, else as text, so each value is stored with the type that it was entered with.
    """

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return pairs_text(dict(_flat(value))) if isinstance(value, Mapping) else value

    def to_python(self, value: Any) -> Any:
        found: dict[str, Any] = {}
        for left, right in parse_pairs(str(self.label), value or "").items():
            *outer, name = left.split(".")
            place = found
            for each in outer:
                place = place.setdefault(each, {})
                if not isinstance(place, dict):
                    raise ValidationError(
                        _("%(field)s: “%(left)s” is inside a field that has a value. Delete one of the lines.")
                        % {"field": self.label, "left": left[:100]}
                    )
            if isinstance(place.get(name), dict):
                raise ValidationError(
                    _("%(field)s: “%(left)s” has a value, and so have fields inside it. Delete one of the lines.")
                    % {"field": self.label, "left": left[:100]}
                )
            place[name] = _json_or_text(right)
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return dict(initial or {}) != self.to_python(data)
        except ValidationError:
            return True


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, each in value.items():
        if isinstance(each, Mapping) and each:
            yield from _flat(each, f"{prefix}{key}.")
        else:
            is_plain = isinstance(each, str) and each == each.strip() and _json_or_text(each) == each
            yield f"{prefix}{key}", each if is_plain else json.dumps(each, ensure_ascii=False)


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        return text


def _refuse_constant(text: str) -> Any:
    """`NaN` and the like, which PostgreSQL cannot store."""
    raise ValueError(text)
