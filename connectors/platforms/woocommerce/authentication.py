"""How a request proves who sends it.

https://github.com/woocommerce/woocommerce-rest-api-docs, source/includes/wp-api-v3/_authentication.md: on HTTPS the
consumer key and secret are user name and password, or parameters of the query where a server drops the header; on plain
HTTP each request is signed by OAuth 1.0a without a token.
"""

from typing import Any
from urllib.parse import urlencode

from requests import PreparedRequest
from requests_oauthlib import OAuth1

from connectors.platforms.woocommerce.settings import Credentials, SiteSettings
from connectors.sdk.account import Account
from connectors.sdk.authenticators import Authenticator, Basic


class QueryKeys(Authenticator):
    """Consumer key and secret as parameters of the query."""

    def __init__(self, key: str, secret: str) -> None:
        self._parameters = urlencode({"consumer_key": key, "consumer_secret": secret})

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        url = str(request.url)
        request.url = f"{url}{'&' if '?' in url else '?'}{self._parameters}"
        return request


class OneLeggedOAuth(Authenticator):
    """OAuth 1.0a without a token. The parameters are in the query, as servers may drop the header."""

    def __init__(self, key: str, secret: str) -> None:
        self._sign = OAuth1(key, client_secret=secret, signature_method="HMAC-SHA256", signature_type="query")

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        signed: PreparedRequest = self._sign(request)
        return signed


def authenticator(account: Account[SiteSettings, Credentials, Any]) -> Authenticator:
    key = account.credentials.consumer_key.get_secret_value()
    secret = account.credentials.consumer_secret.get_secret_value()
    method = account.settings.authentication
    if method == "automatic":
        method = "header" if account.base_url.startswith("https://") else "oauth"
    if method == "oauth":
        return OneLeggedOAuth(key, secret)
    return QueryKeys(key, secret) if method == "query" else Basic(key, secret)
