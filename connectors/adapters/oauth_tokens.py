"""Where the OAuth 2 tokens of connections are kept, and how one process at a time refreshes them."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from connectors.models import OAuthTokens
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.tokens import TokenPair
from hub.models import Connection

# How long a refresh may take: longer than the deadline of a remote call. After that its refresh token counts as spent.
LEASE = timedelta(seconds=120)
# How long the other workers wait before they look whether a refresh has finished.
_POLL_INTERVAL = timedelta(seconds=2)

_NOT_AUTHORIZED = "The connection is not authorized."
_RECONNECT = "The connection has to be authorized again: its refresh token may have been used up."
_FIX = (
    "Create a new refresh token at the platform and enter it in the credentials of the connection. If an app was "
    "installed, authorize the connection again."
)
# OAuth 2 rejects a refresh token that is unknown or spent with this status (RFC 6749, 5.2).
_REFRESH_TOKEN_REJECTED = HTTPStatus.BAD_REQUEST

State = OAuthTokens.State


def store_tokens(*, connection: Connection, tokens: TokenPair) -> None:
    """Keep the tokens of a new authorization and forget the earlier ones, even if they are being refreshed."""
    values = {
        "tokens": _as_json(tokens),
        "expires_at": tokens.expires_at,
        "state": State.VALID,
        "lease_until": None,
    }
    OAuthTokens.objects.update_or_create(
        connection=connection,
        # The next epoch, so that a refresh of the earlier tokens can't be saved any more.
        defaults=values | {"epoch": F("epoch") + 1},
        create_defaults=values,
    )


def store_refresh_token(*, connection: Connection, refresh_token: str) -> None:
    """Keep a refresh token that a person entered. The first call exchanges it."""
    store_tokens(connection=connection, tokens=TokenPair("", refresh_token, expires_at=connection.created_at))


def delete_tokens(*, connection: Connection) -> None:
    """Forget the tokens of a connection that is uninstalled."""
    OAuthTokens.objects.filter(connection=connection).delete()


class DatabaseTokenStore:
    """The tokens of one connection, in a row (sdk.tokens.TokenStore).

    The process that refreshes has a lease in the row, fenced by `epoch`. No transaction and no session lock is held
    while the vendor is called. If the answer is lost, nobody knows whether the refresh token was used: the connection
    has to be authorized again.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection_id = connection.pk

    def load(self) -> TokenPair | None:
        row = OAuthTokens.objects.filter(connection_id=self._connection_id).first()
        return None if row is None else _usable_pair(row)

    def refresh(self, *, replaces: str, exchange: Callable[[str], TokenPair]) -> TokenPair:
        """Replace the tokens, unless another process has done so since this one read the access token `replaces`.

        `exchange` gets the refresh token and calls the vendor. Returns the tokens that are valid now. TryAgainLater if
        another process is refreshing them, or the vendor did not accept the call and the refresh token is still unused;
        NeedsAttention if the connection has to be authorized again. No transaction may be open.
        """
        row = self._acquire_lease(replaces)
        pair = _usable_pair(row)
        if row.state != State.REFRESHING:
            return pair
        try:
            tokens = exchange(pair.refresh_token)
        except TryAgainLater as error:
            if not _may_have_been_used(error):
                self._release(row.epoch, State.VALID)
                raise
            self._release(row.epoch, State.RECONNECT)
            raise NeedsAttention(f"{error} {_RECONNECT}", fix=_FIX) from error
        except NeedsAttention as error:
            self._release(row.epoch, State.RECONNECT if error.status == _REFRESH_TOKEN_REJECTED else State.VALID)
            raise
        except BaseException:
            self._release(row.epoch, State.RECONNECT)
            raise
        self._save(row.epoch, tokens)
        return tokens

    def _acquire_lease(self, replaces: str) -> OAuthTokens:
        """The row: with the lease if the token is to be refreshed, without it if another process has done so.

        The transaction is durable: inside another one the lease would not be visible to anybody during the call.
        """
        with transaction.atomic(durable=True):
            row = (
                OAuthTokens.objects.select_for_update(of=("self",))
                .annotate(now=Now())
                .filter(connection_id=self._connection_id)
                .first()
            )
            if row is None:
                raise NeedsAttention(_NOT_AUTHORIZED, fix=_FIX)
            if row.state == State.REFRESHING and row.lease_until and row.lease_until > row.now:
                raise TryAgainLater(
                    "Another worker is refreshing the access token.",
                    not_before=min(row.lease_until, row.now + _POLL_INTERVAL),
                    sent=False,
                )
            if row.state == State.REFRESHING:
                # The process that refreshed it was lost before it could save the answer.
                row.state = State.RECONNECT
                row.save(update_fields=["state"])
            elif row.state == State.VALID and _usable_pair(row).access_token == replaces:
                row.state, row.lease_until, row.epoch = State.REFRESHING, row.now + LEASE, row.epoch + 1
                row.save(update_fields=["state", "lease_until", "epoch"])
        return row

    def _release(self, epoch: int, state: str) -> None:
        self._rows(epoch).update(state=state, lease_until=None)

    def _save(self, epoch: int, tokens: TokenPair) -> None:
        """Also after the lease has expired: as long as nobody else has authorized it, this is the token in force."""
        self._rows(epoch).update(
            tokens=_as_json(tokens), expires_at=tokens.expires_at, state=State.VALID, lease_until=None
        )

    def _rows(self, epoch: int) -> QuerySet[OAuthTokens]:
        return OAuthTokens.objects.filter(connection_id=self._connection_id, epoch=epoch)


def _usable_pair(row: OAuthTokens) -> TokenPair:
    """NeedsAttention if the tokens may be spent, or were encrypted with a key that is lost."""
    if row.state == State.RECONNECT:
        raise NeedsAttention(_RECONNECT, fix=_FIX)
    if row.tokens is None:
        raise NeedsAttention(_NOT_AUTHORIZED, fix=_FIX)
    return row.pair


def _may_have_been_used(error: TryAgainLater) -> bool:
    """Whether the vendor may have accepted the refresh token: an answer was lost, or was no answer of the vendor's.

    A request that was never sent, or was answered with an error, leaves the token as it was.
    """
    return error.status < 400 if error.status else error.sent


def _as_json(tokens: TokenPair) -> dict[str, str]:
    return {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
