"""How calls are authenticated: with a token that does not expire, with tokens of an installation, or with the ID and
the secret of an app for the merchant's own stores.

Sources: https://shopify.dev/docs/apps/build/authentication-authorization/client-credentials-grant,
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens
"""

from typing import Any

from connectors.platforms.shopify.settings import Credentials
from connectors.sdk.account import Account
from connectors.sdk.authenticators import Authenticator, Headers
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.oauth2 import ClientCredentials, RefreshTokens, TokenEndpoint
from connectors.sdk.tokens import TokenStore

TOKEN_HEADER = "X-Shopify-Access-Token"  # noqa: S105 - the header's name
TOKEN_PATH = "/admin/oauth/access_token"  # noqa: S105 - a path
_INSTALLED = TokenEndpoint(TOKEN_PATH, platform="Shopify", fix="Authorize the connection again: install the app anew.")
_OWN_STORE = TokenEndpoint(
    TOKEN_PATH,
    platform="Shopify",
    fix="Check the client ID and the client secret in the Dev Dashboard under Settings, and that the app is installed "
    "in the store. Apps of other organizations have to be installed instead.",
)


class _InstalledTokens(RefreshTokens):
    header, prefix = TOKEN_HEADER, ""


class _OwnStoreTokens(ClientCredentials):
    header, prefix = TOKEN_HEADER, ""


def _is_installed(tokens: TokenStore) -> bool:
    """Whether there are tokens of an installation, also such as may be spent."""
    try:
        return tokens.load() is not None
    except NeedsAttention:
        return True


def secret_of(account: Account[Any, Credentials, Any]) -> str:
    """The client secret of the app: ours, or one that was entered; empty if there is none."""
    return account.app_secret or account.credentials.client_secret.get_secret_value()


def authenticator(account: Account[Any, Credentials, Any], tokens: TokenStore) -> Authenticator:
    credentials = account.credentials
    if token := credentials.access_token.get_secret_value():
        return Headers({TOKEN_HEADER: token})
    app = {"client_id": credentials.client_id, "client_secret": secret_of(account)}
    if not app["client_secret"]:
        raise NeedsAttention(
            "The client secret of the app is missing.",
            fix="Enter it in the credentials of the connection. If our app was installed, authorize the connection "
            "again.",
        )
    # With our app, whoever enters its ID gets no token without an installation.
    if account.app_secret or _is_installed(tokens):
        return _InstalledTokens(_INSTALLED, tokens, fields=app)
    fields = app | {"grant_type": "client_credentials"}
    return _OwnStoreTokens(_OWN_STORE, identity=tuple(app.values()), fields=lambda: fields)
