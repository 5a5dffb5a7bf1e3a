"""Checks every masked block before it is sent: no email address outside the masking domain may pass (N4)."""

import re
from collections.abc import Iterable

from staging_copy import addresses


class AddressFound(Exception):
    """A block contains an unmasked email address. The message never contains the address itself."""


class LeakCheck:
    """Finds addresses other than NUMBER@domain and the `allowed` ones (full addresses, case-insensitive)."""

    def __init__(self, domain: str, allowed: Iterable[str] = ()) -> None:
        self._domain = domain.encode()
        self._ours = re.compile(rb"@(?<=[0-9]@)" + re.escape(self._domain) + rb"(?![\w.-])")
        self._allowed = {addresses.normalized(address.encode()) for address in allowed}

    def check(self, block: bytes, table: str, columns: list[str]) -> None:
        """Raises AddressFound, naming table and column. `block` is whole lines of COPY text."""
        # Counting is much faster than searching, and usually enough: every at sign belongs to a masked address.
        at_signs = block.count(b"@")
        if (not at_signs or len(self._ours.findall(block)) == at_signs) and not addresses.has_encoded_at_sign(block):
            return
        for found in addresses.find(block):
            if not self._is_allowed(found):
                line_start = block.rfind(b"\n", 0, found.start) + 1
                column = columns[block.count(b"\t", line_start, found.start)]
                first = block[line_start : block.find(b"\t", line_start)].decode(errors="replace")
                raise AddressFound(
                    f"{table}.{column} contains an unmasked email address, in the row with {columns[0]} {first!r}. "
                    "Use `scrub` or a mask for the column, or add the address to STAGING_COPY_ALLOWED_ADDRESSES."
                )

    def _is_allowed(self, found: addresses.FoundAddress) -> bool:
        ours = found.local.isdigit() and len(found.local) <= 20 and found.domain == self._domain
        return ours or found.normalized in self._allowed
