"""Text and JSON that PostgreSQL can't store: cleaned and refused in one place."""

import json
import re
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from common.storable import json_contains_nul, refuse_nul, storable_json, storable_text, without_nul

ROOT = Path(__file__).parents[2]
PACKAGES = ("accounts", "catalog", "connectors", "dashboard", "hub", "orders", "staging_copy", "synccenter", "synclog")
# Characters around which cleaning goes wrong: NUL, backslashes before the letters of an escaped NUL, half an emoji.
PARTS = ["\x00", "\\", "u0000", "\\u0000", "\ud83d", "a", "é", '"']
TEXT = st.lists(st.sampled_from(PARTS), max_size=8).map("".join)


def test_only_one_module_cleans_texts() -> None:
    cleaning = re.compile(r"""replace\(\s*["']\\(?:x00|0)|\\u0000""")
    found = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if cleaning.search(path.read_text())
    }
    assert found == set()


@given(TEXT)
def test_texts_keep_everything_that_can_be_stored(text: str) -> None:
    expected = text.replace("\x00", "\ufffd").replace("\ud83d", "\ufffd")
    assert storable_text(text) == expected
    assert without_nul([{text: text}]) == [{text.replace("\x00", ""): text.replace("\x00", "")}]


@pytest.mark.django_db
def test_json_is_stored_as_it_is_but_for_characters_that_cannot_be() -> None:
    texts = ["\\u0000", "\\\x00", "\\\\u0000", "\x00\x00", "\\\\\x00u0000", "half \ud83d", "a\x00\\u0000\x00"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb", [storable_json({"texts": texts})])
        assert json.loads(cursor.fetchone()[0]) == {"texts": [storable_text(text) for text in texts]}


@given(TEXT)
def test_nul_is_found_in_json_and_refused_in_input(text: str) -> None:
    text = text.replace("\ud83d", "")
    content = storable_json([text.replace("\x00", "\ufffd")]).encode().replace("\ufffd".encode(), b"\\u0000")
    assert json_contains_nul(content) == ("\x00" in text)
    if "\x00" in text:
        with pytest.raises(ValueError, match="NUL"):
            refuse_nul({"a": [text]})
    else:
        assert refuse_nul({"a": [text]}) == {"a": [text]}
