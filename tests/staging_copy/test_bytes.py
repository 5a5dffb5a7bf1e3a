"""Kept values survive byte for byte, verified by PostgreSQL itself."""

from contextlib import closing
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staging_copy.backup.copy_text import escape, unescape, whole_lines
from staging_copy.masking.columns import Column, RowsDiffer, compile_table
from tests.staging_copy.test_rules import rules

# PostgreSQL's text type can store everything except NUL.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.sampled_from(
    [r"\N", "\\", "\t", "\n", "\r\n", r"\.", "\\\n", "😀", "\x1f\x7f", r"\x41", r"\101", ""]
)
COLUMNS = [Column("kept", "text"), Column("email", "text"), Column("json", "jsonb"), Column("scrubbed", "text")]
POLICY = {"kept": "keep", "email": "mask:email", "json": {"kept": "keep", "name": "mask:name"}, "scrubbed": "scrub"}


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=8))
def test_postgresql_reads_back_what_it_wrote(rows: list[tuple[str, str, str]]) -> None:
    masker = compile_table("t", COLUMNS, POLICY, rules, datetime.now(UTC))
    with closing(connection.connection.cursor() if connection.connection else connection.cursor().cursor) as cursor:
        cursor.execute("DROP TABLE IF EXISTS original; DROP TABLE IF EXISTS copied")
        for table in ("original", "copied"):
            cursor.execute(f"CREATE TEMPORARY TABLE {table} (kept text, email text, json jsonb, scrubbed text)")
        for kept, note, scrubbed in rows:
            cursor.execute(
                "INSERT INTO original VALUES (%s, %s, jsonb_build_object('kept', %s, 'name', %s), %s)",
                [kept, note, kept, note, scrubbed],
            )
        out = BytesIO()
        cursor.copy_expert("COPY original TO STDOUT", out)
        cursor.copy_expert("COPY copied FROM STDIN", BytesIO(masker.mask(out.getvalue())))
        cursor.execute("SELECT kept, json->>'kept' FROM copied")
        found = cursor.fetchall()
    assert found == [(kept, kept) for kept, _, _ in rows]


@given(TEXT)
def test_escaping_is_undone_by_unescaping(text: str) -> None:
    field = escape(text.encode())
    assert unescape(field) == text.encode()
    assert b"\n" not in field and b"\t" not in field


@given(st.lists(st.binary()), st.integers(1, 50))
def test_blocks_end_at_line_breaks_and_lose_nothing(chunks: list[bytes], size: int) -> None:
    blocks = list(whole_lines(chunks, size))
    assert b"".join(blocks) == b"".join(chunks)
    assert all(block.endswith(b"\n") for block in blocks[:-1])


@pytest.mark.parametrize("block", [b"a\tb\n", b"a\tb\tc\td\te\n", b"a\tb\tc\nd\te\tf\tg\th\n"])
def test_a_wrong_number_of_fields_stops_the_copy(block: bytes) -> None:
    masker = compile_table("t", COLUMNS, POLICY, rules, datetime.now(UTC))
    with pytest.raises(RowsDiffer):
        masker.mask(block)


def test_long_results_fit_their_column() -> None:
    columns: list[Any] = [Column("company", "character varying", limit=5), Column("text", "character varying", limit=3)]
    masker = compile_table("t", columns, {"company": "mask:company", "text": "mask:phone"}, rules, datetime.now(UTC))
    company, phone = masker.mask(b"Archer & Sons\t123\n").rstrip(b"\n").split(b"\t")
    assert len(company) <= 5 and len(phone) <= 3
