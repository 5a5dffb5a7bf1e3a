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
    """Something wrong with an item. `code` names the type of issue (synclog.issue_catalog), `values` fill in its texts.

    A `fatal` problem keeps the whole item out. `ref` is the external ID with its kind (`variant:5`) that the problem
    belongs to; empty: the item itself. Values are text and integers, so that they can be stored as JSON.
    """

    code: str
    values: dict[str, str | int] = field(default_factory=dict)
    fatal: bool = False
    ref: str = ""


@dataclass(slots=True, kw_only=True)
class Record:
    external_id: str
    raw: Any = None
    updated_at: datetime | None = None
    link: str = ""
    problems: list[Problem] = field(default_factory=list)
