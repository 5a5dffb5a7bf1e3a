"""Shortens what NetSuite finds too long, so that it costs a value and not the record (M11).

Lengths of fields are not documented. NetSuite names field and length when it rejects a record, as public issues show:
https://github.com/getlago/lago-api/pull/3649
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from connectors.platforms.netsuite.error_messages import error_message
from connectors.sdk.responses import RequestRejected
from connectors.sdk.values import cut

_TOO_LONG = re.compile(r"The field (\w+) contained more than the maximum number \( ?(\d+) ?\) of characters")
# What describes and does not identify: an email address or an order number would be another one.
CUTTABLE = {
    "addressee", "attention", "addr1", "addr2", "addr3", "city", "state", "zip", "addrphone", "phone", "firstname",
    "lastname", "companyname", "memo", "description",
}  # fmt: skip


class TooLong(NamedTuple):
    """A field as NetSuite spells it, and how many characters it takes."""

    field: str
    limit: int


def too_long(error: RequestRejected) -> TooLong | None:
    """The field that was too long, if that is why NetSuite rejected a record, and if it may be cut."""
    found = _TOO_LONG.search(error_message(error))
    if found is None or found[1].lower() not in CUTTABLE:
        return None
    return TooLong(found[1], int(found[2]))


def shortened(body: Mapping[str, Any], field: TooLong) -> tuple[dict[str, Any], int]:
    """The body with all values of the field cut, and the length of the longest of them."""
    longest = 0

    def walk(value: Any, name: str = "") -> Any:
        nonlocal longest
        if isinstance(value, Mapping):
            return {key: walk(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [walk(each) for each in value]
        if isinstance(value, str) and name.lower() == field.field.lower() and len(value) > field.limit:
            longest = max(longest, len(value))
            return cut(value, field.limit)
        return value

    return walk(body), longest
