"""Properties of the masks, for arbitrary values."""

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staging_copy.masking import addresses
from staging_copy.masking.policy import MASKS
from staging_copy.masking.rules import POOLS, Rules

WORDS = {pool: [f"{pool} {number}".encode() for number in range(600)] for pool in POOLS}
TEXT = st.text(min_size=1).map(str.encode)


def make(key: bytes = b"k" * 32, secret_key: bytes = b"s" * 32) -> Rules:
    return Rules(key=key, secret_key=secret_key, domain="sellercenter.net", pools=WORDS)


rules = make()
mask = rules.mask


@pytest.mark.parametrize("kind", sorted(MASKS))
@given(value=TEXT)
def test_equal_values_give_equal_results_without_characters_to_escape(kind: str, value: bytes) -> None:
    result = mask(kind)(value)
    assert result == make().mask(kind)(value)
    assert result and not re.search(rb"[\t\n\r\b\f\v\\]", result)
    result.decode()


@pytest.mark.parametrize("kind", sorted(MASKS - {"password", "secret"}))
def test_another_key_gives_another_result(kind: str) -> None:
    values = [f"value {number} 12345".encode() for number in range(20)]
    other = make(key=b"another key".ljust(32))
    assert [mask(kind)(value) for value in values] != [other.mask(kind)(value) for value in values]


@given(st.sets(st.emails(), min_size=2))
def test_different_addresses_get_different_numbers(found: set[str]) -> None:
    different = {addresses.normalized(address.encode()) for address in found}
    assert len({mask("email")(address) for address in different}) == len(different)


def test_an_address_is_the_same_in_any_case_and_with_a_name_before_it() -> None:
    number = mask("email")(b"alice@example.com")
    assert re.fullmatch(rb"\d{1,20}@sellercenter\.net", number)
    assert mask("email")(b"ALICE@Example.com") == mask("email")(b"Alice A. <alice@example.com>") == number
    assert rules.scrub(b"mail alice@example.com!") == b"mail " + number + b"!"


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("two: a@b.example,c@d.example", "two: #,#"),
        ("a@b.example\nc@d.example", "#\n#"),
        ("<a href='mailto:bob%40shop.example'>", "<a href='mailto:%'>"),
        ("bob&#64;shop.example and josé@müller.example", "& and #"),
        ("git@github.example:x/y", "#:x/y"),
        ('"john doe"@shop.example', "#"),
        ("bob＠shop.example", "＠"),
        ("@media screen; @shop; 5 @ 3.50; pkg@1.2.3; logo@2x.png; https://social.example/@bob", None),
    ],
)
def test_only_addresses_are_replaced_in_text(text: str, rest: str | None) -> None:
    scrubbed = rules.scrub(text.encode()).decode()
    for sign, shown in (("@", "#"), ("%40", "%"), ("&#64;", "&"), ("＠", "＠")):
        scrubbed = re.sub(rf"\d{{1,20}}{re.escape(sign)}sellercenter\.net", shown, scrubbed)
    assert scrubbed == (text if rest is None else rest)


@pytest.mark.parametrize(
    "text",
    [
        b"a" * 1_000_000 + b"@" + b"b." * 500_000,
        b'"' * 1_000_000 + b"@x.example",
        b"x%40" * 100_000,
        b"x&#64;" * 100_000,
        "x＠".encode() * 20_000,
    ],
    ids=["address", "quotes", "encoded signs", "entities", "fullwidth signs"],
)
def test_long_texts_are_processed_quickly(text: bytes) -> None:
    """A pattern with quadratic backtracking would take hours."""
    started = time.process_time()
    rules.scrub(text)
    # Seconds of this process alone, so that a busy machine does not matter.
    assert time.process_time() - started < 5


@given(st.ip_addresses())
def test_masked_ip_addresses_are_from_reserved_ranges(address: object) -> None:
    result = mask("ip")(str(address).encode()).decode()
    assert result.startswith(("198.18.", "198.19.", "2001:db8::"))


@given(TEXT)
def test_secrets_keep_their_length_and_passwords_match_nothing(value: bytes) -> None:
    assert len(mask("secret")(value)) == len(value)
    assert mask("password")(value).startswith(b"!")
    assert make(secret_key=b"other".ljust(32)).mask("secret")(b"0123456789abcdef") != mask("secret")(
        b"0123456789abcdef"
    )


@pytest.mark.parametrize(
    ("kind", "value", "pattern"),
    [
        ("phone", b"+44 20 7946 0000", rb"\+999\d{10}"),
        ("postcode", b"LS1 4AP", rb"[A-Z]{2}\d \d[A-Z]{2}"),
        ("postcode", b"10115", rb"\d{5}"),
        ("tax_id", b"DE123456789", rb"DE\d{9}"),
        ("iban", b"GB33BUKB20201555555555", rb"GB00[A-Z]{4}\d{14}"),
        ("url", b"https://alice.example/me", rb"https://masked\.invalid/[0-9a-f]{16}"),
    ],
)
def test_the_format_is_kept(kind: str, value: bytes, pattern: bytes) -> None:
    result = mask(kind)(value)
    assert re.fullmatch(pattern, result) and result != value


def test_phone_formatting_is_ignored() -> None:
    assert mask("phone")(b"+44 20-7946 0000") == mask("phone")(b"442079460000")


@pytest.mark.parametrize("kind", ["name", "text", "street"])
def test_free_text_leaves_nothing_of_the_original(kind: str) -> None:
    secret = b"Xylophonist Quetzalcoatl, Unter den Linden 77"
    result: Callable[[bytes], bytes] = mask(kind)
    assert not {word.lower() for word in re.findall(rb"\w+", secret)} & set(re.findall(rb"\w+", result(secret).lower()))
