"""Proposes rules for columns by their names and values, and warns where a kept column looks personal.

A proposal is for a person to decide: nothing is masked, and no copy is stopped, because of one.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from staging_copy.masking import addresses, contacts
from staging_copy.masking.policy import Rule, verb

# Names of columns, the more telling first.
_NAMES = tuple(
    (re.compile(rf"(?:^|_)(?:{words})(?:$|_)"), rule)
    for words, rule in (
        ("e?mail(?:s|_address)?", "mask:email"),
        ("password|passwd|pwd", "mask:password"),
        ("(?:access_|refresh_|api_)?(?:token|secret|key)|otp|pin", "mask:secret"),
        ("first_?name|given_?name|forename", "mask:first_name"),
        ("last_?name|surname|family_?name", "mask:last_name"),
        ("company|organi[sz]ation|firm", "mask:company"),
        ("phone|mobile|cell|fax|tel|telephone|whatsapp", "mask:phone"),
        ("street2?|address(?:_?line)?_?[12]?|house_?number", "mask:street"),
        ("city|town", "mask:city"),
        ("zip|zip_?code|post_?code|postal_?code", "mask:postcode"),
        ("iban", "mask:iban"),
        ("bank|bank_account|account_number|bic|card_?number", "mask:bank"),
        ("vat|vat_?id|tax_?id|tax_?number|ssn|passport", "mask:tax_id"),
        ("ip|ip_?address|remote_addr", "mask:ip"),
        ("birth|birthday|birth_?date|dob|gender|sex|salutation", "empty"),
        ("contact|recipient|customer_name|full_?name|user_?name|agent", "mask:name"),
        ("notes?|comments?|message|remarks?|greeting|gift_message|engraving", "mask:text"),
    )
)
_IP = re.compile(rb"(?:[0-9]{1,3}\.){3}[0-9]{1,3}|(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}")
_GZIP = b"\x1f\x8b"
_MAX_VALUES = 200
_MAX_DECODED = 100_000
# What share of a column's values must have a shape before the whole column is taken for it.
_MOST = 0.5


@dataclass(frozen=True)
class Proposal:
    """A rule for a column, and what speaks for it. Holds no values."""

    column: str
    rule: str
    reason: str

    def __str__(self) -> str:
        return f"{self.column}: `{self.rule}` ({self.reason})"


def propose(column: str, values: Sequence[bytes]) -> Proposal | None:
    """A rule for a column (`table.column`) without one; None if neither its name nor its values look personal."""
    return _by_shape(column, values[:_MAX_VALUES]) or _by_name(column)


def warn(column: str, rule: Rule, values: Sequence[bytes]) -> Proposal | None:
    """A better rule for a column whose values are kept or only scrubbed; None if they do not look personal."""
    if verb(rule) not in ("keep", "scrub"):
        return None
    found = _by_shape(column, values[:_MAX_VALUES])
    if found is None or found.rule == rule:
        return None
    # What the rule replaces anyway is no reason for another.
    if (verb(rule) == "scrub" and found.rule in ("scrub", "mask:email")) or (
        rule in ("scrub:contacts", "scrub:tree") and found.rule in ("scrub:contacts", "mask:phone", "mask:iban")
    ):
        return None
    return found


def _by_name(column: str) -> Proposal | None:
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.rpartition(".")[2]).lower()
    rule = next((rule for pattern, rule in _NAMES if pattern.search(name)), None)
    return Proposal(column, rule, "by its name") if rule else None


def _by_shape(column: str, values: Sequence[bytes]) -> Proposal | None:
    present = [value for value in values if value]
    # Most columns hold nothing of the kind, which one look at all values tells.
    joined = b"\n".join(present)
    shapes = (
        ("mask:email", "scrub", "email addresses", addresses.may_hold_address, _has_address),
        ("mask:text", "mask:text", "encoded email addresses", _BASE64.search, _has_hidden_address),
        ("mask:iban", "scrub:contacts", "IBANs", contacts.may_hold_contact, _has_iban),
        ("mask:phone", "scrub:contacts", "phone numbers", contacts.may_hold_contact, _has_contact),
        ("mask:ip", "mask:text", "IP addresses", _IP.search, _IP.fullmatch),
    )
    for whole, part, what, may_have, has in shapes:
        count = sum(bool(has(value)) for value in present) if may_have(joined) else 0
        # A single address among free text matters; a single number that looks like an IP address may be anything.
        if count and (count >= _MOST * len(present) or what != "IP addresses"):
            reason = f"{count} of {len(present)} values contain {what}"
            return Proposal(column, whole if _is_mostly(present, what) else part, reason)
    return None


def _is_mostly(values: Iterable[bytes], what: str) -> bool:
    """Whether values are nothing but what they contain: they have no spaces around it, or few other characters."""
    lengths = [(len(value), len(_longest(value, what))) for value in values]
    return sum(found >= 0.8 * length for length, found in lengths) >= _MOST * len(lengths)


def _longest(value: bytes, what: str) -> bytes:
    if what == "email addresses":
        return max((value[found.start : found.end] for found in addresses.find(value)), key=len, default=b"")
    if what in ("IBANs", "phone numbers"):
        return max(contacts.find(value), key=len, default=b"")
    return value


def _has_address(value: bytes) -> bool:
    return next(addresses.find(value), None) is not None


def _has_hidden_address(value: bytes) -> bool:
    return any(_has_address(decoded) for decoded in map(_decode, _BASE64.findall(value)) if decoded)


def _has_contact(value: bytes) -> bool:
    return bool(contacts.find(value))


def _has_iban(value: bytes) -> bool:
    return any(found[:2].isalpha() for found in contacts.find(value))


def _decode(text: bytes) -> bytes:
    """What a text in base64 holds, unpacked if that is gzip; empty if it is not base64."""
    try:
        decoded = base64.b64decode(
            text.replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4)
        )
        if decoded.startswith(_GZIP):
            decoded = zlib.decompressobj(wbits=31).decompress(decoded, _MAX_DECODED)
    except (binascii.Error, zlib.error):
        return b""
    return decoded
