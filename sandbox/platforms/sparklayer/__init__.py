"""SparkLayer, a B2B storefront: token, products, stock, price lists, customers, purchases, store currency, sync logs.

An account is a site: its name is the `Site-Id`, its token the client secret; the client ID is `--client-id`. `POST
/api/auth/token` issues a token for one site, valid for an hour. Every call needs `Authorization`, `Site-Id` and a
`User-Agent`; errors are problem details (RFC 7807). Concurrent requests that change the same price list are rejected
with 409; with `--latency-ms` they really overlap.

Assumed, because no page of the vendor says so: the paths of products and variants (its reference of 2023 has them);
that a product's variants are matched by `external_id` and omitted ones are kept; the key of the rows in a list of price
lists (`data`); that stock and prices are stored for SKUs without a product; the available groups; the field names of a
sync log's errors and resolved IDs. The modules of customers, prices, purchases and stock tell their own assumptions.

Control routes: `POST expire {"site"}` invalidates all tokens of a site; `POST goods {"site", "products"}` adds
products.
"""

import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.contracts.problems import Problem
from sandbox.platforms.base import (
    Options,
    PagedDict,
    Platform,
    UnknownStateKind,
    annotate_call,
    json_response,
    token_matches,
)
from sandbox.platforms.sparklayer import customers, pricing, products, purchases, stock, sync_logs
from sandbox.platforms.sparklayer.responses import ApiError, error_response
from sandbox.platforms.sparklayer.site import Site
from sandbox.sales import routes as sales_routes

LIFETIME_SECONDS = 3600
Handler = Callable[[Request, Site, Any], Response]
ROUTES: tuple[tuple[str, str, Handler], ...] = (
    *products.ROUTES,
    *stock.ROUTES,
    *pricing.ROUTES,
    *customers.ROUTES,
    *purchases.ROUTES,
    *sync_logs.ROUTES,
)


class SparkLayer(Platform):
    """All sites, each with its own data."""

    name = "sparklayer"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._reset_data()

    def _reset_data(self) -> None:
        self.sites = {name: Site() for name in self.accounts}
        self.tokens: dict[str, tuple[str, float]] = {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/api/auth/token", self._token, methods=["POST"]),
            *(Route(path, self._guarded(handler), methods=[method]) for method, path, handler in ROUTES),
        ]

    def control_routes(self) -> list[BaseRoute]:
        return [
            Route("/_sandbox/expire", self._expire, methods=["POST"]),
            Route("/_sandbox/goods", self._add_products, methods=["POST"]),
            *sales_routes(purchases.SparkLayerSales(lambda: self.sites)),
        ]

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        views = self.sites[account].views() if account in self.sites else {}
        if kind not in views:
            raise UnknownStateKind(f"accounts: {', '.join(self.sites)}; kinds: {', '.join(Site().views())}")
        rows = PagedDict(views[kind])
        keys, following = rows.page(after, limit)
        return [rows[key] for key in keys], following

    async def reset(self) -> None:
        self._reset_data()

    def invalid_request(self, problem: Problem) -> Response:
        return error_response(400, "Invalid request", **{problem.kind: problem.detail})

    async def _token(self, request: Request) -> Response:
        await self.options.latency()
        site = request.headers.get("site-id", "")
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return error_response(415, "The token request must be JSON, not form encoded")
        try:
            body = orjson.loads(await request.body())
        except orjson.JSONDecodeError:
            return error_response(400, "The body is not valid JSON")
        match body:
            case {"grant_type": "client_credentials", "client_id": str(client), "client_secret": str(secret)}:
                known = client == self.options.client_id and token_matches(secret, self.accounts.get(site, ""))
            case _:
                return error_response(400, "grant_type, client_id and client_secret are required")
        if not known or site not in self.accounts:
            return error_response(401, "Unknown site, client or secret")
        annotate_call(request, account=site)
        token = secrets.token_urlsafe(24)
        self.tokens[token] = (site, time.monotonic() + LIFETIME_SECONDS)
        return json_response({"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS})

    def _guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            name = request.headers.get("site-id", "")
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            owner, ends = self.tokens.get(given, ("", 0.0))
            if name not in self.sites or owner != name or ends < time.monotonic():
                return error_response(401, "The access token is unknown or has expired")
            if not request.headers.get("user-agent"):
                return error_response(400, "A User-Agent that names the integration is required")
            annotate_call(request, account=name)
            body: Any = None
            if request.method != "GET" and (raw := await request.body()):
                try:
                    body = orjson.loads(raw)
                except orjson.JSONDecodeError:
                    return error_response(400, "The body is not valid JSON")
                annotate_call(request, items=len(body) if isinstance(body, list) else 1)
            site = self.sites[name]
            try:
                with site.exclusive(request.method, request.path_params.get("slug")):
                    await self.options.latency()
                    return handler(request, site, body)
            except ApiError as error:
                return error.response()

        return endpoint

    async def _expire(self, request: Request) -> Response:
        wanted = orjson.loads(await request.body())["site"]
        self.tokens = {token: stored for token, stored in self.tokens.items() if stored[0] != wanted}
        return Response(status_code=204)

    async def _add_products(self, request: Request) -> Response:
        payload = orjson.loads(await request.body())
        for each in payload["products"]:
            products.create(self.sites[payload["site"]], each)
        return Response(status_code=204)
