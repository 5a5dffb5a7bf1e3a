r"""PostgreSQL's COPY text format: one row a line, fields apart by tabs, `\N` for NULL, the rest escaped by backslash.

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
    """A field as COPY reads it, for a value that is not NULL."""
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], value)


def unescape(field: bytes) -> bytes:
    """The value of a field that is not NULL."""
    return _ESCAPED.sub(_plain, field) if b"\\" in field else field


def _plain(match: re.Match[bytes]) -> bytes:
    octal, hexadecimal, character = match.groups()
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    return _LETTERS.get(character, character)


def whole_lines(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in blocks of about `size` that end with a line; only a last line may lack its end."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        if len(rest) >= size and (end := rest.rfind(b"\n") + 1):
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest
