"""Errors of the Admin API, most of which arrive with HTTP status 200.

https://docs.vendure.io/guides/developer-guide/error-handling
"""

from connectors.sdk.errors import ConnectorError, NeedsAttention, TryAgainLater
from connectors.sdk.graphql import GraphQLError

_DENIED = ("FORBIDDEN", "UNAUTHORIZED", "UNAUTHENTICATED")
_INTERNAL = ("INTERNAL_SERVER_ERROR", "DATABASE_ERROR", "UNKNOWN_ERROR")


def translate(error: GraphQLError) -> ConnectorError | None:
    """What an entry of `errors` means; None: the server rejects what was sent.

    A wrong key and a missing permission have the same code. An exception in the server has none, or is internal.
    """
    if error.code in _DENIED:
        field = f" to {error.path[0]}" if error.path else ""
        return NeedsAttention(
            f"Vendure denied the access{field}.",
            fix="Check the API key and the permissions of its role in Vendure under Settings, API keys. The server's "
            "configuration must allow API keys: authOptions.tokenMethod must contain api-key.",
        )
    if error.code == "NO_VALID_CHANNEL" or "channel token" in error.message.lower():
        return NeedsAttention(
            "Vendure does not know the channel token.",
            fix="Copy the token of the channel from Vendure, Settings, Channels, into the settings of the connection.",
        )
    if error.code in ("", *_INTERNAL):
        return TryAgainLater(f"Vendure failed: {error.message[:300]}")
    return None
