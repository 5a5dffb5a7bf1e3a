"""Finds phone numbers and IBANs in free text, for `scrub:contacts` and `scrub:tree`."""

import re
from collections.abc import Callable

_DIGITS = b"0123456789"
_UPPER = bytes(range(0x41, 0x5B))
# Every digit as 0 and every capital as A: the shape of a value, in which fixed texts can be searched for quickly.
_SHAPE = bytes.maketrans(_DIGITS + _UPPER, b"0" * 10 + b"A" * 26)
_PHONE_SHAPES = tuple(b"000" + separator + b"00" for separator in (b" ", b"-", b"/", b".", b") ", b")")) + (b"tel:",)
_IBAN_SHAPES = (b"AA00 AAAA", b"AA00 0000", b"AA00AAAA00", b"AA00000000")
_SEPARATOR = rb"[ ().\-/\xa0]{0,3}"
_PHONE = re.compile(
    rb"(?<![\w+.,-])(?:"
    # International, with country code.
    rb"\+[1-9]" + _SEPARATOR + rb"(?:[0-9]" + _SEPARATOR + rb"){6,13}[0-9]"
    # National, with the trunk prefix 0 and at least one separator.
    rb"|\(?0[1-9][0-9]{1,4}\)?[ /.-]{1,2}[0-9]{2,5}(?:[ .-][0-9]{2,5}){0,4}(?![\w-])"
    # North America.
    rb"|\(?[2-9][0-9]{2}\)?[ .-][2-9][0-9]{2}[.-][0-9]{4}(?![\w-])"
    rb"|(?<=tel:)[0-9()][0-9(). -]{5,18}[0-9]"
    rb")"
)
_IBAN = re.compile(rb"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_MIN_DIGITS = 8


def may_hold_contact(value: bytes) -> bool:
    """A fast pre-check: False only if `value` cannot contain a phone number or an IBAN."""
    if b"+" in value:
        return True
    shape = value.translate(_SHAPE)
    return any(text in shape for text in _PHONE_SHAPES) or any(text in shape for text in _IBAN_SHAPES)


def replace(value: bytes, phone: Callable[[bytes], bytes], iban: Callable[[bytes], bytes]) -> bytes:
    """Returns `value` with each phone number and IBAN replaced by what the functions make of it."""
    if not may_hold_contact(value):
        return value
    value = _IBAN.sub(lambda match: iban(match[0]) if is_iban(match[0]) else match[0], value)
    return _PHONE.sub(lambda match: phone(match[0]) if is_phone(match[0]) else match[0], value)


def is_phone(value: bytes) -> bool:
    """Whether a text of a phone number's form has as many digits as one."""
    return _MIN_DIGITS <= sum(value.count(digit) for digit in (b"%d" % number for number in range(10))) <= 15


def is_iban(value: bytes) -> bool:
    """Whether the check digits are right (ISO 13616)."""
    compact = value.replace(b" ", b"").decode()
    return int("".join(str(int(each, 36)) for each in compact[4:] + compact[:4])) % 97 == 1


def find(value: bytes) -> list[bytes]:
    """The phone numbers and IBANs in `value`."""
    found: list[bytes] = []

    def keep(match: bytes) -> bytes:
        found.append(match)
        return match

    replace(value, keep, keep)
    return found
