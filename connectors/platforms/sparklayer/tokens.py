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
SPARE = 60.0


class Token(NamedTuple):
    text: str
    ends: float


# Whose token it is, by everything that it was asked for with; the secret only as a digest.
_known: dict[tuple[str, ...], Token] = {}


class Tokens:
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

    def current(self) -> str:
        """One that is good for a while. NeedsAttention if the credentials are refused."""
        token = _known.get(self._key)
        if token is None or token.ends < monotonic():
            token = _known[self._key] = self._take()
        return token.text

    def forget(self) -> None:
        """It was refused before its time."""
        _known.pop(self._key, None)

    def _take(self) -> Token:
        try:
            answer = self._http.request("POST", PATH, body=self._body).json()
        except (Refused, NeedsAttention) as refused:
            raise NeedsAttention(
                f"SparkLayer gives no access token ({refused.status}).",
                mend="Make a new API key in the SparkLayer dashboard (Settings, API), and enter site id, client id and "
                "client secret in the connection. API access needs the Pro or Enterprise plan.",
            ) from refused
        match answer:
            case {"access_token": str(text)} if text:
                seconds = answer.get("expires_in")
                lasts = float(seconds) if isinstance(seconds, int | float) else 3600.0
                return Token(text, monotonic() + max(0.0, lasts - SPARE))
        raise TryAgainLater("SparkLayer answered without an access token.", sent=False)
