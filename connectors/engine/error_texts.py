"""Errors as texts for people."""

from common.error_references import error_reference
from connectors.sdk.errors import ConnectorError, NeedsAttention


def error_text(error: Exception) -> str:
    """The text of an adapter's error, with its fix.

    Of a bug only its class, because its text may contain personal data, and the reference that the log has beside its
    traceback: the caller has to log it.
    """
    if not isinstance(error, ConnectorError):
        reference = error_reference(error)
        return f"Error in SyncCenter ({type(error).__name__}). Contact support with the reference {reference}."
    fix = error.fix if isinstance(error, NeedsAttention) else ""
    return f"{str(error) or type(error).__name__} {fix}".strip()
