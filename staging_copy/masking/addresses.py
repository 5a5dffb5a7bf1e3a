"""Finds email addresses in text, in all spellings that docs/masking.md lists, for the masks and the leak check.

An address is a local part, an at sign and a dotted domain that ends in letters, or an IP address. CSS (`@media`),
handles (`@shop`), package versions (`pkg@1.2.3`) and high-resolution image names (`logo@2x.png`) are not addresses.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from html import unescape
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

# The at sign and its other spellings: URL-encoded (once or more), JSON-escaped (COPY doubles the backslash), HTML
# entities (the semicolon is optional before anything that cannot continue the number), quoted-printable, UTF-7, and the
# characters that NFKC maps to it. Before each pattern stand fixed texts of which any match has one: looking for them is
# many times faster, and most blocks have none.
_AT_SIGN = ((b"@",), re.compile(rb"@"))
_ENCODED_AT_SIGNS = tuple(
    (texts, re.compile(pattern))
    for texts, pattern in (
        ((b"%40", b"%25"), rb"%(?:25)*40"),
        # `u0040` with a percent sign is what the JavaScript function escape() writes.
        ((b"u0040",), rb"(?:\\{1,2}|%)u0040"),
        ((b"\\x40",), rb"\\{1,2}x40"),
        ((b"&#", b"amp;#", b"commat;"), rb"&(?:amp;)*(?:#0*64(?![0-9]);?|#[xX]0*40(?![0-9A-Fa-f]);?|commat;)"),
        ((b"=40",), rb"=40(?=[A-Za-z\x80-\xff\[(])"),  # not `width=400`
        ((b"+AEA-",), rb"\+AEA-"),
        ((b"\xef\xbc\xa0",), rb"\xef\xbc\xa0"),
        ((b"\xef\xb9\xab",), rb"\xef\xb9\xab"),
    )
)
_LABEL = rb"[A-Za-z0-9_\x80-\xff][A-Za-z0-9_\x80-\xff-]*"
# The full stop, those of Chinese and Japanese (fullwidth, ideographic, halfwidth), which browsers accept (IDNA), and
# others that NFKC maps to it (one dot leader, small full stop).
_DOT = rb"(?:\.|\xef\xbc\x8e|\xe3\x80\x82|\xef\xbd\xa1|\xe2\x80\xa4|\xef\xb9\x92)"
_IMAGE = rb"(?:avif|bmp|gif|heic|ico|jpe?g|png|svg|webp)(?![A-Za-z0-9.-])"
_DOMAIN = re.compile(
    # A comment may stand before the domain (RFC 5322).
    rb"(?:\([^()\n\t]{0,60}\))?"
    rb"(?![0-9](?:\.[0-9])?x\." + _IMAGE + rb")"
    rb"((?:" + _LABEL + rb"\.)+(?:xn--[A-Za-z0-9-]+|[A-Za-z\x80-\xff]{2,})"
    rb"|" + _LABEL + rb"(?:" + _DOT + _LABEL + rb"){0,4}" + _DOT + rb"[A-Za-z\x80-\xff]{2,}"
    rb"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])"
    rb"|\[(?:IPv6:)?[0-9a-fA-F.:]{3,45}\])"
)
# Longer than any domain, so that text without a dot costs each at sign in it no more than this.
_MAX_DOMAIN_LENGTH = 1000
# A domain of which some letters or dots are HTML entities or URL-encoded, as programs write that hide addresses.
_ENCODED_DOMAIN = re.compile(
    rb"(?:&#(?:[xX][0-9A-Fa-f]{1,4}|[0-9]{1,5});|&period;|%[0-9A-Fa-f]{2}|=2E|[A-Za-z0-9_.\x80-\xff-])+"
)
_URL_ENCODED = re.compile(rb"%[0-9A-Fa-f]{2}")
_WORD = bytes(range(0x30, 0x3A)) + bytes(range(0x41, 0x5B)) + bytes(range(0x61, 0x7B)) + bytes(range(0x80, 0x100))
_LOCAL = _WORD + b"._+'-!#$%*?^`{|}~"
_NOT_FIRST = b".+'-!#$%*?^`{|}~"
# A backslash before each quote: JSON in COPY text has two.
_QUOTED = re.compile(rb'(?:\\{0,2}")[A-Za-z0-9][^"@\\\n\t]{0,62}\\{0,2}"\Z')
_COMMENT = re.compile(rb"\([^()\n\t]{0,60}\)\Z")
_ENTITY = re.compile(rb"&#(?:[xX][0-9A-Fa-f]{2,4}|[0-9]{2,5});\Z")
_X400 = re.compile(rb"(?:/[A-Za-z]{1,5}=[^/=@\n\t\"<>]{1,64}){2,9}\Z")
_MAX_LOCAL_LENGTH = 256
_IDN = b"xn--"


class FoundAddress(NamedTuple):
    """An address at [start:end] of the searched text. `local` and `domain` are without comments and quotes."""

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
        return _without_punycode(value.lower()) if _IDN in value.lower() else value.lower()
    text = unicodedata.normalize("NFKC", value.decode(errors="surrogateescape")).casefold().replace("。", ".")
    # Invisible characters (category Cf: zero-width spaces and joiners, soft hyphens) make no difference.
    return "".join(each for each in text if unicodedata.category(each) != "Cf").encode(errors="surrogateescape")


def may_hold_address(value: bytes) -> bool:
    """A fast pre-check: False only if `value` cannot contain an address."""
    return b"@" in value or has_encoded_at_sign(value)


def has_encoded_at_sign(value: bytes) -> bool:
    """Whether `value` contains an at sign written in any form other than `@`."""
    for texts, pattern in _ENCODED_AT_SIGNS:
        for text in texts:
            if text in value and pattern.search(value) is not None:
                return True
    return False


def find(value: bytes) -> Iterator[FoundAddress]:
    """Yields the addresses in `value` (plain text or COPY text), in order, without overlap."""
    done = 0
    for (start, end), (following, _) in pairwise([*_at_signs(value), (len(value), 0)]):
        if start < done:
            continue
        # A space may stand after the sign, or on both sides; before it alone, it is how handles are written.
        spaced = value[end : end + 1] == b" "
        domain_end, domain = _domain(value, end + spaced, following)
        if not domain:
            continue
        local_end = start - (spaced and value[start - 1 : start] == b" ")
        before = value[max(done, local_end - _MAX_LOCAL_LENGTH) : local_end]
        length, local = _local_part(before, spaced=spaced)
        sign = value[start:end]
        if sign.startswith(b"%") and b"%" in before[-length - 1 :]:
            length, local = _url_decoded(before, length, local)
        if local and not _is_file_name(sign, domain):
            yield FoundAddress(local_end - length, domain_end, local, sign, domain)
            done = domain_end


def _at_signs(value: bytes) -> list[tuple[int, int]]:
    """Start and end of each at sign in any spelling, in order."""
    found = [
        match.span()
        for texts, pattern in (_AT_SIGN, *_ENCODED_AT_SIGNS)
        if any(text in value for text in texts)
        for match in pattern.finditer(value)
    ]
    return sorted(found)


def replace(
    value: bytes, number: Callable[[bytes], bytes], domain: bytes, respelled: Callable[[bytes], bytes] | None = None
) -> bytes:
    """Returns `value` with each address replaced by NUMBER@domain. `number` maps a normalized address to its number.

    The at sign keeps its original spelling, so URLs and HTML stay valid. `respelled` is called with every address that
    is not spelled in the normalized way, and returns the domain for it.
    """
    pieces, done = [], 0
    for found in find(value):
        # Without its semicolon, an entity could run on into the domain.
        semicolon = b";" if found.sign.startswith(b"&") and not found.sign.endswith(b";") else b""
        pieces += [value[done : found.start], number(found.normalized), found.sign, semicolon]
        spelling = value[found.start : found.end]
        pieces.append(domain if respelled is None or spelling == found.normalized else respelled(spelling))
        done = found.end
    return b"".join([*pieces, value[done:]]) if pieces else value


def _domain(value: bytes, start: int, following: int) -> tuple[int, bytes]:
    """The end of the domain at `start`, and its text without encodings. Empty if there is none.

    An encoded domain ends before the next at sign, at `following`: an encoded at sign is made of the same characters.
    """
    if plain := _DOMAIN.match(value, start, start + _MAX_DOMAIN_LENGTH):
        return plain.end(), plain[1]
    encoded = _ENCODED_DOMAIN.match(value, start, min(start + _MAX_DOMAIN_LENGTH, following))
    if encoded is None or not encoded[0].strip(_WORD + b".-"):
        return start, b""
    text = unescape(encoded[0].replace(b"=2E", b".").decode(errors="surrogateescape"))
    plain = _DOMAIN.match(unquote_to_bytes(text.encode(errors="surrogateescape")))
    return encoded.end(), plain[1] if plain else b""


def _local_part(before: bytes, *, spaced: bool) -> tuple[int, bytes]:
    """The local part at the end of `before`: how many bytes it takes, and its text. Empty if there is none."""
    comment = _COMMENT.search(before, max(0, len(before) - 62)) if before.endswith(b")") else None
    rest = before[: comment.start()] if comment else before
    if rest.endswith(b'"'):
        quoted = _QUOTED.search(rest, max(0, len(rest) - 70))
        if quoted:
            return len(before) - quoted.start(), quoted[0].replace(b"\\", b"").strip(b'"')
    if b"=" in rest and (x400 := _X400.search(rest)):
        return len(before) - x400.start(), x400[0]
    if spaced:
        # Text before a spaced sign is a local part only if it looks like one.
        local = rest[len(rest.rstrip(_WORD + b"._+-")) :].lstrip(_NOT_FIRST)
        return len(local) + len(before) - len(rest), local
    local, end = b"", len(rest)
    while True:
        part = rest[len(rest[:end].rstrip(_LOCAL)) : end]
        local, end = part + local, end - len(part)
        entity = _ENTITY.search(rest[:end], max(0, end - 10)) if rest[:end].endswith(b";") else None
        letter = unescape(entity[0].decode()).encode() if entity else b""
        if entity is None or letter.strip(_LOCAL):
            break
        local, end = letter + local, entity.start()
    stripped = local.lstrip(_NOT_FIRST)
    return len(before) - end - (len(local) - len(stripped)), stripped


def _url_decoded(before: bytes, length: int, local: bytes) -> tuple[int, bytes]:
    """Like the result of `_local_part`, for one that is URL-encoded, of which the first letter may be encoded too."""
    first = _URL_ENCODED.match(before, max(0, len(before) - length - 1))
    length += first is not None
    decoded = unquote_to_bytes(before[len(before) - length :])
    # What stood before the local part, such as `mailto%3A`, is no part of it.
    return length, decoded[len(decoded.rstrip(_LOCAL)) :].lstrip(_NOT_FIRST) or local


def _is_file_name(sign: bytes, domain: bytes) -> bool:
    """Whether this is a file name after an encoding that numbers in URLs have too: `?size=40x.png`."""
    return sign == b"=40" and re.search(rb"\." + _IMAGE + rb"\Z", domain) is not None


def _without_punycode(address: bytes) -> bytes:
    local, sign, domain = address.rpartition(b"@")
    try:
        return local + sign + domain.decode("ascii").encode("ascii").decode("idna").encode()
    except UnicodeError:
        return address  # not a valid name: its spelling is all there is
