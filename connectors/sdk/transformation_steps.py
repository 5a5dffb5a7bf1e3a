"""The steps of a transformation: each changes the text of a value. A step is data, checked when it is saved (I5).

`Steps` is the type of a list of steps, as stored in a field map. Each step has a class here, and its fields become the
inputs of the form.
"""

import re
from abc import abstractmethod
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import Field, model_validator

from connectors.sdk.schemas import Schema

# Characters of a value that a step may return, so that steps in a row cannot make a text of any size.
MAX_LENGTH = 20_000
Text = Annotated[str, Field(max_length=200)]
# Name of a field → its text; a name that is unknown raises KeyError.
Placeholders = Callable[[str], str]
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
VALUE = "value"


class TransformationError(ValueError):
    """A step cannot be applied to a value. The text says why."""


class Step(Schema):
    """Base of all steps. `fills_empty`: whether it can give a missing value; others leave it missing."""

    label: ClassVar[str | Promise]
    fills_empty: ClassVar[bool] = False

    @abstractmethod
    def apply(self, text: str, placeholders: Placeholders) -> str:
        """The text after the step. Raises TransformationError."""


class Trim(Step):
    """Removes spaces at both ends, and makes one of several spaces in a row."""

    step: Literal["trim"] = "trim"
    label = gettext_lazy("Remove extra spaces")

    def apply(self, text: str, placeholders: Placeholders) -> str:
        return " ".join(text.split())


class LetterCase(StrEnum):
    UPPER = "upper"
    LOWER = "lower"
    WORDS = "words"
    SENTENCE = "sentence"


class ChangeCase(Step):
    step: Literal["case"] = "case"
    label = gettext_lazy("Change case")
    to: LetterCase = Field(LetterCase.UPPER, title="Case")

    def apply(self, text: str, placeholders: Placeholders) -> str:
        match self.to:
            case LetterCase.UPPER:
                return text.upper()
            case LetterCase.LOWER:
                return text.lower()
            case LetterCase.WORDS:
                return re.sub(r"\S+", lambda word: word[0].capitalize(), text)
            case LetterCase.SENTENCE:
                return text[:1].upper() + text[1:].lower()


class Prefix(Step):
    step: Literal["prefix"] = "prefix"
    label = gettext_lazy("Add before")
    text: Annotated[Text, Field(min_length=1)] = Field(title="Text")

    def apply(self, text: str, placeholders: Placeholders) -> str:
        return self.text + text


class Suffix(Step):
    step: Literal["suffix"] = "suffix"
    label = gettext_lazy("Add after")
    text: Annotated[Text, Field(min_length=1)] = Field(title="Text")

    def apply(self, text: str, placeholders: Placeholders) -> str:
        return text + self.text


class Replace(Step):
    """Replaces every occurrence of a text."""

    step: Literal["replace"] = "replace"
    label = gettext_lazy("Find and replace")
    find: Annotated[Text, Field(min_length=1)] = Field(title="Find")
    replacement: Text = Field("", title="Replace with")

    def apply(self, text: str, placeholders: Placeholders) -> str:
        _check_length(len(text) + text.count(self.find) * (len(self.replacement) - len(self.find)))
        return text.replace(self.find, self.replacement)


class Unlisted(StrEnum):
    """What is done with a value that is not in the list."""

    KEEP = "keep"
    EMPTY = "empty"
    REPORT = "report"


class MapValues(Step):
    """Replaces a whole value by another one."""

    step: Literal["values"] = "values"
    label = gettext_lazy("Map values")
    fills_empty = True
    values: dict[Text, Text] = Field(title="Values", min_length=1, max_length=500)
    unlisted: Unlisted = Field(Unlisted.KEEP, title="Other values")

    def apply(self, text: str, placeholders: Placeholders) -> str:
        found = self.values.get(text)
        if found is not None or not text:
            return found or ""
        if self.unlisted == Unlisted.REPORT:
            raise TransformationError(_("“%(value)s” is not in the list of values") % {"value": text[:100]})
        return text if self.unlisted == Unlisted.KEEP else ""


