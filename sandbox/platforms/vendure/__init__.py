"""Vendure's Admin API: GraphQL over one route, with the schema of the contract.

Documented or seen on a server (the contract says which): lists with filters, sorting and paging by number; money in
minor units; which dates change with what; errors with status 200. Assumed: nothing beyond the contract.

Control routes change a shop as its own users would: `POST price {"account", "sku", "price"}`,
`POST stock {"account", "sku", "pieces", "location"}`, `POST custom_fields {"account", "sku", "fields"}`, `POST delete
{"account", "kind", "id"}`, `POST orders {"account", "action", …}` (`orders.control`).
"""

from functools import lru_cache
from typing import Any

import orjson
from graphql import DocumentNode, ExecutionResult, GraphQLError, execute_sync, parse, validate
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.contracts.problems import Problem
from sandbox.platforms.base import (
    Options,
    Platform,
    UnknownStateKind,
    annotate_call,
    json_response,
    token_matches,
)
from sandbox.platforms.vendure import orders, sample_data
from sandbox.platforms.vendure.lists import Row
from sandbox.platforms.vendure.resolvers import schema
from sandbox.platforms.vendure.sales import VendureSales
from sandbox.platforms.vendure.shop import Shop, now
from sandbox.sales import routes as sales_routes

KINDS = ("products", "variants", "collections", "facet_values", "customers", "orders", "fulfillments")


class Vendure(Platform):
    """One shop per API key."""

    name = "vendure"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._create_shops()

    def _create_shops(self) -> None:
        self.shops = {name: Shop(name, self.options) for name in self.accounts}
        for name, shop in self.shops.items():
            sample_data.seed(shop, f"{self.options.seed}:{name}", self.options)

    def routes(self) -> list[BaseRoute]:
        return [Route("/admin-api", self._run, methods=["POST"])]

    def control_routes(self) -> list[BaseRoute]:
        def route(path: str, action: Any) -> Route:
            async def endpoint(request: Request) -> Response:
                body = orjson.loads(await request.body())
                shop = self.shops[body.pop("account", next(iter(self.accounts)))]
                return json_response(action(shop, **body))

            return Route(f"/_sandbox/{path}", endpoint, methods=["POST"])

        actions = {
            "price": _set_price, "stock": _set_stock, "custom_fields": _set_custom_fields, "delete": _delete,
            "orders": orders.control,
        }  # fmt: skip
        own = [route(path, action) for path, action in actions.items()]
        return [*own, *sales_routes(VendureSales(lambda: self.shops))]

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        """Rows by ID, without the rows they refer to."""
        if account not in self.shops or kind not in KINDS:
            raise UnknownStateKind(f"accounts: {', '.join(self.shops)}; kinds: {', '.join(KINDS)}")
        stored = getattr(self.shops[account], kind)
        keys, following = stored.page(after, limit)
        return [_plain(stored[key]) for key in keys], following

    async def reset(self) -> None:
        self._create_shops()

    def invalid_request(self, problem: Problem) -> Response:
        return json_response({"errors": [{"message": problem.detail, "extensions": {"code": "BAD_REQUEST"}}]}, 400)

    def is_rejection(self, status: int, body: bytes) -> bool:
        return status >= 400 or body.startswith(b'{"errors"')

    async def _run(self, request: Request) -> Response:
        await self.options.latency()
        body = orjson.loads(await request.body())
        try:
            document = _parsed(body["query"])
        except GraphQLError as error:
            return json_response({"errors": [error.formatted]}, 400)
        shop = self._shop(request)
        if shop is None:
            denied = GraphQLError(
                "You are not currently authorized to perform this action", extensions={"code": "FORBIDDEN"}
            )
            return _answer(ExecutionResult(None, [denied]))
        result = execute_sync(schema(), document, context_value=shop, variable_values=body.get("variables"))
        return _answer(result)

    def _shop(self, request: Request) -> Shop | None:
        given = request.headers.get("vendure-api-key", "")
        for name, token in self.accounts.items():
            if token_matches(given, token):
                annotate_call(request, account=name)
                return self.shops[name]
        return None


@lru_cache(maxsize=200)
def _parsed(text: str) -> DocumentNode:
    """GraphQLError with the code that the server gives for a document that does not fit its schema."""
    try:
        document = parse(text)
    except GraphQLError as error:
        raise GraphQLError(error.message, extensions={"code": "GRAPHQL_PARSE_FAILED"}) from error
    if errors := validate(schema(), document):
        raise GraphQLError(errors[0].message, extensions={"code": "GRAPHQL_VALIDATION_FAILED"})
    return document


def _answer(result: ExecutionResult) -> Response:
    if not result.errors:
        return json_response({"data": result.data})
    return json_response({"errors": [each.formatted for each in result.errors], "data": result.data})


def _plain(row: Row) -> Row:
    """A row as JSON: of rows that it refers to, only the ID."""
    return {name: _without_rows(value) for name, value in row.items()}


def _without_rows(value: Any) -> Any:
    if isinstance(value, dict) and "id" in value:
        return value["id"]
    return [_without_rows(each) for each in value] if isinstance(value, list) else value


def _by_sku(shop: Shop, sku: str) -> Row:
    found: Row = next(row for row in shop.variants.values() if row["sku"] == sku)
    return found


def _set_price(shop: Shop, sku: str, price: int, currency: str = "") -> Row:
    variant = _by_sku(shop, sku)
    shop.set_price(variant, currency or shop.currency, price)
    variant["updatedAt"] = now()
    return {"id": variant["id"]}


def _set_stock(shop: Shop, sku: str, pieces: int, location: str = "1") -> Row:
    variant = _by_sku(shop, sku)
    shop.set_stock(variant, location, pieces, now())
    variant["updatedAt"] = now()
    return {"id": variant["id"]}


def _set_custom_fields(shop: Shop, sku: str, fields: Row) -> Row:
    variant = _by_sku(shop, sku)
    variant["customFields"] |= fields
    variant["updatedAt"] = now()
    return {"id": variant["id"]}


def _delete(shop: Shop, kind: str, id: str) -> Row:
    row = getattr(shop, kind)[id]
    getattr(shop, kind).drop(id)
    if kind == "variants":
        shop.products[row["productId"]]["variants"].remove(row)
    if kind == "products":
        for variant in row["variants"]:
            shop.variants.drop(variant["id"])
    return {"id": id}
