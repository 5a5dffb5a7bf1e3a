"""Errors as texts for people."""

from connectors.sdk.errors import ConnectorError, NeedsAttention


def error_text(error: Exception) -> str:
    """The text of an adapter's error, with its fix.

    Of a bug only its class, because its text may contain personal data: the caller has to log it.
    """
    if not isinstance(error, ConnectorError):
        return f"Internal error: {type(error).__name__}. See the server log for details."
    fix = error.fix if isinstance(error, NeedsAttention) else ""
    return f"{str(error) or type(error).__name__} {fix}".strip()
