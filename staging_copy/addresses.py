"""Finds email addresses in text. Used by the masks that replace addresses and by the leak check.

An address is a local part, an at sign and a dotted domain that ends in letters. CSS (`@media`), handles (`@shop`),
package versions (`pkg@1.2.3`) and high-resolution image names (`logo@2x.png`) are not addresses.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

_LABEL = rb"[A-Za-z0-9_\x80-\xff][A-Za-z0-9_\x80-\xff-]*"
_DOMAIN = (
    rb"(?![0-9](?:\.[0-9])?x\.)"
    rb"((?:" + _LABEL + rb"\.)+(?:xn--[A-Za-z0-9-]+|[A-Za-z\x80-\xff]{2,})|\[[0-9a-fA-F.:]{3,45}\])"
)
# Other spellings of the at sign: URL-encoded, JSON-escaped (COPY doubles the backslash), HTML entities, fullwidth.
_FULLWIDTH = "＠".encode()
_ENCODED_AT_SIGNS = rb"%40|\\{1,2}u0040|&#0*64;|&#[xX]0*40;|&commat;|" + _FULLWIDTH
_PLAIN_AT_SIGN = re.compile(rb"(@)" + _DOMAIN)
_ANY_AT_SIGN = re.compile(rb"(@|" + _ENCODED_AT_SIGNS + rb")" + _DOMAIN)
_ENCODED_AT_SIGN = re.compile(_ENCODED_AT_SIGNS)
_LETTERS = bytes(range(0x30, 0x3A)) + bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B)) + bytes(range(0x80, 0x100))
_LOCAL = _LETTERS + b"._+'-!#$%*?^`{|}~"
_NOT_FIRST = b".+'-!#$%*?^`{|}~"
_QUOTED = re.compile(rb'"[A-Za-z0-9][^",:{}\[\]@\n\t]{0,62}"\Z')
_MAX_LOCAL_LENGTH = 256


class FoundAddress(NamedTuple):
    """An address at [start:end] of the searched text."""

    start: int
    end: int
    local: bytes
    sign: bytes
    domain: bytes

    @property
    def normalized(self) -> bytes:
        return normalized(self.local + b"@" + self.domain)


def normalized(value: bytes) -> bytes:
    """The canonical form of an address, name or number: equal for every spelling of the same value."""
    value = value.strip()
    if value.isascii():
        return value.lower()
    return (
        unicodedata.normalize("NFKC", value.decode(errors="surrogateescape"))
        .casefold()
        .encode(errors="surrogateescape")
    )


def may_hold_address(value: bytes) -> bool:
    """A fast pre-check: False only if `value` cannot contain an address."""
    return b"@" in value or has_encoded_at_sign(value)


def has_encoded_at_sign(value: bytes) -> bool:
    """Whether `value` contains an at sign written in any form other than `@`."""
    # Searching for single bytes is much cheaper than the regular expression, so most values never reach it.
    suspicious = (
        (b"%" in value and b"%40" in value)
        or (b"\\" in value and b"u0040" in value)
        or (b"&" in value and (b"&#" in value or b"&commat;" in value))
        or (not value.isascii() and _FULLWIDTH in value)
    )
    return suspicious and _ENCODED_AT_SIGN.search(value) is not None


def find(value: bytes) -> Iterator[FoundAddress]:
    """Yields the addresses in `value` (plain text or COPY text), in order, without overlap."""
    if not may_hold_address(value):
        return
    pattern = _ANY_AT_SIGN if has_encoded_at_sign(value) else _PLAIN_AT_SIGN
    done = 0
    for match in pattern.finditer(value):
        before = value[max(done, match.start() - _MAX_LOCAL_LENGTH) : match.start()]
        quoted = _QUOTED.search(before, max(0, len(before) - 66)) if before.endswith(b'"') else None
        local = quoted[0] if quoted else before[len(before.rstrip(_LOCAL)) :].lstrip(_NOT_FIRST)
        if local:
            yield FoundAddress(match.start() - len(local), match.end(), local, match[1], match[2])
            done = match.end()


def replace(value: bytes, number: Callable[[bytes], bytes], domain: bytes) -> bytes:
    """Returns `value` with each address replaced by NUMBER@domain. `number` maps a normalized address to its number.

    The at sign keeps its original spelling, so URLs and HTML stay valid.
    """
    pieces, done = [], 0
    for found in find(value):
        pieces += [value[done : found.start], number(found.normalized), found.sign, domain]
        done = found.end
    return b"".join([*pieces, value[done:]]) if pieces else value
