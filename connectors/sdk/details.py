"""Details that need calls of their own for each item: one item whose calls fail holds up no other (N11).

A call that fails may mean that the platform is down, or that it cannot answer for this one item. If it fails again and
again while others are answered, it is the item: it gets an issue, and the engine fetches it again later.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.isolation import Isolation
from connectors.sdk.records import Problem, Record
from connectors.sdk.responses import RequestRejected

# If the calls of more items fail, it is an outage, whatever else is answered.
MAX_FAILED = 3
# The deadline of the calls that follow a failed one, in seconds: the page has to be read within the lease.
SHORT_DEADLINE = 5.0

# What a row has instead of details that were rejected, or that failed: the reason. They are stored with the row (S7).
_REJECTED = "details_rejected"
_FAILED = "details_failed"

Row = dict[str, Any]


def add_details(http: HttpClient, rows: Iterable[Row], add: Callable[[Row], None]) -> None:
    """Call `add` for each row: it adds to the row what calls of its own return.

    A row is marked if the platform rejects its calls (it may have been deleted since it was listed), or if they fail
    and `http.isolation` says that it is the item's fault; otherwise the error is raised. `details_problem` is the
    problem of a marked row; a later `add_details` leaves it out.
    """
    failed: list[tuple[Row, TryAgainLater]] = []
    answered = http.isolation is Isolation.ALWAYS
    deadline = http.deadline
    try:
        for row in rows:
            if details_problem(row):
                continue
            calls = http.calls
            try:
                add(row)
            except SkipRecord as error:
                row[_REJECTED] = _reason(error)
                answered = True
            except TryAgainLater as error:
                failed.append((row, error))
                # One that was not sent, or is to be sent later, has nothing to do with the item.
                if http.isolation is Isolation.NEVER or not error.sent or error.not_before or len(failed) > MAX_FAILED:
                    raise
                http.deadline = min(deadline, SHORT_DEADLINE)
            else:
                answered = answered or http.calls > calls
    finally:
        http.deadline = deadline
    for row, failure in failed:
        if not answered:
            raise failure
        row[_FAILED] = _reason(failure)


def fetch_each(http: HttpClient, ids: Sequence[int], find: Callable[[int], Row | None]) -> list[Row]:
    """The rows that `find` returns, each by its ID, for platforms that return one item per call.
    None: there is no such item.

    A row that cannot be fetched is marked as in `add_details`, and has nothing but its `id`.
    """
    rows: list[Row] = [{"id": number} for number in ids]

    def add(row: Row) -> None:
        found = find(row["id"])
        row.clear()
        row.update(found or {})

    add_details(http, rows, add)
    return [row for row in rows if row]


def details_problem(row: Any) -> Problem | None:
    """The problem of a row without its details; None if it has them."""
    if not isinstance(row, dict):
        return None
    if _FAILED in row:
        return issues.DETAILS_FAILED(reason=row[_FAILED])
    return issues.UNREADABLE(field="Details", reason=row[_REJECTED]) if _REJECTED in row else None


def failed_mark(reason: str) -> Row:
    """The mark of a row for which the platform reports a failure beside the other rows of a page."""
    return {_FAILED: reason.rstrip(".")[:300]}


def details_mark(row: Row) -> Row:
    """The mark of a row, for the rows that are made from it; empty without one."""
    return {name: row[name] for name in (_REJECTED, _FAILED) if name in row}


def to_fetch_again(records: Iterable[Record]) -> set[str]:
    """The IDs of the items whose details failed: they have to be fetched again later."""
    code = issues.DETAILS_FAILED.code
    return {record.external_id for record in records if any(problem.code == code for problem in record.problems)}


def _reason(error: SkipRecord | TryAgainLater) -> str:
    if isinstance(error, RequestRejected):
        return f"the platform answered with status {error.status}"
    return str(error).rstrip(".")[:300]
