"""Installing our app in an account by redirects: the authorization code grant (RFC 6749, 4.1), with PKCE (RFC 7636)
where the vendor supports it.

A platform declares where its consent page is, which scopes are wanted, and how a code becomes credentials; the views,
the state of a request and its protection are the same for all (connectors/services/installation.py).
"""

from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import urlencode

from connectors.sdk.http import HttpClient
from connectors.sdk.oauth2 import TokenEndpoint
from connectors.sdk.tokens import TokenPair


@dataclass(frozen=True, slots=True)
class App:
    """Our app at the vendor."""

    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What an account granted: the `credentials` of the connection, and its tokens if they have to be refreshed."""

    credentials: dict[str, Any]
    tokens: TokenPair | None = None


class InstallationRefused(Exception):
    """The answer of the consent page cannot be trusted, or the account refused. The text is shown to people."""


class Installation(ABC):
    """How an account installs our app; `Adapter.installation` is a subclass.

    `authorize_path` and `token_endpoint` belong to the account's address; `pkce`: whether the vendor supports it;
    `sends_response_type`: whether the consent page takes the parameter that the standard requires.
    """

    authorize_path: ClassVar[str]
    token_endpoint: ClassVar[TokenEndpoint]
    scopes: ClassVar[tuple[str, ...]]
    scope_separator: ClassVar[str] = " "
    pkce: ClassVar[bool] = False
    sends_response_type: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def account_url(cls, text: str) -> str:
        """The address of the account that a person entered in some form.

        ValueError, with a text for people, unless it is one of the vendor's: we send people and codes there.
        """

    @classmethod
    @abstractmethod
    def verify(cls, app: App, account_url: str, answer: Mapping[str, str]) -> None:
        """Check who answered. InstallationRefused if it is not the vendor, or another account."""

    @classmethod
    @abstractmethod
    def grant(cls, app: App, answer: dict[str, Any]) -> Grant:
        """The answer of the token endpoint as credentials and tokens of the adapter.

        InstallationRefused if it lacks a scope that is needed.
        """

    @classmethod
    def authorize_url(cls, app: App, account_url: str, *, redirect_uri: str, state: str, verifier: str) -> str:
        """The consent page that a person is sent to."""
        query = ({"response_type": "code"} if cls.sends_response_type else {}) | {
            "client_id": app.client_id,
            "scope": cls.scope_separator.join(cls.scopes),
            "redirect_uri": redirect_uri,
            "state": state,
        }
        if cls.pkce:
            challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
            query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        return f"{account_url}{cls.authorize_path}?{urlencode(query)}"

    @classmethod
    def exchange(cls, app: App, http: HttpClient, *, code: str, redirect_uri: str, verifier: str) -> Grant:
        """Exchange the code. NeedsAttention if the vendor refuses it, TryAgainLater if it does not answer."""
        fields = {
            "grant_type": "authorization_code",
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "code": code,
            "redirect_uri": redirect_uri,
        }
        if cls.pkce:
            fields["code_verifier"] = verifier
        return cls.grant(app, cls.token_endpoint.request(http, fields | cls.token_fields()))

    @classmethod
    def token_fields(cls) -> dict[str, str]:
        """Further fields of the exchange."""
        return {}
