"""What every record read from a source has in common.

A record is one item of a source in the hub's own terms. `external_id` is the source's own id as text; `raw` is what
was received, kept for S7. Times are aware and in UTC. A problem found while reading is put into `problems` rather than
raised, so that the rest of the item is synced.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Problem:
    """What is wrong with a record, in a merchant's words. `fatal` keeps the whole item out of the hub.

    `ref` is the external id with its kind (`variant:5`) that the problem belongs to; empty: the record itself.
    """

    code: str
    message: str
    fix: str
    fatal: bool = False
    ref: str = ""


@dataclass(slots=True, kw_only=True)
class Record:
    external_id: str
    raw: Any = None
    updated_at: datetime | None = None
    link: str = ""
    problems: list[Problem] = field(default_factory=list)