# Unit → its size in the smallest unit of its kind.
UNITS: dict[str, dict[str, Decimal]] = {
    "weight": {
        "mg": Decimal("0.001"),
        "g": Decimal(1),
        "kg": Decimal(1000),
        "t": Decimal(1_000_000),
        "oz": Decimal("28.349523125"),
        "lb": Decimal("453.59237"),
    },
    "length": {
        "mm": Decimal(1),
        "cm": Decimal(10),
        "m": Decimal(1000),
        "in": Decimal("25.4"),
        "ft": Decimal("304.8"),
    },
    "volume": {"ml": Decimal(1), "cl": Decimal(10), "l": Decimal(1000)},
    "money": {"cents": Decimal(1), "whole": Decimal(100)},
    "share": {"percent": Decimal(1), "fraction": Decimal(100)},
}
_KIND_OF_UNIT = {unit: kind for kind, units in UNITS.items() for unit in units}
Unit = StrEnum("Unit", {unit: unit for unit in _KIND_OF_UNIT})  # type: ignore[misc]  # built from the table


class ConvertUnit(Step):
    """Converts a number, to six decimal places."""

    step: Literal["unit"] = "unit"
    label = gettext_lazy("Convert unit")
    source: Unit = Field(title="From")
    target: Unit = Field(title="To")

    @model_validator(mode="after")
    def _same_kind(self) -> Self:
        if _KIND_OF_UNIT[self.source] != _KIND_OF_UNIT[self.target]:
            message = _("%(source)s cannot be converted to %(target)s.")
            raise ValueError(message % {"source": self.source, "target": self.target})
        return self

    def apply(self, text: str, placeholders: Placeholders) -> str:
        units = UNITS[_KIND_OF_UNIT[self.source]]
        try:
            number = Decimal(text.strip())
            converted = (number * units[self.source] / units[self.target]).quantize(Decimal("0.000001"))
        except ArithmeticError:  # also one that is too large
            raise TransformationError(_("“%(value)s” is not a number") % {"value": text[:100]}) from None
        if converted.is_nan():
            raise TransformationError(_("“%(value)s” is not a number") % {"value": text[:100]})
        return f"{converted:f}".rstrip("0").rstrip(".")


class Template(Step):
    """Builds a text from fields in braces: `{value}` is the value so far, `{sku}` another field of the item."""

    step: Literal["template"] = "template"
    label = gettext_lazy("Build from a template")
    fills_empty = True
    text: Annotated[str, Field(min_length=1, max_length=500)] = Field(title="Template")

    @property
    def names(self) -> list[str]:
        """The fields that it refers to."""
        return [name for name in PLACEHOLDER.findall(self.text) if name != VALUE]

    def apply(self, text: str, placeholders: Placeholders) -> str:
        length = len(self.text)

        def value_of(found: re.Match[str]) -> str:
            nonlocal length
            value = text if found[1] == VALUE else placeholders(found[1])
            length += len(value)
            _check_length(length)
            return value

        return PLACEHOLDER.sub(value_of, self.text)


AnyStep = Annotated[
    Trim | ChangeCase | Prefix | Suffix | Replace | MapValues | ConvertUnit | Template, Field(discriminator="step")
]
Steps = Annotated[list[AnyStep], Field(max_length=10)]
STEP_TYPES: dict[str, type[Step]] = {
    str(step.model_fields["step"].default): step
    for step in (Trim, ChangeCase, Prefix, Suffix, Replace, MapValues, ConvertUnit, Template)
}


def apply_steps(steps: Sequence[Step], text: str, placeholders: Placeholders) -> str:
    """The text after all steps. TransformationError if one cannot be applied."""
    if steps:
        _check_length(len(text))
    for step in steps:
        if text or step.fills_empty:
            text = step.apply(text, placeholders)
        _check_length(len(text))
    return text


def _check_length(length: int) -> None:
    """Before a text is built, since a step can make it hundreds of times longer."""
    if length > MAX_LENGTH:
        raise TransformationError(_("the text has more than %(limit)s characters") % {"limit": f"{MAX_LENGTH:,}"})
