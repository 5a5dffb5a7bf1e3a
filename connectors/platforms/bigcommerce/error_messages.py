"""Interprets a store's error responses for items, and the results of removals."""

from typing import Any

from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Operation, Outcome
from connectors.sdk.responses import RequestRejected, Response


def rejection_reason(error: RequestRejected) -> str:
    """The reason as stated by the store."""
    body = error.body
    errors = body if isinstance(body, list) else [body]  # V2 returns a list
    if isinstance(body, dict):
        errors = body.get("batch_errors") or errors
    details = "; ".join(filter(None, map(error_text, errors)))
    return details or error.response.text(200)


def rejection_error(error: RequestRejected) -> SkipRecord:
    """The error for one rejected item."""
    return SkipRecord(issues.REJECTED(reason=rejection_reason(error)))


def partial_error(response: Response) -> SkipRecord | None:
    """The error for an item that was saved in part (207): the vendor says which values it did not save."""
    if response.status != 207:
        return None
    body = response.json()
    errors = body.get("errors") if isinstance(body, dict) else None
    return SkipRecord(issues.PARTLY_SAVED(reason=error_text(errors) or response.text(200)))


def error_text(error: Any) -> str:
    if not isinstance(error, dict):
        return ""
    fields = error.get("errors") or error.get("field_errors")
    reported = [f"{name}: {text}" for name, text in fields.items()] if isinstance(fields, dict) else []
    return ", ".join(filter(None, [str(error.get("title") or error.get("message") or ""), *reported]))


def removal_outcome(operation: Operation[Any]) -> Outcome:
    """The outcome of removing an item. If the response to its creation was lost, its ID is unknown and it cannot be
    removed."""
    if operation.external_id:
        return Outcome(external_id=operation.external_id)
    return Outcome(error=SkipRecord(issues.OUTCOME_UNKNOWN()))
