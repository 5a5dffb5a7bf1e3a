"""Authentication of requests: headers, basic, OAuth 1 (see `oauth2` for OAuth 2)."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth
from requests_oauthlib import OAuth1 as OAuth1Signer

if TYPE_CHECKING:
    from connectors.sdk.http import HttpClient


class Authenticator(ABC, AuthBase):
    """The base class. `prepare` runs before each call and may make calls itself; `__call__` only modifies a request."""

    def prepare(self, http: "HttpClient") -> None:
        """Prepare for the next request, for example by replacing an expired access token."""

    def renew(self, http: "HttpClient") -> bool:
        """Called after a 401 response. True if the credentials were renewed and the request should be repeated."""
        return False

    @abstractmethod
    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Authenticate the request."""


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
    """Signs each request (RFC 5849). `realm` is added to the header if the vendor requires one."""

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
