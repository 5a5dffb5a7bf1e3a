"""Interprets a store's error responses for items, and the results of removals."""

from typing import Any

from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Operation, Outcome
from connectors.sdk.responses import Refused


def refusal_reason(refused: Refused) -> str:
    """The reason as stated by the store."""
    body = refused.body if isinstance(refused.body, dict) else {}
    details = "; ".join(filter(None, map(error_text, body.get("batch_errors") or [body])))
    return details or refused.response.text(200)


def refusal_error(refused: Refused) -> SkipRecord:
    """The error for one rejected item."""
    return SkipRecord(issues.REJECTED(reason=refusal_reason(refused)))


def error_text(error: Any) -> str:
    if not isinstance(error, dict):
        return ""
    fields = error.get("errors") or error.get("field_errors")
    reported = [f"{name}: {text}" for name, text in fields.items()] if isinstance(fields, dict) else []
    return ", ".join(filter(None, [str(error.get("title") or ""), *reported]))


def removal_outcome(operation: Operation[Any]) -> Outcome:
    """The outcome of removing an item. If the response to its creation was lost, its ID is unknown and it cannot be
    removed."""
    if operation.external_id:
        return Outcome(external_id=operation.external_id)
    return Outcome(error=SkipRecord(issues.OUTCOME_UNKNOWN()))
