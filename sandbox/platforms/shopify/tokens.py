"""Access tokens: by the app's ID and secret (client credentials), by a code of the installation, by refresh tokens.

Sources: https://shopify.dev/docs/apps/build/authentication-authorization/authenticate-standalone-apps,
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens
"""

import hmac
import secrets
import time
from hashlib import sha256
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.platforms.base import Options, json_response, token_matches

OWN_STORE_SECONDS = 24 * 3600
OFFLINE_SECONDS = 3600
REFRESH_SECONDS = 90 * 24 * 3600
ASSOCIATED = "read_products,read_orders"


class Tokens:
    """All tokens that were issued. A refresh token is used once, and so is a code."""

    def __init__(self, options: Options, stores: list[str]) -> None:
        self._client_id = options.client_id
        self._client_secret = options.client_secret
        self._stores = stores
        self._access: dict[str, tuple[str, float]] = {}
        self._refresh: dict[str, str] = {}
        self._codes: dict[str, tuple[str, str]] = {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/admin/oauth/authorize", self._authorize),
            Route("/admin/oauth/access_token", self._exchange, methods=["POST"]),
        ]

    def store_of(self, token: str) -> str | None:
        name, expires = self._access.get(token, (None, 0.0))
        return name if expires > time.monotonic() else None

    async def _authorize(self, request: Request) -> Response:
        """The merchant agrees at once. The answer is signed as the vendor signs it."""
        query = request.query_params
        if query.get("client_id") != self._client_id or not query.get("redirect_uri") or not query.get("state"):
            return json_response({"error": "invalid_request"}, 400)
        store, code = self._stores[0], secrets.token_hex(16)
        self._codes[code] = (store, query.get("scope", ""))
        answer = {
            "code": code,
            "shop": request.headers["host"],
            "state": query["state"],
            "timestamp": str(int(time.time())),
        }
        signed = urlencode(sorted(answer.items()))
        answer["hmac"] = hmac.new(self._client_secret.encode(), signed.encode(), sha256).hexdigest()
        separator = "&" if urlsplit(query["redirect_uri"]).query else "?"
        return RedirectResponse(f"{query['redirect_uri']}{separator}{urlencode(answer)}", 302)

    async def _exchange(self, request: Request) -> Response:
        body = await request.body()
        if request.headers.get("content-type", "").startswith("application/json"):
            given = orjson.loads(body)
        else:
            given = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        known = given.get("client_id") == self._client_id
        if not known or not token_matches(str(given.get("client_secret", "")), self._client_secret):
            return json_response({"error": "invalid_client"}, 401)
        match given.get("grant_type", "authorization_code"):
            case "client_credentials":
                return self._issue(self._stores[0], OWN_STORE_SECONDS, ASSOCIATED, refreshable=False)
            case "refresh_token" if store := self._refresh.pop(given.get("refresh_token", ""), None):
                return self._issue(store, OFFLINE_SECONDS, ASSOCIATED, refreshable=True)
            case "authorization_code" if found := self._codes.pop(given.get("code", ""), None):
                expiring = str(given.get("expiring", "0")) == "1"
                return self._issue(found[0], OFFLINE_SECONDS, found[1], refreshable=expiring, expires=expiring)
        return json_response({"error": "invalid_request"}, 400)

    def _issue(self, store: str, seconds: int, scope: str, *, refreshable: bool, expires: bool = True) -> Response:
        token = f"shpat_{secrets.token_hex(16)}"
        self._access[token] = store, time.monotonic() + (seconds if expires else 10 * REFRESH_SECONDS)
        answer: dict[str, object] = {"access_token": token, "scope": scope}
        if expires:
            answer["expires_in"] = seconds
        if refreshable:
            refresh = f"shprt_{secrets.token_hex(16)}"
            self._refresh[refresh] = store
            answer |= {"refresh_token": refresh, "refresh_token_expires_in": REFRESH_SECONDS}
        return json_response(answer)
