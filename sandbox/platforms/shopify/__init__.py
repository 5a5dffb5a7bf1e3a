"""Shopify: stores with the Admin API in GraphQL, tokens, bulk operations and their files.

All stores have one address here, so the access token tells which one is meant.
"""

from functools import partial
from typing import Any

import orjson
from graphql import GraphQLError, OperationDefinitionNode, execute_sync, parse, validate
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
from sandbox.platforms.shopify import catalog, fulfillments, inventory, orders, product_writes, webhooks
from sandbox.platforms.shopify.back_office import routes as back_office_routes
from sandbox.platforms.shopify.bulk import BulkOperations
from sandbox.platforms.shopify.limits import Bucket
from sandbox.platforms.shopify.sales import ShopifySales, fill
from sandbox.platforms.shopify.schema import MAX_COST, Context, Resolver, Row, actual_cost, load_schema, requested_cost
from sandbox.platforms.shopify.state import KINDS, rows_of
from sandbox.platforms.shopify.store import Store
from sandbox.platforms.shopify.tokens import Tokens
from sandbox.sales import routes as sales_routes

API_VERSION = "2026-07"
TOKEN_HEADER = "x-shopify-access-token"
AREAS = (catalog, orders, webhooks, product_writes, inventory, fulfillments)


class Account:
    """One store with its limits."""

    def __init__(self, name: str, options: Options) -> None:
        self.store = Store(name, options)
        fill(self.store)
        self.bucket = Bucket(options.quota)
        self.bulk = BulkOperations(self.store, seconds=options.import_ms / 1000)


