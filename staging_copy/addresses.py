"""What counts as an e-mail address. The masks that replace addresses and the tripwire both ask here.

An address has something before the sign and a dotted domain behind it that ends in letters, so that CSS (`@media`),
handles (`@shop`) and versions (`pkg@1.2.3`) are none; neither is an image for dense displays (`logo@2x.png`).
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
# How the sign hides in URLs, in JSON (whose backslash COPY doubles), in HTML, and in East Asian typing.
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
    """An address at [start:end] of the text that was searched."""

    start: int
    end: int
    local: bytes
    sign: bytes
    domain: bytes

    @property
    def normalized(self) -> bytes:
        return normalized(self.local + b"@" + self.domain)


def normalized(value: bytes) -> bytes:
    """The form in which two ways to write one address (or name, or number) are equal."""
    value = value.strip()
    if value.isascii():
        return value.lower()
    return (
        unicodedata.normalize("NFKC", value.decode(errors="surrogateescape"))
        .casefold()
        .encode(errors="surrogateescape")
    )


def may_hold_address(value: bytes) -> bool:
    """False where there is surely no address; far faster than looking for one."""
    return b"@" in value or has_encoded_at_sign(value)


def has_encoded_at_sign(value: bytes) -> bool:
    """Whether the sign may stand in `value` in another form than `@`."""
    # Single bytes are found at the speed of memory, so few texts come to the pattern.
    suspicious = (
        (b"%" in value and b"%40" in value)
        or (b"\\" in value and b"u0040" in value)
        or (b"&" in value and (b"&#" in value or b"&commat;" in value))
        or (not value.isascii() and _FULLWIDTH in value)
    )
    return suspicious and _ENCODED_AT_SIGN.search(value) is not None


def find(value: bytes) -> Iterator[FoundAddress]:
    """The addresses in `value`, which may be plain text or COPY text, in order and without overlap."""
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
    """`value` with each address (given to `number` in its normal form) turned into NUMBER@domain.

    The sign stays as it was written, so that a URL or HTML stays one.
    """
    pieces, done = [], 0
    for found in find(value):
        pieces += [value[done : found.start], number(found.normalized), found.sign, domain]
        done = found.end
    return b"".join([*pieces, value[done:]]) if pieces else value
