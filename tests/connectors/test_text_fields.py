"""Pairs of values that operators type one per line instead of as JSON (I5)."""

import pytest
from django.core.exceptions import ValidationError

from connectors.admin.text_fields import PairsField, pairs_text, parse_pairs


@pytest.mark.parametrize("pairs", [{"a": "1"}, {"a=b": "c"}, {"a": "b=c", "d": ""}])
def test_pairs_are_read_as_they_are_shown(pairs: dict[str, str]) -> None:
    assert parse_pairs("Tax codes", pairs_text(pairs)) == pairs


@pytest.mark.parametrize("text", ["a = 1\na = 2", "a"])
def test_a_repeated_or_missing_side_is_an_error_and_a_change(text: str) -> None:
    with pytest.raises(ValidationError, match="Tax codes"):
        parse_pairs("Tax codes", text)
    assert PairsField(label="Tax codes").has_changed({"a": "1"}, text)
