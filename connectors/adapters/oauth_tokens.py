"""Stores the OAuth 2 tokens of connections; one process at a time refreshes them."""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from connectors.models import OAuthTokens
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.tokens import TokenPair
from hub.models import Connection

# How long a refresh may take. After that it is abandoned, and its refresh token counts as used.
LEASE = timedelta(seconds=120)
RECONNECT = "Connect the account again: the vendor may have used up the stored refresh token."

State = OAuthTokens.State


def store_tokens(*, connection: Connection, tokens: TokenPair) -> None:
    """Store the tokens of a new authorization, replacing existing ones."""
    OAuthTokens.objects.update_or_create(
        connection=connection,
        defaults={
            "tokens": {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token},
            "expires_at": tokens.expires_at,
            "state": State.VALID,
            "lease_until": None,
        },
    )


class DatabaseTokenStore:
    """The tokens of one connection, stored in the database (sdk.tokens.TokenStore).

    The process that refreshes holds a lease, fenced by `epoch`; no transaction is open while the vendor is called. If
    the vendor's answer is lost, the refresh token may have been used, so the connection has to be authorized again.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection_id = connection.pk

    def load(self) -> TokenPair | None:
        row = OAuthTokens.objects.filter(connection_id=self._connection_id).first()
        if row is None:
            return None
        if row.state == State.RECONNECT:
            raise NeedsAttention("The connection has to be authorized again.", fix=RECONNECT)
        return row.pair

    def refresh(self, *, replaces: str, exchange: Callable[[str], TokenPair]) -> TokenPair:
        row = self._take(replaces)
        if row.state != State.REFRESHING:
            return row.pair
        try:
            tokens = exchange(row.pair.refresh_token)
        except TryAgainLater as error:
            # If there was an answer, or the request was never sent, the token was not used.
            self._finish(row.epoch, State.RECONNECT if error.sent and not error.status else State.VALID)
            raise
        except NeedsAttention:
            self._finish(row.epoch, State.RECONNECT)
            raise
        except BaseException:
            self._finish(row.epoch, State.RECONNECT)
            raise
        self._save(tokens)
        return tokens

    def _take(self, replaces: str) -> OAuthTokens:
        """The row; with the lease (REFRESHING) unless another process has already replaced the token."""
        with transaction.atomic():
            row = (
                OAuthTokens.objects.select_for_update(of=("self",))
                .annotate(now=Now())
                .filter(connection_id=self._connection_id)
                .first()
            )
            if row is None:
                raise NeedsAttention("The connection was never authorized.", fix=RECONNECT)
            if row.state == State.REFRESHING and row.lease_until and row.lease_until <= row.now:
                # The process that was refreshing it was lost.
                row.state = State.RECONNECT
                row.save(update_fields=["state"])
            elif row.state == State.REFRESHING:
                raise TryAgainLater("Another worker is refreshing the token.", not_before=row.lease_until, sent=False)
            elif row.state == State.VALID and row.pair.access_token == replaces:
                row.state, row.lease_until, row.epoch = State.REFRESHING, row.now + LEASE, row.epoch + 1
                row.save(update_fields=["state", "lease_until", "epoch"])
        if row.state == State.RECONNECT:
            raise NeedsAttention("The connection has to be authorized again.", fix=RECONNECT)
        return row

    def _finish(self, epoch: int, state: str) -> None:
        OAuthTokens.objects.filter(connection_id=self._connection_id, epoch=epoch).update(state=state, lease_until=None)

    def _save(self, tokens: TokenPair) -> None:
        """Store the tokens even if the lease has expired: the vendor's last answer contains the valid tokens."""
        OAuthTokens.objects.filter(connection_id=self._connection_id).update(
            tokens={"access_token": tokens.access_token, "refresh_token": tokens.refresh_token},
            expires_at=tokens.expires_at,
            state=State.VALID,
            lease_until=None,
        )
