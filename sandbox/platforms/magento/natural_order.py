"""The order of PHP's `strnatcmp`, by which the shop sorts parameters: runs of digits are compared as numbers, but as
text if one of them starts with a zero.
"""

from functools import cmp_to_key
from itertools import takewhile

_DIGITS = frozenset("0123456789")


def compare(first: str, second: str) -> int:
    """Negative if `first` comes before `second`, zero if they are equal, else positive."""
    first, second = _without_leading_zeros(first), _without_leading_zeros(second)
    while first and second:
        if first[0] in _DIGITS and second[0] in _DIGITS:
            one, other = _digits(first), _digits(second)
            as_text = "0" in (one[0], other[0])
            keys = (one, other) if as_text else ((len(one), one), (len(other), other))
            if keys[0] != keys[1]:
                return -1 if keys[0] < keys[1] else 1  # type: ignore[operator]
            first, second = first[len(one) :], second[len(other) :]
        elif first[0] != second[0]:
            return -1 if first[0] < second[0] else 1
        else:
            first, second = first[1:], second[1:]
    return len(first) - len(second)


key = cmp_to_key(compare)


def _digits(text: str) -> str:
    return "".join(takewhile(_DIGITS.__contains__, text))


def _without_leading_zeros(text: str) -> str:
    while len(text) > 1 and text[0] == "0" and text[1] in _DIGITS:
        text = text[1:]
    return text
