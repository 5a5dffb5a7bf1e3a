"""Builds parts of SuiteQL queries, and reads the values of their rows."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import TryAgainLater

# Oracle's limit for the number of expressions in a list.
MAX_LIST_VALUES = 1000

# Lines of a transaction (`line`) that stand for items: without the header, tax, cost of goods, and members of kits and
# assemblies. Seen in public code; the help does not describe the columns.
SOLD_LINES = (
    "line.mainline = 'F' AND line.taxline = 'F' AND COALESCE(line.iscogs, 'F') = 'F' AND line.kitmemberof IS NULL "
    "AND COALESCE(line.assemblycomponent, 'F') = 'F'"
)

_NOTHING = timedelta(0)

# Values are strings; a column without a value is left out of the row.
Row = dict[str, Any]


def literal(value: str) -> str:
    """The text as a quoted SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def in_conditions(column: str, values: Iterable[str | int]) -> Iterator[str]:
    """`column IN (…)`, one condition for every `MAX_LIST_VALUES` values."""
    waiting = iter(values)
    while batch := list(islice(waiting, MAX_LIST_VALUES)):
        literals = [literal(each) if isinstance(each, str) else str(each) for each in batch]
        yield f"{column} IN ({', '.join(literals)})"


def has_status(table: str, transaction_type: str, letter: str) -> str:
    """The condition that a transaction has the status: some accounts have the letter alone, others `ItemShip:C`."""
    return f"{table}.status IN ('{letter}', '{transaction_type}:{letter}')"


def changed_since(column: str, since: datetime, time_zone: str) -> str:
    """The condition that the time in a column is `since` (aware) or later.

    Queries compare times in the time zone of the authenticated user. Of the hour that is repeated when daylight saving
    time ends, this returns more rows than needed: those of the second time have earlier times than `since`.
    """
    local = since.astimezone(ZoneInfo(time_zone))
    set_back = (local.utcoffset() or _NOTHING) - (local.replace(fold=1).utcoffset() or _NOTHING)
    return f"{column} >= TO_TIMESTAMP('{local - set_back:%Y-%m-%d %H:%M:%S}', 'YYYY-MM-DD HH24:MI:SS')"


def required_int(row: Row, column: str) -> int:
    """An integer that every row must have. TryAgainLater if it is missing, because the response is not that of the
    query."""
    value = whole_number(row.get(column))
    if value is None:
        raise TryAgainLater(f"NetSuite's response to a query has no column {column}.", sent=False)
    return value
