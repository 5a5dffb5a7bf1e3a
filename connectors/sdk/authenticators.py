"""How a request proves who sends it: headers, basic, OAuth 1, OAuth 2."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth
from requests_oauthlib import OAuth1 as OAuth1Signer

if TYPE_CHECKING:
    from connectors.sdk.http import HttpClient


class Authenticator(AuthBase):
    """Base of all. `prepare` runs before each call and may make calls of its own; `__call__` only adds to a request."""

    def prepare(self, http: "HttpClient") -> None:
        """Get ready what the next request presents, such as an access token that has expired."""

    def renew(self, http: "HttpClient") -> bool:
        """The platform answered 401. True if the request may be repeated with something newer."""
        return False

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        raise NotImplementedError


class Headers(Authenticator):
    """Headers that are the same on every request."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers.update(self._headers)
        return request


def bearer(token: str) -> Headers:
    """A token that does not expire, as `Authorization: Bearer` (RFC 6750)."""
    return Headers({"Authorization": f"Bearer {token}"})


class Basic(Authenticator):
    """User name and password (RFC 7617)."""

    def __init__(self, username: str, password: str) -> None:
        self._basic = HTTPBasicAuth(username, password)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        signed: PreparedRequest = self._basic(request)
        return signed


class OAuth1(Authenticator):
    """Signs each request (RFC 5849). `realm` goes into the header where the vendor wants one."""

    def __init__(
        self,
        *,
        consumer_key: str,
        consumer_secret: str,
        token: str,
        token_secret: str,
        realm: str | None = None,
        signature_method: str = "HMAC-SHA256",
    ) -> None:
        self._signer = OAuth1Signer(
            consumer_key,
            client_secret=consumer_secret,
            resource_owner_key=token,
            resource_owner_secret=token_secret,
            realm=realm,
            signature_method=signature_method,
        )

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return self._signer(request)
