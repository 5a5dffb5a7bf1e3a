"""Who sends a request, by the vendor's rules.

_authentication.md of the documentation; class-wc-rest-authentication.php (seen in code) for what is refused how: keys
in the query or the header count only on HTTPS; on plain HTTP a request is signed by OAuth 1.0a with the consumer secret
and no token; a request without known keys is one of a visitor.

An account's name is the consumer key, its token the consumer secret. A request is on HTTPS if a proxy says so.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote

from starlette.requests import Request

from sandbox.platforms.base import token_matches
from sandbox.platforms.woocommerce.responses import ApiError

WINDOW_SECONDS = 15 * 60
_REQUIRED = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature", "oauth_signature_method")
_HASHES = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
_FAILED = "woocommerce_rest_authentication_error"


class Authenticator:
    """Finds the account of a request; None for a visitor. Raises ApiError for keys that are wrong."""

    def __init__(self, accounts: Mapping[str, str]) -> None:
        self._accounts = accounts
        self.clear_nonces()

    def clear_nonces(self) -> None:
        self._nonces: set[tuple[str, str]] = set()

    def account_of(self, request: Request, *, drops_header: bool) -> str | None:
        header = "" if drops_header else request.headers.get("authorization", "")
        _, sent = _sent(request)
        query = dict(parse_qsl(sent.decode("latin-1"), keep_blank_values=True))
        if request.headers.get("x-forwarded-proto") == "https":
            key, secret = query.get("consumer_key", ""), query.get("consumer_secret", "")
            if not (key and secret):
                key, secret = _basic(header)
            if key in self._accounts:
                if not token_matches(secret, self._accounts[key]):
                    raise ApiError(401, _FAILED, "Consumer secret is invalid.")
                return key
        return self._signed(request, query | _oauth(header))

    def _signed(self, request: Request, parameters: dict[str, str]) -> str | None:
        missing = [name for name in _REQUIRED if not parameters.get(name)]
        if len(missing) == len(_REQUIRED):
            return None
        if missing:
            code = "woocommerce_rest_authentication_missing_parameter"
            raise ApiError(401, code, f"Missing OAuth parameters {', '.join(missing)}")
        key = parameters["oauth_consumer_key"]
        if key not in self._accounts:
            raise ApiError(401, _FAILED, "Consumer key is invalid.")
        given = parameters.pop("oauth_signature")
        if parameters["oauth_signature_method"] not in _HASHES:
            raise ApiError(401, _FAILED, "Invalid signature - signature method is invalid.")
        if not hmac.compare_digest(given, self._signature(request, parameters, self._accounts[key])):
            raise ApiError(401, _FAILED, "Invalid signature - provided signature does not match.")
        stamp, nonce = parameters["oauth_timestamp"], parameters["oauth_nonce"]
        if not stamp.isdecimal() or abs(int(stamp) - time.time()) > WINDOW_SECONDS:
            raise ApiError(401, _FAILED, "Invalid timestamp.")
        if (key, nonce) in self._nonces:
            raise ApiError(401, _FAILED, "Invalid nonce - nonce has already been used.")
        self._nonces.add((key, nonce))
        return key

    @staticmethod
    def _signature(request: Request, parameters: dict[str, str], secret: str) -> str:
        """The parameters are sorted by name, not by their encoded form, and encoded twice."""
        pairs = "&".join(f"{_encoded(name)}={_encoded(parameters[name])}" for name in sorted(parameters))
        scheme = request.headers.get("x-forwarded-proto", "http")
        path, _ = _sent(request)
        address = f"{scheme}://{request.headers['host']}{path}"
        base = "&".join((request.method, _encoded(address), _encoded(pairs)))
        digest = _HASHES[parameters["oauth_signature_method"]]
        return base64.b64encode(hmac.new(f"{secret}&".encode(), base.encode(), digest).digest()).decode()


def _sent(request: Request) -> tuple[str, bytes]:
    """Path and query as they were sent: without pretty permalinks the query names the route."""
    sent: tuple[str, bytes] = request.scope.get("sandbox.sent") or (
        request.scope["path"],
        request.scope["query_string"],
    )
    return sent


def _encoded(text: str) -> str:
    return quote(text, safe="~")


def _basic(header: str) -> tuple[str, str]:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        key, _, secret = base64.b64decode(rest).decode().partition(":")
    except ValueError:
        return "", ""
    return key, secret


def _oauth(header: str) -> dict[str, str]:
    if not header.startswith("OAuth "):
        return {}
    pairs = (each.strip().partition("=") for each in header.removeprefix("OAuth ").split(","))
    return {name: unquote(value.strip('"')) for name, _, value in pairs if name.startswith("oauth_")}
