"""How long live keeps the rows of a table: the values of `RETENTION` in each app's `policy.py`."""

import re
from dataclasses import dataclass
from typing import Any

_RETENTION = re.compile(
    r"forever|(?P<days>[1-9]\d*) days by (?P<column>\w+)|partition (?P<partition>[1-9]\d*) days"
    r"|with (?P<parent>\w+)"
)


class InvalidRetention(ValueError):
    """The text is not a retention. The message says which forms there are."""


@dataclass(frozen=True)
class Retention:
    """How long live keeps a table's rows: `days` by `column` or partition, as long as `parent`, or forever."""

    days: int | None = None
    column: str | None = None
    parent: str | None = None


def parse_retention(text: Any) -> Retention:
    """Parses the retention of one table. Raises InvalidRetention."""
    match = _RETENTION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise InvalidRetention(
            f"{text!r} is not a valid retention: use `forever`, `90 days by created_at`, `partition 30 days`, "
            "or `with orders_order` for rows deleted with their parent"
        )
    if match["partition"]:
        return Retention(days=int(match["partition"]))
    return Retention(int(match["days"]) if match["days"] else None, match["column"], match["parent"])
