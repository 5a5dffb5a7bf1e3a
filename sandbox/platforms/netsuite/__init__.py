"""NetSuite, an ERP: SuiteTalk REST records, SuiteQL, sign-in by OAuth 1 tokens or OAuth 2.0 client credentials.

An account lives at `/{account}/services/rest`. Its client id and consumer secret are `--client-id` and
`--client-secret`; its token is either the secret of the token `sandbox-token`, or a private key in PEM whose
certificate has the id `sandbox-certificate`. At most five requests at a time, from everybody together,
as the vendor allows by default; with `--latency-ms` requests really overlap.

Assumed, because no page of the vendor says so: the body of a 429, that REST's `line` is SuiteQL's `transactionline.id`.
SuiteQL is answered by SQLite, which knows no more than the tables in books.py.

Control, each a `POST` with the `account`: `fulfil {"order", "status", "tracking", "quantities"}` ships (`order` is an
external id) and answers `{"id"}`; `unfulfil {"id"}` deletes that; `stock {"sku", "quantity"}` counts; `goods {"skus"}`
makes items; `items {"sku", "values"}` changes one; `orders {"externalId", "sku"}` makes an order; `age {"hours"}` lets
everything have changed so much earlier. `POST expire` ends all bearers.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.platforms.base import Options, Platform, UnknownState, json_response, note
from sandbox.platforms.netsuite import records, suiteql
from sandbox.platforms.netsuite.answers import Refusal
from sandbox.platforms.netsuite.books import Books, now
from sandbox.platforms.netsuite.signin import SignIn

MOST_AT_A_TIME = 5
ROOT = "/{account}/services/rest"
Handler = Callable[[Request, Books, Any], Response]


class NetSuite(Platform):
    """All accounts, each with its books."""

    name = "netsuite"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._begin()

    def _begin(self) -> None:
        self.books = {name: Books(self.options.products) for name in self.accounts}
        self.at_work: Counter[str] = Counter()
        self.sign_in = SignIn(self.accounts, self.options.client_id, self.options.client_secret)

    def routes(self) -> list[BaseRoute]:
        record = f"{ROOT}/record/v1/{{kind}}/{{key}}"
        return [
            Route(f"{ROOT}/auth/oauth2/v1/token", self._token, methods=["POST"]),
            Route(f"{ROOT}/query/v1/suiteql", self._guarded(_query), methods=["POST"]),
            Route(record, self._guarded(_put), methods=["PUT"]),
            Route(record, self._guarded(_patch), methods=["PATCH"]),
        ]

    def control_routes(self) -> list[BaseRoute]:
        deeds = {
            "fulfil": _fulfil,
            "unfulfil": _unfulfil,
            "stock": _stock,
            "items": _items,
            "goods": _goods,
            "orders": _orders,
            "age": _age,
        }
        routes: list[BaseRoute] = [
            Route(f"/_sandbox/{name}", self._control(deed), methods=["POST"]) for name, deed in deeds.items()
        ]
        return [*routes, Route("/_sandbox/expire", self._expire, methods=["POST"])]

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        views = self.books[account].views() if account in self.books else {}
        if kind not in views:
            raise UnknownState(f"accounts: {', '.join(self.books)}; kinds: {', '.join(views)}")
        first = int(after or 0)
        rows = sorted(views[kind], key=lambda row: row["id"])[first : first + limit]
        return rows, str(first + limit) if first + limit < len(views[kind]) else None

    async def reset(self) -> None:
        self._begin()

    def rate_limited(self) -> Response:
        return Refusal(429, "CONCURRENCY_LIMIT_EXCEEDED", "Too many requests at a time for this account.").response()

    async def _token(self, request: Request) -> Response:
        account = request.path_params["account"]
        try:
            return json_response(await self.sign_in.token(request, account))
        except Refusal as refused:
            return json_response({"error": refused.code}, refused.status)

    def _guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            account = request.path_params["account"]
            if account not in self.books:
                return Refusal(404, "NONEXISTENT_ID", "There is no such account.").response()
            note(request, account=account)
            if self.at_work[account] >= MOST_AT_A_TIME:
                return self.rate_limited()
            self.at_work[account] += 1
            try:
                self.sign_in.check(request, account)
                await self.options.latency()
                return handler(request, self.books[account], _parsed(await request.body()))
            except Refusal as refused:
                return refused.response()
            finally:
                self.at_work[account] -= 1

        return endpoint

    def _control(self, deed: Callable[[Books, Any], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            wish = orjson.loads(await request.body())
            return json_response({"id": deed(self.books[wish["account"]], wish)})

        return endpoint

    async def _expire(self, request: Request) -> Response:
        self.sign_in.expire()
        return Response(status_code=204)


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, "INVALID_CONTENT", "Invalid content in the request body: no JSON.") from error


def _query(request: Request, books: Books, body: Any) -> Response:
    if request.headers.get("prefer") != "transient":
        raise Refusal(400, "INVALID_HEADER", "The required request header 'Prefer' is missing or not 'transient'.")
    found = suiteql.answer(
        books, body, request.query_params.get("limit", "1000"), request.query_params.get("offset", "0")
    )
    note(request, items=found["count"])
    return json_response(found)


def _put(request: Request, books: Books, body: Any) -> Response:
    kind, key = request.path_params["kind"], request.path_params["key"]
    row_id = records.put(books, kind, key, body, request.query_params.get("replace", ""))
    place = str(request.url).partition("?")[0].removesuffix(key)
    return Response(status_code=204, headers={"location": f"{place}{row_id}"})


def _patch(request: Request, books: Books, body: Any) -> Response:
    kind, key = request.path_params["kind"], request.path_params["key"]
    records.patch(books, kind, key, body, request.query_params.get("replace", ""))
    return Response(status_code=204)


def _fulfil(books: Books, wish: Any) -> int:
    order = records.find(books, "salesOrder", f"eid:{wish['order']}")
    quantities, tracking = wish.get("quantities"), wish.get("tracking", [])
    return books.fulfil(order, status=wish.get("status", "C"), tracking=tracking, quantities=quantities)


def _unfulfil(books: Books, wish: Any) -> int:
    books.unfulfil(wish["id"])
    return int(wish["id"])


def _stock(books: Books, wish: Any) -> int:
    (item,) = books.all("SELECT id FROM item WHERE itemid = ?", wish["sku"])
    books.stock(item["id"], wish["quantity"])
    return int(item["id"])


def _items(books: Books, wish: Any) -> int:
    (item,) = books.all("SELECT id FROM item WHERE itemid = ?", wish["sku"])
    books.change("item", item["id"], lastmodifieddate=now(), **wish["values"])
    return int(item["id"])


def _goods(books: Books, wish: Any) -> int:
    for sku in wish["skus"]:
        books.item(sku, quantity=20)
    return len(wish["skus"])


def _orders(books: Books, wish: Any) -> int:
    (item,) = books.all("SELECT id FROM item WHERE itemid = ?", wish["sku"])
    body = {"entity": {"id": "1"}, "item": {"items": [{"item": {"id": str(item["id"])}, "quantity": 2}]}}
    return records.put(books, "salesOrder", f"eid:{wish['externalId']}", body, "")


def _age(books: Books, wish: Any) -> int:
    books.age(wish["hours"])
    return 0
