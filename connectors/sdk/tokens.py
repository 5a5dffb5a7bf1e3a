"""OAuth 2 tokens, and the interface of the store that keeps refresh tokens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token and the refresh token to replace it. `expires_at` is UTC."""

    access_token: str
    refresh_token: str
    expires_at: datetime


class TokenStore(Protocol):
    """Stores the tokens of one connection.

    Many vendors accept a refresh token only once. The store ensures that its replacement is stored before it is used,
    and that no other process uses the same refresh token.
    """

    def load(self) -> TokenPair | None:
        """The current tokens; None if the connection was never authorized."""

    def refresh(self, *, replaces: str, exchange: Callable[[str], TokenPair]) -> TokenPair:
        """Replace and store the tokens, unless another process has already replaced the access token `replaces`.

        `exchange` gets the refresh token and calls the vendor; it is called at most once, by one process at a time.
        TryAgainLater while another process refreshes; NeedsAttention if the connection has to be authorized again, for
        example because the vendor's response was lost.
        """
