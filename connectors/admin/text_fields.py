"""Form fields for lists and for pairs of values, typed one per line instead of as JSON."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextareaWidget


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
