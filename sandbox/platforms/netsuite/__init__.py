"""NetSuite, an ERP: SuiteTalk REST records and SuiteQL, with OAuth 1 tokens or OAuth 2.0 client credentials.

An account is served at `/{account}/services/rest`. Its client ID and consumer secret are `--client-id` and
`--client-secret`. Its token is either the secret of the token `sandbox-token`, or a private key in PEM whose
certificate has the ID `sandbox-certificate`. As the vendor does by default, an account accepts at most five concurrent
requests in total; with `--latency-ms` requests really overlap.

Assumed, because no page of the vendor says so: the body of a 429, and that REST's `line` is SuiteQL's
`transactionline.id`. SuiteQL is answered by SQLite, which has only the tables in database.py.

Control routes, each a `POST` with the `account`:
- `fulfil {"order", "status", "tracking", "quantities"}` ships (`order` is an external ID) and returns `{"id"}`;
- `unfulfil {"id"}` deletes a fulfillment;
- `stock {"sku", "quantity"}` sets a stock level;
- `goods {"skus"}` creates items; `kit {"sku", "members"}` one with quantities of others by SKU;
- `image {"sku", "public"}` gives an item an image, `price {"sku", "price", "currency"}` a base price;
- `items {"sku", "values"}` changes an item;
- `orders {"externalId", "sku"}` creates an order;
- `tax {"engine", "rate", "shipping_rate"}` sets how the account works out tax (`none`, `legacy`, `suitetax`);
- `features {"advanced_shipping", "compound_statuses"}` sets how the account ships, and shows statuses in SuiteQL;
- `age {"hours"}` moves all modification times back;
- `expire` (without an account) invalidates all bearer tokens.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.contracts.problems import Problem
from sandbox.platforms.base import Options, Platform, UnknownStateKind, annotate_call, json_response
from sandbox.platforms.netsuite import records, suiteql, transactions, warehouse
from sandbox.platforms.netsuite.authentication import Authenticator
from sandbox.platforms.netsuite.database import AccountDatabase, now
from sandbox.platforms.netsuite.responses import ApiError
from sandbox.platforms.netsuite.sales import NetSuiteSales
from sandbox.platforms.netsuite.tax import ENGINES, TaxSettings
from sandbox.sales import routes as sales_routes

MAX_CONCURRENT_REQUESTS = 5
ROOT = "/{account}/services/rest"
Handler = Callable[[Request, AccountDatabase, Any], Response]


class NetSuite(Platform):
    """All accounts, each with its own database."""

    name = "netsuite"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._reset_data()

    def _reset_data(self) -> None:
        self.databases = {name: AccountDatabase(self.options.products) for name in self.accounts}
        self.in_flight: Counter[str] = Counter()
        self.authenticator = Authenticator(self.accounts, self.options.client_id, self.options.client_secret)

    def routes(self) -> list[BaseRoute]:
        record = f"{ROOT}/record/v1"
        of_kinds = [
            Route(f"{record}/{kind}/{{key}}", self._guarded(handler), methods=[method])
            for kind in sorted(records.KINDS)
            for method, handler in (("PUT", _put), ("PATCH", _patch), ("GET", _get))
        ]
        return [
            Route(f"{ROOT}/auth/oauth2/v1/token", self._token, methods=["POST"]),
            Route(f"{ROOT}/query/v1/suiteql", self._guarded(_query), methods=["POST"]),
            Route(f"{record}/metadata-catalog/{{kind}}", self._guarded(_metadata), methods=["GET"]),
            *of_kinds,
            Route(f"{record}/salesOrder/{{key}}/!transform/itemFulfillment", self._guarded(_ship), methods=["POST"]),
            Route(f"{record}/{{kind}}/{{key}}/!transform/{{target}}", self._guarded(_transform), methods=["POST"]),
        ]

    def control_routes(self) -> list[BaseRoute]:
        actions = {
            "fulfil": _fulfil,
            "unfulfil": _delete_fulfilment,
            "stock": _stock,
            "items": _items,
            "goods": _add_items,
            "kit": _add_kit,
            "image": _add_image,
            "price": _set_price,
            "features": _features,
            "orders": _orders,
            "age": _backdate,
            "tax": _tax,
        }
        routes: list[BaseRoute] = [
            Route(f"/_sandbox/{name}", self._control(action), methods=["POST"]) for name, action in actions.items()
        ]
        return [
            *routes,
            Route("/_sandbox/expire", self._expire, methods=["POST"]),
            *sales_routes(NetSuiteSales(lambda: self.databases)),
        ]

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        views = self.databases[account].views() if account in self.databases else {}
        if kind not in views:
            raise UnknownStateKind(f"accounts: {', '.join(self.databases)}; kinds: {', '.join(views)}")
        first = int(after or 0)
        rows = sorted(views[kind], key=lambda row: row["id"])[first : first + limit]
        return rows, str(first + limit) if first + limit < len(views[kind]) else None

    async def reset(self) -> None:
        self._reset_data()

    def rate_limited(self) -> Response:
        return ApiError(429, "CONCURRENCY_LIMIT_EXCEEDED", "Too many requests at a time for this account.").response()

    def invalid_request(self, problem: Problem) -> Response:
        return ApiError(400, "INVALID_CONTENT", problem.detail).response()

    async def _token(self, request: Request) -> Response:
        account = request.path_params["account"]
        try:
            return json_response(await self.authenticator.token(request, account))
        except ApiError as error:
            return json_response({"error": error.code}, error.status)

    def _guarded(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            account = request.path_params["account"]
            if account not in self.databases:
                return ApiError(404, "NONEXISTENT_ID", "There is no such account.").response()
            annotate_call(request, account=account)
            if self.in_flight[account] >= MAX_CONCURRENT_REQUESTS:
                return self.rate_limited()
            self.in_flight[account] += 1
            try:
                self.authenticator.check(request, account)
                await self.options.latency()
                body = None if request.method == "GET" else _parsed(await request.body())
                return handler(request, self.databases[account], body)
            except ApiError as error:
                return error.response()
            finally:
                self.in_flight[account] -= 1

        return endpoint

    def _control(self, action: Callable[[AccountDatabase, Any], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            params = orjson.loads(await request.body())
            return json_response({"id": action(self.databases[params["account"]], params)})

        return endpoint

    async def _expire(self, request: Request) -> Response:
        self.authenticator.expire()
        return Response(status_code=204)


def _parsed(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "INVALID_CONTENT", "Invalid content in the request body: no JSON.") from error


def _query(request: Request, db: AccountDatabase, body: Any) -> Response:
    if request.headers.get("prefer") != "transient":
        raise ApiError(400, "INVALID_HEADER", "The required request header 'Prefer' is missing or not 'transient'.")
    found = suiteql.run_query(
        db, body, request.query_params.get("limit", "1000"), request.query_params.get("offset", "0")
    )
    annotate_call(request, items=found["count"])
    return json_response(found)


def _kind(request: Request) -> str:
    """The record type in the address."""
    return request.url.path.partition("/record/v1/")[2].partition("/")[0]


def _is_strict(request: Request) -> bool:
    """Documented (record metadata): by default, names of fields that do not exist are only a warning."""
    return request.headers.get("x-netsuite-propertynamevalidation") == "Error"


def _put(request: Request, db: AccountDatabase, body: Any) -> Response:
    kind, key = _kind(request), request.path_params["key"]
    row_id = records.put(db, kind, key, body, request.query_params.get("replace", ""), strict=_is_strict(request))
    collection_url = str(request.url).partition("?")[0].removesuffix(key)
    return Response(status_code=204, headers={"location": f"{collection_url}{row_id}"})


def _patch(request: Request, db: AccountDatabase, body: Any) -> Response:
    kind, key = _kind(request), request.path_params["key"]
    records.patch(db, kind, key, body, request.query_params.get("replace", ""), strict=_is_strict(request))
    return Response(status_code=204)


def _metadata(request: Request, db: AccountDatabase, body: Any) -> Response:
    """The metadata of a record lists the fields that the account has."""
    if request.headers.get("accept") != "application/schema+json":
        raise ApiError(400, "INVALID_HEADER", "The sandbox has metadata as application/schema+json only.")
    records.check_kind(request.path_params["kind"])
    properties: dict[str, Any] = {name: {} for name in sorted(transactions.field_names(db))}
    return json_response(
        {"type": "object", "properties": properties}, headers={"content-type": "application/schema+json"}
    )


def _get(request: Request, db: AccountDatabase, body: Any) -> Response:
    expand = request.query_params.get("expandSubResources") == "true"
    shown = records.get(db, _kind(request), request.path_params["key"], expand=expand)
    if fields := request.query_params.get("fields"):
        wanted = {"links", "id", *fields.split(",")}
        shown = {name: value for name, value in shown.items() if name in wanted}
    return json_response(shown, headers={"content-type": "application/vnd.oracle.resource+json; type=singular"})


def _transform(request: Request, db: AccountDatabase, body: Any) -> Response:
    kind, key, target = (request.path_params[name] for name in ("kind", "key", "target"))
    made = records.transform(db, kind, key, target, body)
    place = str(request.url).partition(f"/{kind}/")[0]
    return Response(status_code=204, headers={"location": f"{place}/{target}/{made}"})


def _ship(request: Request, db: AccountDatabase, body: Any) -> Response:
    order = records.find(db, "salesOrder", request.path_params["key"])
    place = str(request.url).partition("/salesOrder/")[0]
    made = warehouse.transform(db, order, body if isinstance(body, dict) else {})
    return Response(status_code=204, headers={"location": f"{place}/itemFulfillment/{made}"})


def _tax(db: AccountDatabase, params: Any) -> int:
    rates = {name: Decimal(params[name]) for name in ("rate", "shipping_rate") if name in params}
    if params["engine"] not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}")
    db.tax = TaxSettings(params["engine"], **rates)
    return 0


def _fulfil(db: AccountDatabase, params: Any) -> int:
    order = records.find(db, "salesOrder", f"eid:{params['order']}")
    quantities, tracking = warehouse.numbers(db, order, params.get("quantities")), params.get("tracking", [])
    return warehouse.fulfil(db, order, status=params.get("status", "C"), tracking=tracking, quantities=quantities)


def _delete_fulfilment(db: AccountDatabase, params: Any) -> int:
    warehouse.delete_fulfilment(db, params["id"])
    return int(params["id"])


def _stock(db: AccountDatabase, params: Any) -> int:
    (item,) = db.all("SELECT id FROM item WHERE itemid = ?", params["sku"])
    db.stock(item["id"], params["quantity"])
    return int(item["id"])


def _items(db: AccountDatabase, params: Any) -> int:
    (item,) = db.all("SELECT id FROM item WHERE itemid = ?", params["sku"])
    db.change("item", item["id"], lastmodifieddate=now(), **params["values"])
    return int(item["id"])


def _add_items(db: AccountDatabase, params: Any) -> int:
    for sku in params["skus"]:
        db.item(sku, quantity=20)
    return len(params["skus"])


def _add_kit(db: AccountDatabase, params: Any) -> int:
    kit = db.item(params["sku"], itemtype="Kit", quantity=None)
    for sku, quantity in params["members"].items():
        db.add("itemmember", parentitem=kit, item=db.item_id(sku), quantity=quantity)
    return kit


def _add_image(db: AccountDatabase, params: Any) -> int:
    file = db.add("file", name="image.jpg", folder=1, isonline="T" if params["public"] else "F")
    db.change("file", file, url=f"/core/media/media.nl?id={file}")
    db.change("item", db.item_id(params["sku"]), storedisplayimage=file, lastmodifieddate=now())
    return file


def _set_price(db: AccountDatabase, params: Any) -> int:
    item, currency = db.item_id(params["sku"]), params.get("currency", 1)
    row = {"item": item, "pricelevel": 1, "quantity": 0, "currency": currency}
    db.connection.execute("DELETE FROM pricing WHERE item = ? AND currency = ?", [item, currency])
    if params["price"] is not None:
        db.add("pricing", **row, unitprice=params["price"])
    db.change("item", item, lastmodifieddate=now())
    return item


def _features(db: AccountDatabase, params: Any) -> int:
    db.advanced_shipping = params.get("advanced_shipping", db.advanced_shipping)
    db.show_statuses(compound=params.get("compound_statuses", db.compound_statuses))
    return 0


def _orders(db: AccountDatabase, params: Any) -> int:
    (item,) = db.all("SELECT id FROM item WHERE itemid = ?", params["sku"])
    body = {"entity": {"id": "1"}, "item": {"items": [{"item": {"id": str(item["id"])}, "quantity": 2}]}}
    return records.put(db, "salesOrder", f"eid:{params['externalId']}", body, "", strict=True)


def _backdate(db: AccountDatabase, params: Any) -> int:
    db.backdate(params["hours"])
    return 0
