"""The base of all records that are read from a source.

A record is one item of a source in the hub's format. `external_id` is the source's ID as text; `raw` is the data as
received, stored for S7. Times are aware and in UTC. A problem found while reading is added to `problems` instead of
being raised, so that the rest of the item is synced.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Problem:
    """A problem with an item. `code` names the issue type (synclog.issue_catalog), `values` fill in its texts.

    A `fatal` problem prevents the whole item from being synced. `ref` is the external ID with its kind (`variant:5`)
    that the problem belongs to; empty: the item itself. Values are text and integers, so that they can be stored as
    JSON.
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