class Shopify(Platform):
    name = "shopify"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.stores = {name: Account(name, options) for name in self.accounts}
        self.tokens = Tokens(options, list(self.accounts))
        self.schema = load_schema(self._resolvers())

    def _resolvers(self) -> dict[str, dict[str, Resolver]]:
        found: dict[str, dict[str, Resolver]] = {
            "QueryRoot": {"bulkOperation": self._bulk_operation},
            "Mutation": {"bulkOperationRunQuery": self._run_bulk},
        }
        for area in AREAS:
            for kind, fields in area.RESOLVERS.items():
                found.setdefault(kind, {}).update(fields)
        return found

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/admin/api/{version}/graphql.json", self._graphql, methods=["POST"]),
            Route("/bulk/{account}/{file}", self._bulk_file),
            *self.tokens.routes(),
        ]

    def control_routes(self) -> list[BaseRoute]:
        stores = {name: account.store for name, account in self.stores.items()}
        return [*sales_routes(ShopifySales(stores)), *back_office_routes(self.stores)]

    async def _graphql(self, request: Request) -> Response:
        await self.options.latency()
        account = self._account(request)
        headers = {"X-Shopify-API-Version": API_VERSION}
        if account is None:
            text = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return json_response({"errors": text}, 401, headers)
        annotate_call(request, account=account.store.name)
        body = orjson.loads(await request.body())
        return json_response(self._executed(account, body, request), headers=headers)

    def _account(self, request: Request) -> Account | None:
        given = request.headers.get(TOKEN_HEADER, "")
        names = [name for name, token in self.accounts.items() if token_matches(given, token)]
        name = names[0] if names else self.tokens.store_of(given)
        return self.stores.get(name or "")

    def _executed(self, account: Account, body: Row, request: Request) -> Row:
        variables = body.get("variables") or {}
        try:
            document = parse(body["query"])
        except GraphQLError as error:
            return {"errors": [error.formatted]}
        if problems := validate(self.schema, document):
            return {"errors": [_with_code(error) for error in problems]}
        operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
        operation = next((each for each in operations if _name(each) == body.get("operationName")), operations[0])
        cost = requested_cost(self.schema, document, operation, variables)
        tally: Row = {"requestedQueryCost": cost, "actualQueryCost": None}
        if cost > MAX_COST:
            return _error(f"Query cost is {cost}, which exceeds the single query max cost limit ({MAX_COST}).",
                          "MAX_COST_EXCEEDED", tally | {"throttleStatus": account.bucket.status()})  # fmt: skip
        if cost > account.bucket.left:
            return _error("Throttled", "THROTTLED", tally | {"throttleStatus": account.bucket.status()})
        context = Context(account.store, idempotency_key=_idempotency_key(operation, variables))
        context.url = str(request.base_url).rstrip("/")
        context.account = account
        context.find_order = partial(orders.find, context)
        result = execute_sync(self.schema, document, context_value=context, variable_values=variables)
        actual = min(cost, actual_cost(result.data))
        account.bucket.spend(actual)
        answer: Row = {"data": result.data}
        if result.errors:
            answer["errors"] = [_with_code(error) for error in result.errors]
        tally |= {"actualQueryCost": actual, "throttleStatus": account.bucket.status()}
        return answer | {"extensions": {"cost": tally}}

    def _run_bulk(self, _: Any, arguments: Row, context: Context) -> Row:
        account = context.account
        return account.bulk.start(self.schema, arguments["query"], grouped=arguments["groupObjects"])

    def _bulk_operation(self, _: Any, arguments: Row, context: Context) -> Row | None:
        account = context.account
        row = account.bulk.rows.get(int(arguments["id"].rpartition("/")[2]))
        return None if row is None else account.bulk.view(row, context.url)

    async def _bulk_file(self, request: Request) -> Response:
        """The file, or a range of it. The address is the secret: there are no credentials."""
        account = self.stores.get(request.path_params["account"])
        number = request.path_params["file"].removesuffix(".jsonl")
        content = account.bulk.files.get(int(number)) if account and number.isdecimal() else None
        if content is None:
            return Response(status_code=404)
        start, end = _range(request.headers.get("range", ""), len(content))
        if start is None:
            return Response(content, media_type="application/jsonl")
        headers = {"Content-Range": f"bytes {start}-{end}/{len(content)}"}
        return Response(content[start : end + 1], 206, headers, media_type="application/jsonl")

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        """Rows by ID; see `state.KINDS`."""
        if account not in self.stores or kind not in KINDS:
            raise UnknownStateKind(f"accounts: {', '.join(self.stores)}; kinds: {', '.join(KINDS)}")
        return rows_of(self.stores[account].store, kind, int(after or 0), limit)

    async def reset(self) -> None:
        for account in self.stores.values():
            account.bucket.refill()
            account.store.options = self.options
            account.store.fill()
            fill(account.store)

    def invalid_request(self, problem: Problem) -> Response:
        return json_response({"errors": problem.detail}, 400)

    def is_rejection(self, status: int, body: bytes) -> bool:
        return status >= 400 or b'"errors"' in body

    def rate_limited(self) -> Response:
        account = next(iter(self.stores.values()))
        status = account.bucket.status() | {"currentlyAvailable": 0}
        cost = {"requestedQueryCost": 100, "actualQueryCost": None, "throttleStatus": status}
        return json_response(_error("Throttled", "THROTTLED", cost))


def _error(message: str, code: str, cost: Row) -> Row:
    return {"errors": [{"message": message, "extensions": {"code": code}}], "extensions": {"cost": cost}}


def _with_code(error: GraphQLError) -> Row:
    """An error of the vendor has a code; one of validation that of the rule that was broken."""
    formatted: Row = dict(error.formatted)
    if not formatted.get("extensions"):
        formatted["extensions"] = {"code": "undefinedField"}
    return formatted


def _name(operation: OperationDefinitionNode) -> str | None:
    return operation.name.value if operation.name else None


def _idempotency_key(operation: OperationDefinitionNode, variables: Row) -> str:
    """The key of the directive `@idempotent` on the first field of a mutation; empty if it has none."""
    for field in operation.selection_set.selections:
        for directive in getattr(field, "directives", None) or ():
            if directive.name.value == "idempotent":
                value = directive.arguments[0].value
                return str(variables.get(value.name.value) if value.kind == "variable" else value.value)
    return ""


def _range(header: str, size: int) -> tuple[int | None, int]:
    first, _, last = header.removeprefix("bytes=").partition("-")
    if not header.startswith("bytes=") or not first.isdecimal() or int(first) >= size:
        return None, 0
    return int(first), min(int(last) if last.isdecimal() else size - 1, size - 1)
