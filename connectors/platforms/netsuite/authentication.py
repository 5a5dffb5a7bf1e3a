"""Who we are to NetSuite: OAuth 1 tokens, or OAuth 2.0 client credentials with an assertion signed by a key.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_162790605110.html
"""

import re
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from textwrap import fill
from time import monotonic
from typing import NamedTuple

import jwt
from requests.auth import AuthBase
from requests_oauthlib import OAuth1

from connectors.contract import Account
from connectors.errors import NeedsAttention, TryAgainLater
from connectors.http import HttpClient, Refused

PATH = "/auth/oauth2/v1/token"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# A token is renewed so many seconds before it ends; it lasts an hour.
EXPIRY_MARGIN_SECONDS = 60.0
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.*)-----END \1-----", re.DOTALL)


def oauth1_auth(account: Account) -> AuthBase:
    """Signs each request by token-based authentication (TBA). The realm is the account as NetSuite writes it."""
    settings, credentials = account.settings, account.credentials
    return OAuth1(
        settings.client_id,
        client_secret=credentials.consumer_secret.get_secret_value(),
        resource_owner_key=settings.token_id,
        resource_owner_secret=credentials.token_secret.get_secret_value(),
        realm=settings.account.upper(),
        signature_method="HMAC-SHA256",
    )


class _Token(NamedTuple):
    text: str
    expires_at: float


# By everything that it was asked for with; the key only as a digest. A turn is short, and each opens a client.
_token_cache: dict[tuple[str, ...], _Token] = {}


class AccessTokens:
    """OAuth 2.0 tokens of one account, kept by the process as long as they are good."""

    def __init__(self, account: Account, http: HttpClient) -> None:
        self._settings = account.settings
        self._http = http
        self._key = _pem(account.credentials.private_key.get_secret_value())
        digest = blake2b(self._key.encode(), digest_size=16).hexdigest()
        self._cache_key = (http.base_url, self._settings.client_id, self._settings.certificate_id, digest)

    def access_token(self) -> str:
        """One that is good for a while. NeedsAttention if NetSuite, or the key itself, refuses."""
        token = _token_cache.get(self._cache_key)
        if token is None or token.expires_at < monotonic():
            token = _token_cache[self._cache_key] = self._request_token()
        return token.text

    def invalidate(self) -> None:
        """It was refused before its time."""
        _token_cache.pop(self._cache_key, None)

    def _request_token(self) -> _Token:
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION}
        try:
            answer = self._http.request("POST", PATH, data=form | {"client_assertion": self._assertion()}).json()
        except (Refused, NeedsAttention) as refused:
            raise NeedsAttention(
                f"NetSuite gives no access token ({refused.status or 'key'}).",
                fix="Compare client id, certificate id and signature with OAuth 2.0 Client Credentials (M2M) Setup "
                "there, and enter the certificate's private key anew. A certificate lasts two years at most.",
                status=refused.status,
            ) from refused
        match answer:
            case {"access_token": str(text)} if text:
                return _Token(text, monotonic() + max(0.0, _seconds(answer.get("expires_in")) - EXPIRY_MARGIN_SECONDS))
        raise TryAgainLater("NetSuite answered without an access token.", sent=False)

    def _assertion(self) -> str:
        now = datetime.now(UTC)
        claims = {
            "iss": self._settings.client_id,
            "scope": "rest_webservices",
            "aud": self._http.base_url + PATH,
            "iat": now,
            "exp": now + timedelta(minutes=5),
        }
        head = {"kid": self._settings.certificate_id}
        try:
            return jwt.encode(claims, self._key, algorithm=self._settings.algorithm, headers=head)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise NeedsAttention(f"The private key cannot sign ({type(error).__name__}).") from error


def _seconds(value: object) -> float:
    """NetSuite writes the number as a text."""
    return float(value) if isinstance(value, int | float | str) and str(value).isdecimal() else 3600.0


def _pem(text: str) -> str:
    """A key that has gone through a one-line form, with its lines again."""
    found = _PEM.search(text.replace("\\n", "\n"))
    if found is None:
        return text
    body = fill("".join(found[2].split()), 64)
    return f"-----BEGIN {found[1]}-----\n{body}\n-----END {found[1]}-----\n"
