"""Reads NetSuite's error responses (RFC 7807 problems with `o:errorDetails`)."""

from connectors.sdk.responses import RequestRejected

MAX_REASON_LENGTH = 500


def error_message(error: RequestRejected) -> str:
    """NetSuite's error messages, with the fields that they are about."""
    body = error.body
    details = body.get("o:errorDetails") if isinstance(body, dict) else None
    if not isinstance(details, list):
        return f"status {error.status}"
    reasons = []
    for each in details:
        if isinstance(each, dict) and each.get("detail"):
            path = f" ({each['o:errorPath']})" if each.get("o:errorPath") else ""
            reasons.append(f"{each['detail']}{path}")
    return " ".join(reasons)[:MAX_REASON_LENGTH] or f"status {error.status}"
