"""Tracking numbers as different systems write them."""

import re
from collections.abc import Iterable

_SEPARATORS = re.compile(r"[,;\n]")


def comparable_numbers(numbers: Iterable[str]) -> set[str]:
    """The tracking numbers without what shops write in different ways: spaces, upper and lower case, or several numbers
    in one field."""
    found = {"".join(each.split()).upper() for number in numbers for each in _SEPARATORS.split(number)}
    return found - {""}
