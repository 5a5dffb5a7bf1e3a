"""The forms of the field mapping: pairs of names, one a line, and the steps of a transformation (I5)."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, get_origin

from django import forms
from django.utils.translation import gettext_lazy

from connectors.admin.text_fields import pairs_text, parse_pairs
from connectors.sdk.transformation_steps import STEP_TYPES, UNITS, Step

# Names of fields of steps, and the choices of those that have some.
_LABELS = {
    "to": gettext_lazy("Case"),
    "text": gettext_lazy("Text"),
    "find": gettext_lazy("Find"),
    "replacement": gettext_lazy("Replace with"),
    "values": gettext_lazy("Values"),
    "unlisted": gettext_lazy("Other values"),
    "source": gettext_lazy("From"),
    "target": gettext_lazy("To"),
}
_CHOICES: dict[str, list[tuple[str, Any]]] = {
    "to": [
        ("upper", gettext_lazy("UPPER CASE")),
        ("lower", gettext_lazy("lower case")),
        ("words", gettext_lazy("Every Word Capitalized")),
        ("sentence", gettext_lazy("First letter capitalized")),
    ],
    "unlisted": [
        ("keep", gettext_lazy("Keep them")),
        ("empty", gettext_lazy("Leave the field empty")),
        ("report", gettext_lazy("Keep them, and report an issue")),
    ],
}
_UNIT_LABELS = {
    "weight": gettext_lazy("Weight"),
    "length": gettext_lazy("Length"),
    "volume": gettext_lazy("Volume"),
    "money": gettext_lazy("Amount"),
    "share": gettext_lazy("Percentage"),
}
STEP_CHOICES = [(name, step.label) for name, step in STEP_TYPES.items()]
# The type of a step and what was typed into its form, by field.
TypedStep = tuple[str, dict[str, str]]


class StepForm(forms.Form):
    """The fields of one step. `typed`: what was typed; it is validated only if `check` is set."""

    def __init__(self, step: str, typed: dict[str, str], *, number: int, check: bool) -> None:
        self.step, self.label = step, STEP_TYPES[step].label
        prefix = f"step{number}"
        data = {f"{prefix}-{name}": value for name, value in typed.items()}
        super().__init__(data if check else None, initial=typed, prefix=prefix, label_suffix="")
        for name, info in STEP_TYPES[step].model_fields.items():
            if name != "step":
                self.fields[name] = _form_field(name, info)

    def clean_values(self) -> dict[str, str]:
        return parse_pairs(str(_LABELS["values"]), self.cleaned_data["values"])

    @property
    def values(self) -> dict[str, Any]:
        """The step as it is stored, once the form is valid."""
        return {"step": self.step, **self.cleaned_data}


def _form_field(name: str, info: Any) -> forms.Field:
    label, required = _LABELS[name], info.is_required()
    if get_origin(info.annotation) is dict:
        return forms.CharField(
            label=label,
            widget=forms.Textarea(attrs={"rows": 4}),
            max_length=100_000,
            help_text=gettext_lazy("One per line: the platform’s value = the value to use"),
        )
    if isinstance(info.annotation, type) and issubclass(info.annotation, Enum):
        return forms.ChoiceField(label=label, choices=_CHOICES.get(name) or _unit_choices(), required=required)
    return forms.CharField(label=label, max_length=500, required=required, strip=False)


def _unit_choices() -> list[tuple[Any, list[tuple[str, str]]]]:
    return [(_UNIT_LABELS[kind], [(unit, unit) for unit in units]) for kind, units in UNITS.items()]


def typed_steps(data: Any) -> list[TypedStep]:
    """The steps in a submitted form, in order; those of unknown types are left out."""
    found: list[TypedStep] = []
    for number, step in enumerate(data.getlist("step")):
        if step in STEP_TYPES:
            names = STEP_TYPES[step].model_fields.keys() - {"step"}
            found.append((step, {name: data.get(f"step{number}-{name}", "") for name in names}))
    return found


def shown_steps(steps: Sequence[Step]) -> list[TypedStep]:
    """Stored steps as they are shown in forms."""
    found: list[TypedStep] = []
    for step in steps:
        values = step.model_dump(mode="json")
        name = values.pop("step")
        found.append(
            (name, {key: pairs_text(each) if isinstance(each, dict) else str(each) for key, each in values.items()})
        )
    return found
