"""Authentication: a Bearer token, or OAuth 1 (RFC 5849) with HMAC-SHA256, where each nonce is accepted once.

An account's token is both its Bearer token and the secret of its access token; the account's name is the access token.
The consumer is the sandbox's client ID and secret.
"""

import base64
import hashlib
import hmac
import re
import time
from urllib.parse import quote, unquote

from starlette.requests import Request

from sandbox.platforms.base import Options, token_matches
from sandbox.platforms.magento.responses import ApiError

TOLERANCE_SECONDS = 600
_PAIR = re.compile(r'(\w+)="([^"]*)"')


class Authenticator:
    """Returns the account that a request comes from. Raises `ApiError` without valid credentials."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clear_nonces()

    def clear_nonces(self) -> None:
        self._nonces: set[tuple[str, str]] = set()

    def authenticate(self, request: Request) -> str:
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer":
            for name, token in self.options.accounts.items():
                if token_matches(rest, token):
                    return name
        if scheme == "OAuth":
            return self._by_signature(request, {name: unquote(value) for name, value in _PAIR.findall(rest)})
        raise ApiError(401, "The consumer isn't authorized to access %resources.", resources="Magento_Sales::sales")

    def _by_signature(self, request: Request, oauth: dict[str, str]) -> str:
        name, given = oauth.get("oauth_token", ""), oauth.pop("oauth_signature", "")
        secret = self.options.accounts.get(name)
        if oauth.get("oauth_consumer_key") != self.options.client_id or secret is None:
            raise ApiError(401, "A consumer with the specified key does not exist.")
        if oauth.get("oauth_signature_method") != "HMAC-SHA256":
            raise ApiError(400, "The signature method is not supported.")
        if abs(time.time() - int(oauth.get("oauth_timestamp", "0"))) > TOLERANCE_SECONDS:
            raise ApiError(401, "Incorrect timestamp value in the oauth_timestamp parameter")
        wanted = self._signature(request, oauth, secret)
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            raise ApiError(401, "The signature is invalid. Verify and try again.")
        nonce = (oauth.get("oauth_nonce", ""), oauth["oauth_timestamp"])
        if nonce in self._nonces:
            raise ApiError(401, "The nonce is already being used by the consumer with ID %1.", 1)
        self._nonces.add(nonce)
        return name

    def _signature(self, request: Request, oauth: dict[str, str], secret: str) -> str:
        oauth.pop("realm", None)
        given = (*oauth.items(), *request.query_params.multi_items())
        pairs = [(_encoded(name), _encoded(value)) for name, value in given]
        parameters = "&".join(f"{name}={value}" for name, value in sorted(pairs))
        address = str(request.url.replace(query=""))
        base = "&".join((request.method, _encoded(address), _encoded(parameters)))
        key = f"{_encoded(self.options.client_secret)}&{_encoded(secret)}"
        return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()


def _encoded(text: str) -> str:
    return quote(text, safe="~")
