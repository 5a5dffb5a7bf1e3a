"""Parts of SuiteQL queries, and the values of their rows."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sdk.errors import TryAgainLater

# Oracle's limit of expressions in one list.
MAX_LIST_VALUES = 1000

# Values are text; a column without a value is left out.
Row = dict[str, Any]


def literal(value: str) -> str:
    """Text as a literal."""
    return "'" + value.replace("'", "''") + "'"


def in_conditions(column: str, values: Iterable[str | int]) -> Iterator[str]:
    """`column IN (…)`, one condition for every `MAX_LIST_VALUES` values."""
    waiting = iter(values)
    while batch := list(islice(waiting, MAX_LIST_VALUES)):
        literals = [literal(each) if isinstance(each, str) else str(each) for each in batch]
        yield f"{column} IN ({', '.join(literals)})"


def changed_since(column: str, since: datetime, time_zone: str) -> str:
    """The condition that the time in a column is `since` (aware) or later.

    Queries compare times in the time zone of the user who signs in. In the hour that a clock shows twice, this finds
    more rows than needed.
    """
    local = since.astimezone(ZoneInfo(time_zone)).strftime("%Y-%m-%d %H:%M:%S")
    return f"{column} >= TO_TIMESTAMP('{local}', 'YYYY-MM-DD HH24:MI:SS')"


def required_int(row: Row, column: str) -> int:
    """A number that every row must have. TryAgainLater if it is missing: the answer is not what was asked for."""
    value = row.get(column)
    if not str(value).isdecimal():
        raise TryAgainLater(f"NetSuite answered a query without the column {column}.", sent=False)
    return int(str(value))
