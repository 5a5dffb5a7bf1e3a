"""Form fields for lists and for pairs of values, typed one per line instead of as JSON."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextareaWidget


def parse_pairs(label: str, text: str) -> dict[str, str]:
    """One `left = right` a line; lines with neither are left out. ValidationError names a line without "="."""
    lines = [line for line in text.splitlines() if line.strip()]
    for line in lines:
        if "=" not in line:
            raise ValidationError(
                _("%(field)s: the line “%(line)s” has no “=”. Write: left side = right side")
                % {"field": label, "line": line.strip()[:100]}
            )
    pairs = (line.partition("=") for line in lines)
    return {left.strip(): right.strip() for left, _sign, right in pairs}


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
        return pairs_text(initial or {}) != pairs_text(self.to_python(data))
