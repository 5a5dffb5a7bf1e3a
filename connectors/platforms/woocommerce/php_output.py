"""What a PHP site prints around its JSON: byte order marks of its files, notices and warnings (C4)."""

import re

_BOM = b"\xef\xbb\xbf"
_LEVEL = rb"(?:PHP )?(?:Notice|Warning|Deprecated|Strict Standards|User (?:Notice|Warning|Deprecated))"
# As HTML, or as plain text if `html_errors` is off. The message has no line break.
_MESSAGE = re.compile(
    rb"(?:<br />\s*<b>" + _LEVEL + rb"</b>:[^\n]* on line <b>\d+</b><br />"
    rb"|" + _LEVEL + rb":[^\n]* on line \d+)\s*"
)


def without_messages(content: bytes) -> bytes:
    """The body without byte order marks and PHP's messages at its beginning and end. Anything else stays, so that a web
    page is never taken for data."""
    start = _skip(content, 0)
    body = content[start:]
    # Only after the last bracket there may be messages: within a text of the JSON they are data.
    end = max(body.rfind(b"]"), body.rfind(b"}")) + 1
    return body[:end] if end and _skip(body, end) == len(body) else body


def _skip(content: bytes, start: int) -> int:
    """The position after byte order marks, white space and messages."""
    while True:
        position = start
        while content.startswith(_BOM, position):
            position += len(_BOM)
        while content[position : position + 1].isspace():
            position += 1
        if found := _MESSAGE.match(content, position):
            position = found.end()
        if position == start:
            return start
        start = position
