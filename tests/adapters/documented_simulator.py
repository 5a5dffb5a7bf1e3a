"""Simulator of the documented example's vendor, over real HTTP: `python -m tests.adapters.documented_simulator`.

A refresh token can be used once. If it is used again, it is rejected and all tokens issued after it are revoked, as by
vendors with refresh token rotation (RFC 9700, 4.14.2).
"""

import secrets
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.platforms.base import Options, PagedDict, Platform, UnknownStateKind, annotate_call, json_response
from sandbox.server import serve

PAGE_SIZE = 10
LIFETIME_SECONDS = 3600


class Simulator(Platform):
    name = "acme"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._start()

    def _start(self) -> None:
        self.products = PagedDict(
            {f"{n:03d}": {"id": f"{n:03d}", "name": f"Lamp {n}", "sku": f"L-{n}"} for n in range(1, 26)}
        )
        self.customers = PagedDict()
        # Refresh token → the access token issued with it; used refresh tokens.
        self.grants: dict[str, str] = dict.fromkeys(self.accounts.values(), "")
        self.spent: set[str] = set()
        self.refreshes = 0

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/oauth/token", self._refresh, methods=["POST"]),
            Route("/products", self._authenticated(self._list_products)),
            Route("/customers", self._authenticated(self._write_customers), methods=["POST"]),
        ]

    def control_routes(self) -> list[BaseRoute]:
        return [Route("/_sandbox/grants", self._authorize, methods=["POST"])]

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        """Kind `tokens` has one item: how many tokens were issued by refresh, and the valid refresh tokens."""
        if kind == "tokens":
            return [{"refreshes": self.refreshes, "valid": list(self.grants)}], None
        tables = {"products": self.products, "customers": self.customers}
        if kind not in tables:
            raise UnknownStateKind(f"kinds: tokens, {', '.join(tables)}")
        keys, following = tables[kind].page(after, limit)
        return [tables[kind][key] for key in keys], following

    async def reset(self) -> None:
        self._start()

    async def _authorize(self, request: Request) -> Response:
        """A person authorizes the connection: issue new tokens; the existing ones stay valid."""
        return json_response(self._issue())

    async def _refresh(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        token = form.get("refresh_token", "")
        if form.get("grant_type") != "refresh_token" or form.get("client_id") != "hub":
            return json_response({"error": "invalid_request"}, 400)
        if token in self.spent:
            self.grants.clear()
        if token not in self.grants:
            return json_response({"error": "invalid_grant"}, 400)
        del self.grants[token]
        self.spent.add(token)
        self.refreshes += 1
        return json_response(self._issue() | {"token_type": "Bearer", "expires_in": LIFETIME_SECONDS})

    def _issue(self) -> dict[str, Any]:
        refresh_token, access_token = secrets.token_hex(8), secrets.token_hex(8)
        self.grants[refresh_token] = access_token
        return {"access_token": access_token, "refresh_token": refresh_token}

    def _authenticated(self, handle: Callable[[Request], Awaitable[Response]]) -> Any:
        async def endpoint(request: Request) -> Response:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not given or given not in self.grants.values():
                return json_response({"error": "invalid_token"}, 401)
            return await handle(request)

        return endpoint

    async def _list_products(self, request: Request) -> Response:
        if ids := request.query_params.getlist("id"):
            return json_response({"items": [self.products[key] for key in ids if key in self.products], "next": None})
        keys, following = self.products.page(request.query_params.get("after"), PAGE_SIZE)
        annotate_call(request, items=len(keys))
        return json_response({"items": [self.products[key] for key in keys], "next": following})

    async def _write_customers(self, request: Request) -> Response:
        """Upsert by ID; `deleted` removes. A customer needs an email address."""
        rows = await request.json()
        annotate_call(request, items=len(rows))
        return json_response({"results": [self._write_customer(row) for row in rows]})

    def _write_customer(self, row: dict[str, Any]) -> str:
        if row.pop("deleted", False):
            self.customers.drop(row["id"])
        elif "@" not in row.get("email", ""):
            return "email is not valid"
        else:
            self.customers[row["id"]] = row
        return "ok"


if __name__ == "__main__":
    name, token = sys.argv[1:]
    serve(Simulator(Options({name: token}, contract="off")), port=0)
