r"""PostgreSQL's COPY text format: one row per line, tab-separated fields, `\N` for NULL, backslash escapes.

https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
"""

import re
from collections.abc import Iterable, Iterator

NULL = rb"\N"

_ESCAPES = {
    **{b"\b": rb"\b", b"\f": rb"\f", b"\n": rb"\n", b"\r": rb"\r", b"\t": rb"\t", b"\v": rb"\v"},
    b"\\": rb"\\",
}
_SPECIAL = re.compile(rb"[\b\f\n\r\t\v\\]")
_LETTERS = {escaped[1:]: plain for plain, escaped in _ESCAPES.items()}
_ESCAPED = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)


def escape(value: bytes) -> bytes:
    """Escapes a value (not NULL) as a COPY field."""
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], value)


def unescape(field: bytes) -> bytes:
    """The value of a COPY field that is not NULL."""
    return _ESCAPED.sub(_plain, field) if b"\\" in field else field


def _plain(match: re.Match[bytes]) -> bytes:
    octal, hexadecimal, character = match.groups()
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    return _LETTERS.get(character, character)


def whole_lines(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Regroups the bytes into blocks of about `size` that end at a line break; the last line may lack one."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        if len(rest) >= size and (end := rest.rfind(b"\n") + 1):
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest
