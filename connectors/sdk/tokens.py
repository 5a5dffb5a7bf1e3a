"""OAuth 2 tokens that outlive a process: where refresh tokens are kept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token with the refresh token that follows it. `expires_at` is UTC."""

    access_token: str
    refresh_token: str
    expires_at: datetime


class TokenStore(Protocol):
    """The tokens of one connection.

    Many vendors accept a refresh token once: the answer that replaces it must be stored before it is used, and nobody
    else may use the same one meanwhile. The store sees to both.
    """

    def load(self) -> TokenPair | None:
        """The tokens in force; None before the connection was authorized."""

    def refresh(self, *, replaces: str, exchange: Callable[[str], TokenPair]) -> TokenPair:
        """The tokens that replace the access token `replaces`, stored.

        `exchange` gets the refresh token and calls the vendor; it is called once, by one process at a time, and not at
        all if another process has replaced `replaces` already. TryAgainLater while another process refreshes;
        NeedsAttention if the connection has to be authorized again, as after an answer that was lost.
        """
