"""Tryton, an ERP: its REST interface (series 8.0 and later), with the key of a user application.

Each account is a database, served at `/{account}/rest/model/…`; its token is the key. The rules are those of the public
documentation of the modules, and what a real 8.2 server does where that is silent: a create runs no rules that fill
fields, unknown models and fields are answered with 500, and a step that is not allowed with 400 and a message.

Control routes, each a `POST` with the `account`:
- `stock {"code", "quantity"}` counts a product in the first warehouse;
- `products {"name", "codes", "values"}` creates a template, and returns its ID;
- `write {"model", "id", "values"}` changes a record, as a person would;
- `orders {"key", "code"}` creates a sale in processing;
- `fulfil {"key", "tracking", "quantities", "state"}` ships (`quantities` by line ID; `state` is `done` by default) and
  returns the ID of the shipment;
- `modules {"without"}` deactivates modules;
- `age {"hours"}` moves all dates back.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.contracts.problems import Problem
from sandbox.platforms.base import Options, Platform, UnknownStateKind, annotate_call, json_response, token_matches
from sandbox.platforms.tryton import trading
from sandbox.platforms.tryton.contents import add_product, count, new_database
from sandbox.platforms.tryton.database import Context, Records, Row
from sandbox.platforms.tryton.models import MODULES
from sandbox.platforms.tryton.sales import TrytonSales
from sandbox.platforms.tryton.values import HttpError, UserError, decode, decode_parameter, encode
from sandbox.sales import routes as sales_routes

ROOT = "/{database}/rest/model"
Handler = Callable[[Request, Records, Context, Any], Any]
Control = Callable[[Records, Any], int | None]


class Tryton(Platform):
    """All databases."""

    name = "tryton"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.databases = {name: new_database(options.products) for name in self.accounts}

    def routes(self) -> list[BaseRoute]:
        handlers: list[tuple[str, str, Handler]] = [
            ("GET", "/{name}", _search),
            ("POST", "/{name}", _create),
            ("PUT", "/{name}/{id:int}", _write),
            ("DELETE", "/{name}/{id:int}", _delete),
            ("POST", "/{name}/{id:int}/{action}", _press),
        ]
        return [Route(f"{ROOT}{path}", self._guarded(handle), methods=[method]) for method, path, handle in handlers]

    def control_routes(self) -> list[BaseRoute]:
        actions: dict[str, Control] = {
            "stock": _stock,
            "products": _products,
            "write": _write_record,
            "orders": _order,
            "fulfil": _fulfil,
            "modules": _modules,
            "age": _age,
        }
        own = [Route(f"/_sandbox/{name}", self._control(action), methods=["POST"]) for name, action in actions.items()]
        return [*own, *sales_routes(TrytonSales(lambda: self.databases))]

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        """`products`: templates of goods; `orders`: sales; `open_orders`: those that are not
        cancelled and have a quantity; `customers`: parties with an identifier; `active_customers`."""
        views = _views(self.databases[account]) if account in self.databases else {}
        if kind not in views:
            raise UnknownStateKind(f"accounts: {', '.join(self.databases)}; kinds: {', '.join(views)}")
        first = int(after or 0)
        rows = [encode(row) for row in views[kind][first : first + limit]]
        return rows, str(first + limit) if first + limit < len(views[kind]) else None

    async def reset(self) -> None:
        self.databases = {name: new_database(self.options.products) for name in self.accounts}

    def rate_limited(self) -> Response:
        return HttpError(429, "Too Many Requests").response()

    def invalid_request(self, problem: Problem) -> Response:
        return UserError(problem.detail).response()

    def _guarded(self, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            await self.options.latency()
            database = request.path_params["database"]
            try:
                if database not in self.databases:
                    raise HttpError(404, "The requested URL was not found on the server.")
                annotate_call(request, account=database)
                scheme, _, key = request.headers.get("authorization", "").partition(" ")
                if scheme.lower() != "bearer" or not token_matches(key, self.accounts[database]):
                    raise HttpError(401, "The server could not verify that you are authorized to access the URL.")
                body = await _body(request)
                header = request.headers.get("x-tryton-context")
                context = decode_parameter(header) if header else {}
                found = handle(request, self.databases[database], context, body)
                return Response(status_code=204) if found is None else json_response(encode(found))
            except (HttpError, UserError) as error:
                return error.response()

        return endpoint

    def _control(self, action: Control) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            params = orjson.loads(await request.body())
            return json_response({"id": action(self.databases[params["account"]], params)})

        return endpoint


async def _body(request: Request) -> Any:
    """Actions need a body as well, if only `{}`."""
    if request.method in ("GET", "DELETE"):
        return None
    if "json" not in request.headers.get("content-type", ""):
        raise HttpError(400, "Not a JSON request")
    try:
        return decode(orjson.loads(await request.body()))
    except orjson.JSONDecodeError as error:
        raise HttpError(400, "Unable to read JSON request") from error


def _fields(request: Request) -> list[str]:
    return request.query_params.getlist("f") or ["rec_name"]


def _search(request: Request, records: Records, context: Context, body: Any) -> list[Row]:
    model, query = request.path_params["name"], request.query_params
    rows = records.search(model, decode_parameter(query["d"]) if "d" in query else [], context)
    start = int(query.get("p", 0))
    stop = start + int(query["s"]) if "s" in query else None
    annotate_call(request, items=len(rows[start:stop]))
    return [records.read(model, row, _fields(request), context) for row in rows[start:stop]]


def _create(request: Request, records: Records, context: Context, body: Any) -> Row:
    model = request.path_params["name"]
    records.model(model)
    before = {name: dict(table) for name, table in records.tables.items()}
    try:
        row = records.create(model, _with_defaults(records, model, body))
        _check_unique(records, model, row)
    except (HttpError, UserError):
        records.tables = before
        raise
    return records.read(model, row, _fields(request), context)


def _with_defaults(records: Records, model: str, values: Row) -> Row:
    """Only what Tryton numbers or defaults without a person who types."""
    if model == "party.party":
        return {"code": str(len(records.tables[model]) + 1)} | values
    if model == "sale.sale":
        if not values.get("party"):
            raise UserError('A value is required for field "Party" in "Sale".')
        return {"warehouse": 1} | values
    return values


def _check_unique(records: Records, model: str, row: Row) -> None:
    if model == "party.party":
        same = [each for each in records.tables[model].values() if each.get("code") == row["code"]]
        if len(same) > 1:
            raise UserError("The code on party must be unique.")


def _write(request: Request, records: Records, context: Context, body: Any) -> Row:
    model, row = _record(request, records)
    records.write(model, row, body)
    return records.read(model, row, _fields(request), context)


def _delete(request: Request, records: Records, context: Context, body: Any) -> None:
    model, row = _record(request, records)
    records.delete(model, [row["id"]])


def _press(request: Request, records: Records, context: Context, body: Any) -> Row:
    model, row = _record(request, records)
    trading.press(records, model, row, request.path_params["action"])
    return records.read(model, row, _fields(request), context)


def _record(request: Request, records: Records) -> tuple[str, Row]:
    model = request.path_params["name"]
    records.model(model)
    return model, records.get(model, request.path_params["id"])


def _views(records: Records) -> dict[str, list[Row]]:
    tables = records.tables
    named = {row["party"] for row in tables["party.identifier"].values()}
    orders = [_view(records, row) for row in tables["sale.sale"].values() if not row.get("origin")]
    customers = [row for row in tables["party.party"].values() if row["id"] in named]
    return {
        "products": [row for row in tables["product.template"].values() if row["type"] == "goods"],
        "orders": orders,
        "open_orders": [
            row for row in orders if row["state"] != "cancelled" and any(line["quantity"] for line in row["lines"])
        ],
        "customers": customers,
        "active_customers": [row for row in customers if row["active"]],
    }


def _view(records: Records, sale: Row) -> Row:
    lines = [dict(line) for line in trading.sale_lines(records, sale)]
    return sale | {"lines": lines, "total_amount": trading.total_amount(records, sale, {})}


def _product(records: Records, code: str) -> Row:
    return next(row for row in records.tables["product.product"].values() if row["code"] == code)


def _sale(records: Records, key: str) -> Row:
    return next(row for row in records.tables["sale.sale"].values() if row.get("description") == key)


def _stock(records: Records, params: Any) -> None:
    count(records, _product(records, params["code"])["id"], params["quantity"])


def _products(records: Records, params: Any) -> int:
    return add_product(records, params["name"], params["codes"], **decode(params.get("values", {})))


def _write_record(records: Records, params: Any) -> None:
    model = params["model"]
    records.write(model, records.get(model, params["id"]), decode(params["values"]))


def _order(records: Records, params: Any) -> int:
    address = records.create("party.address", {"party": 1, "street": "1 High Street", "city": "Leeds"})["id"]
    product = _product(records, params["code"])
    line = {"product": product["id"], "quantity": 2.0, "unit": 1, "unit_price": Decimal(10)}
    values = {"party": 1, "invoice_address": address, "shipment_address": address, "currency": 1, "warehouse": 1}
    values |= {"description": params["key"], "reference": params["key"], "lines": [["create", [line]]]}
    sale = records.create("sale.sale", values)
    for button in ("quote", "confirm"):
        trading.press(records, "sale.sale", sale, button)
    return int(sale["id"])


def _fulfil(records: Records, params: Any) -> int:
    quantities = params.get("quantities")
    if quantities is not None:
        quantities = {int(line): Decimal(str(quantity)) for line, quantity in quantities.items()}
    sale, tracking = _sale(records, params["key"]), params.get("tracking", [])
    return trading.ship(records, sale, quantities, tracking, params.get("state", "done"))


def _modules(records: Records, params: Any) -> None:
    records.modules = set(MODULES) - set(params["without"])


def _age(records: Records, params: Any) -> None:
    records.age(params["hours"])
