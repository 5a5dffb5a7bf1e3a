"""JSON is masked by path, and a path without a rule stops the copy (N3)."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staging_copy.masking.json_mask import JsonMask, UnknownPath
from tests.staging_copy.test_rules import rules

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
)


def mask(rule: Any, value: str) -> str:
    return JsonMask(rule, rules, "t.c")(value.encode()).decode()


def test_each_path_has_its_rule() -> None:
    rule = {"name": "mask:first_name", "lines": [{"sku": "keep", "note": "mask:text"}], "*": "scrub", "gone": "empty"}
    value = '{"name": "Alice", "lines": [{"sku": "K-1", "note": "for Bob"}], "x": "ask a@b.example", "gone": {"a": 1}}'
    masked = json.loads(mask(rule, value))
    assert masked["name"].startswith("first_name ")
    assert masked["lines"][0]["sku"] == "K-1" and "Bob" not in masked["lines"][0]["note"]
    assert masked["x"].endswith("@sellercenter.net") and masked["x"].startswith("ask ")
    assert masked["gone"] == {}


@pytest.mark.parametrize(
    ("rule", "value", "path"),
    [
        ({"known": "keep"}, '{"known": 1, "new": "x"}', "t.c.new"),
        ({"known": "keep"}, '{"Alice@doe.example": 1}', r"t.c.[0-9]+@sellercenter.net"),
        ({"a": {"b": "keep"}}, '{"a": {"b": 1, "c": 2}}', "t.c.a.c"),
        ({"list": ["keep"]}, '{"list": [1, {"name": "Alice"}]}', r"t.c.list\[\]"),
        ({"a": "keep"}, '{"a": {"name": "Alice"}}', "t.c.a"),
        ({"a": "mask:name"}, '{"a": ["Alice"]}', "t.c.a"),
        ({"a": {"b": "keep"}}, '{"a": "Alice"}', "t.c.a"),
        ([{"a": "keep"}], '{"a": "Alice"}', "t.c"),
    ],
)
def test_an_unknown_path_or_shape_stops_the_copy(rule: Any, value: str, path: str) -> None:
    with pytest.raises(UnknownPath, match=path) as raised:
        mask(rule, value)
    assert "Alice" not in str(raised.value)


# Both depend on how busy the machine is.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(JSON)
def test_kept_values_are_unchanged(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert json.loads(mask("keep:tree", text)) == json.loads(text)


@pytest.mark.parametrize("number", ["1.10", "12345678901234567890123456789", "1E+400", "-0.0", "0.1e-7"])
def test_numbers_keep_every_digit(number: str) -> None:
    assert mask({"n": "keep"}, f'{{"n": {number}}}') == f'{{"n": {number}}}'


def test_a_masked_number_stays_a_number() -> None:
    masked = mask({"n": "mask:phone"}, '{"n": 442079460000}')
    assert len(str(json.loads(masked)["n"])) == 12 and "442079460000" not in masked


def test_addresses_in_keys_are_replaced() -> None:
    assert "bob" not in mask("scrub:tree", '{"bob@x.example": {"bob@x.example": 1}}')
    assert "bob" not in mask({"*": "keep"}, '{"bob@x.example": 1}')


def test_duplicate_keys_are_all_masked() -> None:
    """A `json` column (unlike jsonb) may contain them."""
    with pytest.raises(UnknownPath):
        mask({"a": "keep"}, '{"a": {"name": "Alice"}, "a": "x"}')
