"""OAuth 2: client credentials (form, JSON, signed assertion) and refresh tokens (RFC 6749, RFC 7523)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, SecretStr
from requests import PreparedRequest

from connectors.sdk import clock
from connectors.sdk.authenticators import Authenticator
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.schemas import Schema
from connectors.sdk.serialization import canonical_json
from connectors.sdk.tokens import TokenPair, TokenStore

if TYPE_CHECKING:
    from connectors.sdk.http import HttpClient

# A token is renewed this many seconds before it expires.
EXPIRY_MARGIN = 60.0
# The assumed lifetime of a token if the vendor does not state it, in seconds.
DEFAULT_LIFETIME = 3600.0


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """The endpoint that issues tokens. `path` is relative to the connection's URL, or a full URL.

    `platform` and `fix` are used in the message for people if the vendor does not issue a token.
    """

    path: str
    platform: str
    fix: str
    body: Literal["form", "json"] = "form"

    def request(self, http: "HttpClient", fields: Mapping[str, str]) -> dict[str, Any]:
        """The response, which contains an access token. NeedsAttention if the vendor rejects the request."""
        content: dict[str, Any] = {"body": dict(fields)} if self.body == "json" else {"data": dict(fields)}
        try:
            response = http.request("POST", self.path, authenticate=False, **content)
        except NeedsAttention as error:
            raise self._rejected(error.status) from error
        except SkipRecord as error:
            raise self._rejected(getattr(error, "status", 0)) from error
        try:
            answer = response.json()
        except TryAgainLater as error:
            raise TryAgainLater(str(error), sent=False, status=response.status) from error
        if isinstance(answer, dict) and isinstance(answer.get("access_token"), str) and answer["access_token"]:
            return answer
        raise TryAgainLater(f"{self.platform} returned no access token.", sent=False, status=response.status)

    def _rejected(self, status: int) -> NeedsAttention:
        return NeedsAttention(f"{self.platform} did not issue an access token ({status}).", fix=self.fix, status=status)


def lifetime(answer: Mapping[str, Any]) -> float:
    """`expires_in` in seconds; vendors send it as a number or as a string."""
    seconds = whole_number(answer.get("expires_in"), max_digits=9)
    return DEFAULT_LIFETIME if seconds is None else float(seconds)


class _BearerToken(Authenticator):
    """Adds the access token that `prepare` has set. Some vendors have a header of their own for it."""

    header = "Authorization"
    prefix = "Bearer "
    _access_token = ""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers[self.header] = f"{self.prefix}{self._access_token}"
        return request


# (access token, monotonic time of its expiry) by a digest of everything it was requested with. Cached in the process,
# because turns are short and each opens a new client.
_issued: dict[bytes, tuple[str, float]] = {}


class ClientCredentials(_BearerToken):
    """Access tokens by client credentials, cached in the process until they expire.

    `fields` returns the request's fields, including a signed assertion; `identity` is everything that distinguishes the
    tokens of different accounts, including secrets: only its digest is kept.
    """

    def __init__(
        self, endpoint: TokenEndpoint, *, identity: tuple[str, ...], fields: Callable[[], Mapping[str, str]]
    ) -> None:
        self._endpoint = endpoint
        self._fields = fields
        self._identity = identity

    def prepare(self, http: "HttpClient") -> None:
        key = self._key(http)
        token, expires = _issued.get(key, ("", 0.0))
        if not token or expires < monotonic():
            answer = self._endpoint.request(http, self._fields())
            token = str(answer["access_token"])
            _issued[key] = token, monotonic() + max(0.0, lifetime(answer) - EXPIRY_MARGIN)
        self._access_token = token

    def renew(self, http: "HttpClient") -> bool:
        _issued.pop(self._key(http), None)
        return True

    def _key(self, http: "HttpClient") -> bytes:
        """The host is part of it, so that no token is sent to another host than the one that issued it."""
        return blake2b(canonical_json([http.base_url, self._endpoint.path, *self._identity]), digest_size=16).digest()


class RefreshTokenCredentials(Schema):
    """The credentials of a platform with refresh tokens, or their base.

    The value that a person enters is the first token. The ones that replace it are kept in the token store.
    """

    refresh_token: SecretStr = Field(
        min_length=1, title="Refresh token", description="Enter a new one to authorize the connection again."
    )


class RefreshTokens(_BearerToken):
    """Access tokens that are renewed with refresh tokens from a store. `fields` are sent with each refresh."""

    def __init__(self, endpoint: TokenEndpoint, store: TokenStore, *, fields: Mapping[str, str]) -> None:
        self._endpoint = endpoint
        self._store = store
        self._tokens: TokenPair | None = None
        self._fields = dict(fields)

    def prepare(self, http: "HttpClient") -> None:
        tokens = self._tokens or self._store.load()
        if tokens is None:
            raise NeedsAttention(
                f"{self._endpoint.platform} has not authorized this connection.", fix=self._endpoint.fix
            )
        if tokens.expires_at <= clock.now() + timedelta(seconds=EXPIRY_MARGIN):
            tokens = self._refresh(http, tokens.access_token)
        self._use(tokens)

    def renew(self, http: "HttpClient") -> bool:
        self._use(self._refresh(http, self._access_token))
        return True

    def _use(self, tokens: TokenPair) -> None:
        self._tokens, self._access_token = tokens, tokens.access_token

    def _refresh(self, http: "HttpClient", replaces: str) -> TokenPair:
        def exchange(refresh_token: str) -> TokenPair:
            fields = self._fields | {"grant_type": "refresh_token", "refresh_token": refresh_token}
            answer = self._endpoint.request(http, fields)
            return TokenPair(
                access_token=str(answer["access_token"]),
                # A vendor that does not rotate refresh tokens leaves it out (RFC 6749, 6).
                refresh_token=str(answer.get("refresh_token") or refresh_token),
                expires_at=clock.now() + timedelta(seconds=lifetime(answer)),
            )

        return self._store.refresh(replaces=replaces, exchange=exchange)
