"""Authentication: a Bearer token, or OAuth 1 with HMAC-SHA256, verified as the shop does it (Open Source 2.4.7).

It differs from RFC 5849, as the code of `magento/framework` (`Oauth/Helper`), `laminas-oauth` and `laminas-uri` shows:

- `+` in a query is no space, since it is read with `rawurldecode`
- parameters are sorted in natural order, so that `[2]` comes before `[10]`
- some encoded characters of the path are decoded before the signature is verified (`normalized_path`)
- a nonce is used up by a request with a wrong signature too; timestamps of the past are accepted

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
from sandbox.platforms.magento import natural_order
from sandbox.platforms.magento.responses import ApiError, denied, required

TOLERANCE_SECONDS = 600
REQUIRED = (
    "oauth_consumer_key",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_nonce",
    "oauth_timestamp",
    "oauth_token",
)
_PATH_CHARACTERS = r"a-zA-Z0-9_\-.~:@&=+$,/;%"


class Authenticator:
    """Returns the account that a request comes from. Raises `ApiError` without valid credentials for the right."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clear_nonces()

    def clear_nonces(self) -> None:
        self._nonces: set[str] = set()

    def authenticate(self, request: Request, right: str) -> str:
        header = request.headers.get("authorization", "")
        scheme, _, rest = header.partition(" ")
        if scheme == "Bearer":
            for name, token in self.options.accounts.items():
                if token_matches(rest, token):
                    return name
        if "oauth " in header.lower():
            return self._by_signature(request, _header_parameters(header))
        raise denied(right)

    def _by_signature(self, request: Request, oauth: dict[str, str]) -> str:
        if oauth.get("oauth_version", "1.0") != "1.0":
            raise ApiError(400, 'The "%1" Oauth version isn\'t supported.', oauth["oauth_version"])
        for name in REQUIRED:
            if name not in oauth:
                raise required(name)
        if oauth["oauth_signature_method"] != "HMAC-SHA256":
            raise ApiError(400, "Signature method %1 is not supported", oauth["oauth_signature_method"])
        if oauth["oauth_consumer_key"] != self.options.client_id:
            raise ApiError(401, "A consumer with the specified key doesn't exist. Verify the key and try again.")
        timestamp = oauth["oauth_timestamp"]
        if not timestamp.isdecimal() or not 0 < int(timestamp) <= time.time() + TOLERANCE_SECONDS:
            raise ApiError(401, "Incorrect timestamp value in the oauth_timestamp parameter")
        if oauth["oauth_nonce"] in self._nonces:
            raise ApiError(401, "The nonce is already being used by the consumer with ID %1.", 1)
        self._nonces.add(oauth["oauth_nonce"])
        account = oauth["oauth_token"]
        if account not in self.options.accounts:
            raise ApiError(401, "The specified token does not exist. Verify the token and try again.")
        given = oauth.pop("oauth_signature")
        wanted = self._signature(request, oauth, self.options.accounts[account])
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            raise ApiError(401, "The signature is invalid. Verify and try again.")
        return account

    def _signature(self, request: Request, oauth: dict[str, str], secret: str) -> str:
        signed = oauth | _query_parameters(request.scope["query_string"].decode("latin-1"))
        pairs = {_encoded(name): _encoded(value) for name, value in signed.items()}
        parameters = "&".join(f"{name}={pairs[name]}" for name in sorted(pairs, key=natural_order.key))
        path = normalized_path(request.scope["raw_path"].decode("latin-1").partition("?")[0])
        address = f"{request.url.scheme}://{request.headers['host'].lower()}{path}"
        base = "&".join((request.method, _encoded(address), _encoded(parameters)))
        key = f"{_encoded(self.options.client_secret)}&{_encoded(secret)}"
        return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()


def normalized_path(path: str) -> str:
    """The path as it is signed: unreserved characters and `:@&=+$,/;%` are decoded, then others are encoded."""

    def decoded(found: re.Match[str]) -> str:
        character = unquote(found[0])
        return character if re.fullmatch(f"[{_PATH_CHARACTERS}]", character) else found[0].upper()

    decoded_path = re.sub("%[A-Fa-f0-9]{2}", decoded, path)
    disallowed = f"[^{_PATH_CHARACTERS}]+|%(?![A-Fa-f0-9]{{2}})"
    return re.sub(disallowed, lambda found: _encoded(found[0]), decoded_path)


def _header_parameters(header: str) -> dict[str, str]:
    pairs = (each.strip().split("=", 1) for each in header[header.lower().index("oauth ") + 6 :].split(","))
    return {
        unquote(pair[0]): unquote(pair[1].strip('"'))
        for pair in pairs
        if len(pair) == 2 and re.search("oauth_[a-z_-]+", pair[0])
    }


def _query_parameters(query: str) -> dict[str, str]:
    """A parameter without a value, or with a second `=`, is not signed."""
    pairs = (each.split("=") for each in query.split("&"))
    return {
        unquote(pair[0]): unquote(pair[1])
        for pair in pairs
        if len(pair) == 2 and not re.search("oauth_[a-z_-]+", pair[0])
    }


def _encoded(text: str) -> str:
    return quote(text, safe="~")
