"""Every spelling of an address in docs/masking.md is treated as the page says; masked values fit their columns."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from staging_copy.backup.copy_text import escape, unescape
from staging_copy.masking.classifier import warn
from staging_copy.masking.columns import Column, compile_table
from staging_copy.masking.leak_check import AddressFound, LeakCheck
from tests.staging_copy.test_rules import rules

PAGE = Path(__file__).resolve().parents[2] / "docs" / "masking.md"
ROW = re.compile(r"^\| (?P<spelling>[^|]+) \| `(?P<example>[^|]+)` \| (?P<decision>[^|]+) \|$", re.MULTILINE)
SPELLINGS = [
    row.groups()
    for row in ROW.finditer(PAGE.read_text().partition("## Spellings of email addresses")[2].partition("\n## ")[0])
]
NUMBER = re.compile(rb"\d{1,20}(?=\S{1,12}sellercenter\.net)|\d{1,20}(?=@sellercenter)")


def scrub_column(value: str, kind: str = "character varying", limit: int | None = None, rule: str = "scrub") -> str:
    masker = compile_table(
        "orders", [Column("note", kind, limit=limit)], {"note": rule}, rules, datetime(2026, 1, 1, tzinfo=UTC)
    )
    return unescape(masker.mask(escape(value.encode()) + b"\n")[:-1]).decode()


@pytest.mark.parametrize(("spelling", "example", "decision"), SPELLINGS, ids=[each[0] for each in SPELLINGS])
def test_spellings_are_treated_as_documented(spelling: str, example: str, decision: str) -> None:
    text = f"Ask {example}, please."
    scrubbed = scrub_column(text)
    check = LeakCheck("sellercenter.net")
    if decision != "masked":
        assert scrubbed == text
        assert bool(warn("orders.note", "keep", [text.encode()])) == decision.startswith("reported")
        return
    assert not re.search("jane|doe", scrubbed, re.IGNORECASE) and scrubbed.startswith("Ask ")
    assert scrubbed.endswith("sellercenter.net, please.")
    check.check(escape(scrubbed.encode()) + b"\n", "orders", ["note"])
    with pytest.raises(AddressFound, match=r"orders\.note") as found:
        check.check(escape(text.encode()) + b"\n", "orders", ["note"])
    assert "jane" not in str(found.value).lower()


def test_all_spellings_of_an_address_get_one_number() -> None:
    same = (
        "jane@doe.example",
        "JANE%2540doe.example",
        "jane(home)@doe.example",
        "ja\u200bne＠doe。example",
        '"jane"@doe.example',
    )
    numbers = {scrub_column(each).partition("@")[0].partition("%")[0].partition("＠")[0] for each in same}
    assert len(numbers) == 1
    assert len({scrub_column(each) for each in ("jane@döe.example", "jane@xn--de-fka.example")}) == 1


def test_spellings_of_an_address_stay_different_in_a_unique_column() -> None:
    spellings = (
        "jane@doe.example",
        "Jane@doe.example",
        "jane@DOE.example",
        '"jane"@doe.example',
        "jane(home)@doe.example",
    )
    masked = [scrub_column(each, rule="scrub:unique") for each in spellings]
    assert masked[0] == scrub_column(spellings[0])
    assert len(set(masked)) == len(spellings) and {each.lower() for each in masked} == {masked[0]}
    LeakCheck("sellercenter.net").check("\n".join(masked).encode() + b"\n", "t", ["c"])


def test_two_accounts_with_one_address_in_two_spellings_stay_two() -> None:
    column = Column("email", "character varying", limit=254)
    users, customers = (
        compile_table("t", [column], {"email": rule}, rules, datetime(2026, 1, 1, tzinfo=UTC)).mask
        for rule in ("mask:unique_email", "mask:email")
    )
    spellings = "jane@d\xf6e.example\njane@xn--de-fka.example\nja\xadne@d\xf6e.example\n".encode()
    first, *others = users(spellings).splitlines()
    assert {first} == set(customers(spellings).splitlines())
    assert len({first, *others}) == 3 and users(spellings).splitlines() == [first, *others]
    LeakCheck("sellercenter.net").check(b"\n".join(others) + b"\n", "t", ["c"])


@pytest.mark.parametrize(
    ("value", "limit"), [("x" * 247 + " a@b.co", 255), ("ä" * 240 + " a@b.co", 255), ("a@b.co", 12), ("a@b.co", 30)]
)
def test_a_value_that_grows_is_cut_to_the_length_of_its_column(value: str, limit: int) -> None:
    scrubbed = scrub_column(value, limit=limit)
    assert 0 < len(scrubbed) <= limit
    LeakCheck("sellercenter.net").check(scrubbed.encode() + b"\n", "t", ["c"])
    assert "a@b.co" not in scrubbed


def test_arrays_are_masked_by_element() -> None:
    assert scrub_column('{"a, b",NULL,jane@doe.example,"say \\"hi\\""}', "character varying[]").startswith(
        '{"a, b",NULL,"'
    )
    assert scrub_column("[0:1]={a,jane@doe.example}", "text[]").startswith('[0:1]={"a","')
    long = "x" * 90 + " jane@doe.example"
    assert len(scrub_column("{" + f'"{long}"' + "}", "character varying[]", limit=100)) <= 104
    masked = scrub_column('{Jane,"Jane",NULL}', "character varying[]", rule="mask:name")
    first, second, third = masked.strip("{}").split(",")
    assert first == second and third == "NULL" and "Jane" not in masked


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Call +44 20 7946 0000 today", "Call P today"),
        ("Call 020 7946 0000.", "Call P."),
        ("(555) 234-5678", "P"),
        ("IBAN GB33 BUKB 2020 1555 5555 55", "IBAN I"),
        ("EAN 4006381333931, 30 x 40 cm, +20 %, 2026-11-30 12:00, AB12-3456-7890", None),
    ],
)
def test_phone_numbers_and_ibans_in_free_text_are_replaced(value: str, shown: str | None) -> None:
    scrubbed = scrub_column(value, rule="scrub:contacts")
    scrubbed = re.sub(r"GB00[A-Z0-9 ]+", "I", re.sub(r"\+999\d{10}", "P", scrubbed))
    assert scrubbed == (value if shown is None else shown)
