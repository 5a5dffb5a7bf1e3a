"""Lenient decoding of JSON (C4), and what becomes of text that PostgreSQL cannot store."""

import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from common.storable import storable_json, storable_text
from connectors.sdk.api_model import utc
from connectors.sdk.decoding import decode_json, find_malformed, flag, whole_number
from connectors.sdk.responses import retry_after

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": 1}\x00\x00 \r\n', {"a": 1}),
        ('{"a": 1}\u00a0'.encode(), {"a": 1}),
        (b'{"a": "x\ty\nz"}', {"a": "x\ty\nz"}),
        ('{"a": "\u00e9"}'.encode("utf-16"), {"a": "\u00e9"}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
    ],
)
def test_slightly_malformed_json_is_read(body: bytes, value: object) -> None:
    decoded, _ = decode_json(body)
    assert decoded == value and find_malformed(decoded) is None


def test_a_declared_character_set_is_used_if_the_text_is_not_utf_8() -> None:
    body = '{"a": "\u00e9"}'.encode("latin-1")
    assert decode_json(body, content_type="application/json; charset=ISO-8859-1") == ({"a": "\u00e9"}, True)
    assert decode_json('{"a": "\u00e9"}'.encode(), content_type="text/json; charset=ISO-8859-1") == (
        {"a": "\u00e9"},
        False,
    )
    assert decode_json(body, content_type="application/json; charset=no-such")[0] == {"a": "\udce9"}


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59+02:00"])
def test_times_can_be_shown_in_every_time_zone(text: str) -> None:
    for hours in (-12, 14):
        utc(datetime.fromisoformat(text)).astimezone(timezone(timedelta(hours=hours)))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 5000])
def test_numbers_that_are_none_are_found(number: str) -> None:
    decoded, repaired = decode_json(b'[{"id": 1}, {"id": 2, "price": {"net": %s}}]' % number.encode())
    assert repaired and decoded[0] == {"id": 1}
    found = find_malformed(decoded)
    assert found is not None and found[0] == "1.price.net" and "finite" in found[1]


@pytest.mark.parametrize("broken", [b"\\ud83d", b"\xff", b"\\udc00"])
def test_half_a_character_is_found(broken: bytes) -> None:
    decoded, repaired = decode_json(b'[{"title": "A"}, {"title": "Lamp %s"}]' % broken)
    found = find_malformed(decoded)
    assert repaired and found is not None and found[0] == "1.title"
    in_name = find_malformed({"a": decode_json(b'{"x%s": 1}' % broken)[0]})
    assert in_name is not None and in_name[0] == "a"


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": 1', b'{"a": 1} trailing', b"[" * 100_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="."):
        decode_json(body)


@pytest.mark.parametrize(
    ("value", "number"),
    [("17", 17), (" 17 ", 17), (17, 17), (0, 0), ("\u00b2", None), ("\u0663", None), ("-1", None), (-1, None)]
    + [
        ("1.0", None),
        (1.0, 1),
        (1.5, None),
        (-1.0, None),
        (True, None),
        (None, None),
        ("", None),
        ("9" * 4400, None),
        (10**18, None),
    ],
)
def test_whole_numbers_are_ascii_digits(value: object, number: int | None) -> None:
    assert whole_number(value) == number


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (0, False), (1.0, True), ("1", True), (" False ", False), ("yes", True)]
    + [(2, None), ("", None), (None, None), ("on sale", None), (math.nan, None), ([], None)],
)
def test_flags_come_as_numbers_and_text(value: object, expected: bool | None) -> None:
    assert flag(value) is expected


@given(st.text())
def test_any_retry_after_is_harmless(value: str) -> None:
    found = retry_after({"Retry-After": value}, NOW)
    assert found is None or (found - NOW).total_seconds() <= 86_400


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(exclude_categories=[]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a\0\ud800", max_size=2), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.django_db
@given(json_values)
def test_any_value_can_be_stored(value: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb", [storable_json(value)])


def test_what_can_be_stored_stays_the_same() -> None:
    """The six characters of an escaped NUL are text like any other, NUL itself is not."""
    text = "a text about \\u0000"
    assert orjson.loads(storable_json({"a": text})) == {"a": text}
    assert orjson.loads(storable_json({"a": "x\0y\ud83d", "b": math.nan})) == {"a": "x\ufffdy\ufffd", "b": None}
    assert storable_text("x\0y\udcff") == "x\ufffdy\ufffd"
    assert find_malformed({"a": [Decimal(1), None, True, "x"]}) is None
