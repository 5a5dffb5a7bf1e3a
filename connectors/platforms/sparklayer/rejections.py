"""Interprets SparkLayer's error responses (RFC 7807 problems)."""

from collections.abc import Callable, Sequence
from typing import Any

from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome
from connectors.sdk.responses import RequestRejected

Row = dict[str, Any]


class ConcurrentUpdate(TryAgainLater):
    """A 409 that names no field: another update of the same object is in progress. Nothing was changed."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: another update is in progress.", sent=False)


def property_errors(error: RequestRejected) -> list[dict[str, Any]]:
    """`errors[]` of a problem (RFC 7807): `code`, `message`, `property`."""
    body = error.body
    errors = body.get("errors") if isinstance(body, dict) else None
    return [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []


def names_property(error: RequestRejected, part: str) -> bool:
    """Whether the error is about a property whose name contains this."""
    return any(part in str(each.get("property", "")) for each in property_errors(error))


def rejection_error(error: RequestRejected) -> SkipRecord:
    """The error for one rejected item, with SparkLayer's message."""
    body = error.body if isinstance(error.body, dict) else {}
    named = [
        (each.get("property") or "item", each.get("message") or each.get("code")) for each in property_errors(error)
    ]
    reasons = "; ".join(f"{where}: {what}" for where, what in named)
    text = reasons or body.get("detail") or body.get("title") or f"no reason given ({error.status})"
    return SkipRecord(issues.REJECTED(reason=f"{text!s:.500}"))


def rejection_text(error: RequestRejected) -> str:
    """SparkLayer's reason, for errors that are not about one item."""
    return str(rejection_error(error).problem.values["reason"])


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
