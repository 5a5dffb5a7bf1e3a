"""Checks every masked block before it is sent: no email address outside the masking domain may pass (N4)."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from staging_copy.masking import addresses


class AddressFound(Exception):
    """A block contains an unmasked email address. The message never contains the address itself."""


@dataclass
class ScanResult:
    """What the leak check read and found. `other_signs`: at signs that belong to no address, by column."""

    blocks: int = 0
    bytes: int = 0
    masked: int = 0
    allowed: int = 0
    outside: int = 0
    other_signs: Counter[str] = field(default_factory=Counter)


class LeakCheck:
    """Finds addresses other than NUMBER@domain and the `allowed` ones (full addresses, case-insensitive)."""

    def __init__(self, domain: str, allowed: Iterable[str] = ()) -> None:
        self._domain = domain.lower().encode()
        self._ours = re.compile(rb"@(?<=[0-9]@)(?i:" + re.escape(self._domain) + rb")(?![\w.-])")
        self._allowed = {addresses.normalized(address.encode()) for address in allowed}
        self.result = ScanResult()

    def check(self, block: bytes, table: str, columns: list[str]) -> None:
        """Raises AddressFound, naming table and column. `block` is whole lines of COPY text."""
        # Counting is much faster than searching, and usually enough: every at sign belongs to a masked address.
        self.result.blocks += 1
        self.result.bytes += len(block)
        at_signs = block.count(b"@")
        if (not at_signs or len(self._ours.findall(block)) == at_signs) and not addresses.has_encoded_at_sign(block):
            self.result.masked += at_signs
            return
        done = 0
        for found in addresses.find(block):
            self._count_other_signs(block, done, found.start, table, columns)
            done = found.end
            if self._is_ours(found):
                self.result.masked += 1
            elif found.normalized in self._allowed:
                self.result.allowed += 1
            else:
                self.result.outside += 1
                line_start = block.rfind(b"\n", 0, found.start) + 1
                column = columns[block.count(b"\t", line_start, found.start)]
                first = block[line_start : block.find(b"\t", line_start)]
                row = (
                    "" if self.foreign(first) else f", in the row with {columns[0]} {first.decode(errors='replace')!r}"
                )
                raise AddressFound(
                    f"{table}.{column} contains an unmasked email address{row}. "
                    "Use `scrub` or a mask for the column, or add the address to STAGING_COPY_ALLOWED_ADDRESSES."
                )

        self._count_other_signs(block, done, len(block), table, columns)

    def _count_other_signs(self, block: bytes, start: int, end: int, table: str, columns: list[str]) -> None:
        position = block.find(b"@", start, end)
        while position >= 0:
            line_start = block.rfind(b"\n", 0, position) + 1
            column = columns[block.count(b"\t", line_start, position)]
            self.result.other_signs[f"{table}.{column}"] += 1
            position = block.find(b"@", position + 1, end)

    def foreign(self, text: bytes) -> list[addresses.FoundAddress]:
        """The addresses in `text` that are neither masked nor allowed."""
        return [
            found for found in addresses.find(text) if not (self._is_ours(found) or found.normalized in self._allowed)
        ]

    def _is_ours(self, found: addresses.FoundAddress) -> bool:
        return found.local.isdigit() and len(found.local) <= 20 and found.domain.lower() == self._domain
