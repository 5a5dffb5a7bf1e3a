"""Interprets SparkLayer's error responses.

They are problems (RFC 7807) with `errors[]` of `code`, `message`, `property`; for prices usually an array of `line`,
`field`, `message`; and some have no body (https://docs.sparklayer.io/developers/errors). Whether `line` counts from 0
or from 1 is not documented.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.sdk import issues
from connectors.sdk.errors import BatchRejected, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome
from connectors.sdk.records import Problem
from connectors.sdk.responses import RequestRejected

Row = dict[str, Any]


class ConcurrentUpdate(TryAgainLater):
    """A 409 that names no field: another update of the same object is in progress. Nothing was changed."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: another update is in progress.", sent=False)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a rejection. `line` is the position in an array that was sent, counted from 0 or 1."""

    field: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.field or 'item'}: {self.message}"


def reasons(error: RequestRejected) -> list[Reason]:
    """The reasons that the response names, whatever its shape; empty if it names none."""
    body = error.body
    entries = body.get("errors") if isinstance(body, dict) else body
    found = []
    for each in entries if isinstance(entries, list) else ():
        if isinstance(each, dict):
            line = each.get("line")
            found.append(
                Reason(
                    str(each.get("property") or each.get("field") or ""),
                    str(each.get("message") or each.get("code") or "invalid"),
                    line if isinstance(line, int) and not isinstance(line, bool) else None,
                )
            )
    return found


def names_field(error: RequestRejected, part: str) -> bool:
    """Whether the error is about a field whose name contains this."""
    return any(part in reason.field for reason in reasons(error))


def rejection_text(error: RequestRejected) -> str:
    """SparkLayer's reason as text of at most 500 characters."""
    body = error.body if isinstance(error.body, dict) else {}
    text = "; ".join(map(str, reasons(error))) or body.get("detail") or body.get("title")
    return f"{text or f'no reason given ({error.status})'!s:.500}"


def rejection_error(error: RequestRejected) -> SkipRecord:
    """The error for one rejected item, with SparkLayer's message."""
    return SkipRecord(issues.REJECTED(reason=rejection_text(error)))


def batch_rejection(error: RequestRejected, rows: Sequence[Row], positions: Mapping[str, int]) -> BatchRejected:
    """The error for a rejected array of rows; `positions`: SKU → position of its operation in the batch.

    A reason is assigned to an item only if its message names the SKU of the row that its line points at, because the
    line may be counted from 0 or from 1. Unless all reasons can be assigned, the engine sends the items one by one.
    """
    problems: dict[int, Problem] = {}
    named = reasons(error)
    for reason in named:
        candidates = {rows[line]["sku"] for line in _lines(reason, len(rows))}
        skus = {sku for sku in candidates if re.search(rf"(?<![\w-]){re.escape(sku)}(?![\w-])", reason.message)}
        if len(skus) != 1:
            return BatchRejected(rejection_text(error))
        problems[positions[skus.pop()]] = issues.REJECTED(reason=f"{reason!s:.500}")
    return BatchRejected(rejection_text(error), item_errors=problems)


def _lines(reason: Reason, count: int) -> list[int]:
    return [] if reason.line is None else [line for line in (reason.line, reason.line - 1) if 0 <= line < count]


def send_each(operations: Sequence[Operation[Row]], send: Callable[[Operation[Row]], Outcome]) -> list[Outcome]:
    """Send items one by one, because there is no batch call. A rejected or conflicting item does not affect the
    others."""
    outcomes = []
    for operation in operations:
        try:
            if operation.action is Action.REMOVE and not operation.external_id:
                raise missing_id_error()
            outcomes.append(send(operation))
        except RequestRejected as rejection:
            outcomes.append(Outcome(error=rejection_error(rejection)))
        except (SkipRecord, ConcurrentUpdate) as error:
            outcomes.append(Outcome(error=error))
    return outcomes


def missing_id_error() -> SkipRecord:
    """For removing an item whose creation was not answered, so that its ID at SparkLayer is unknown."""
    return SkipRecord(issues.OUTCOME_UNKNOWN())
