"""Access tokens by client credentials, good for an hour, kept by the process: turns are short, and each opens a client.

https://docs.sparklayer.io/developers/authentication
"""

from hashlib import blake2b
from time import monotonic
from typing import NamedTuple

from connectors.contract import Account
from connectors.errors import NeedsAttention, TryAgainLater
from connectors.http import HttpClient, Refused

PATH = "/api/auth/token"
# A token is renewed so many seconds before it ends.
EXPIRY_MARGIN_SECONDS = 60.0


class Token(NamedTuple):
    text: str
    expires_at: float


# Whose token it is, by everything that it was asked for with; the secret only as a digest.
_token_cache: dict[tuple[str, ...], Token] = {}


class TokenCache:
    """Those of one account."""

    def __init__(self, account: Account, http: HttpClient) -> None:
        secret = account.credentials.client_secret.get_secret_value()
        self._http = http
        self._body = {
            "grant_type": "client_credentials",
            "client_id": account.settings.client_id,
            "client_secret": secret,
        }
        digest = blake2b(secret.encode(), digest_size=16).hexdigest()
        self._key = (account.base_url, account.settings.site_id, account.settings.client_id, digest)

    def access_token(self) -> str:
        """One that is good for a while. NeedsAttention if the credentials are refused."""
        token = _token_cache.get(self._key)
        if token is None or token.expires_at < monotonic():
            token = _token_cache[self._key] = self._request_token()
        return token.text

    def invalidate(self) -> None:
        """It was refused before its time."""
        _token_cache.pop(self._key, None)

    def _request_token(self) -> Token:
        try:
            answer = self._http.request("POST", PATH, body=self._body).json()
        except (Refused, NeedsAttention) as refused:
            raise NeedsAttention(
                f"SparkLayer gives no access token ({refused.status}).",
                fix="Make a new API key in the SparkLayer dashboard (Settings, API), and enter site id, client id and "
                "client secret in the connection. API access needs the Pro or Enterprise plan.",
            ) from refused
        match answer:
            case {"access_token": str(text)} if text:
                seconds = answer.get("expires_in")
                lifetime = float(seconds) if isinstance(seconds, int | float) else 3600.0
                return Token(text, monotonic() + max(0.0, lifetime - EXPIRY_MARGIN_SECONDS))
        raise TryAgainLater("SparkLayer answered without an access token.", sent=False)
