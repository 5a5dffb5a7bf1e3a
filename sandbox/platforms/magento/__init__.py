"""Magento 2 (Adobe Commerce): the REST API `/rest/{store view}/V1`, following the vendor's OpenAPI file.

Each account is a separate shop, identified by its token (see `authentication`).
"""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.contracts.problems import Problem
from sandbox.platforms.base import Options, Platform, UnknownStateKind, annotate_call, json_response
from sandbox.platforms.magento import back_office, generated_orders
from sandbox.platforms.magento.authentication import Authenticator
from sandbox.platforms.magento.handlers import BULK_RIGHT, HANDLERS, Handler, queue
from sandbox.platforms.magento.responses import ApiError, Row, denied
from sandbox.platforms.magento.sales import MagentoSales
from sandbox.platforms.magento.store import HIDDEN, Store
from sandbox.platforms.magento.websites import DEFAULT_CATEGORY, VIEWS, has_view
from sandbox.sales import routes as sales_routes


class Magento(Platform):
    """All shops."""

    name = "magento"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.authenticator = Authenticator(options)
        self.stores = {name: Store(options) for name in self.accounts}
        for store in self.stores.values():
            generated_orders.fill(store)

    def routes(self) -> list[BaseRoute]:
        routes = [
            ("GET", "/V1/customers/me", self._current_customer),
            ("PUT", "/async/bulk/V1/products/bySku", self._guarded(BULK_RIGHT, queue, 202)),
            *((method, f"/V1{path}", self._guarded(right, handle)) for method, path, right, handle in HANDLERS),
        ]
        return [Route(f"/rest/{{view}}{path}", endpoint, methods=[method]) for method, path, endpoint in routes]

    def control_routes(self) -> list[BaseRoute]:
        return [*back_office.routes(self.stores), *sales_routes(MagentoSales(self.stores))]

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        """Rows in key order. `products` are products without a parent, `goods` includes children; `categories`
        are those below the root categories.
        """
        if account not in self.stores:
            raise UnknownStateKind(f"accounts: {', '.join(self.stores)}")
        rows = _rows(self.stores[account], kind)
        start = int(after or 0)
        page = rows[start : start + limit]
        return page, start + limit if start + limit < len(rows) else None

    async def reset(self) -> None:
        self.authenticator.clear_nonces()
        for store in self.stores.values():
            store.fill()
            generated_orders.fill(store)

    def rate_limited(self) -> Response:
        """Magento itself has no rate limit, but a proxy in front of a shop may have one."""
        return json_response({"message": "Too Many Requests"}, 429, {"Retry-After": "1"})

    def invalid_request(self, problem: Problem) -> Response:
        return json_response({"message": problem.detail}, 400)

    async def _current_customer(self, request: Request) -> Response:
        """What has the permission `self`: to customers alone, by their own tokens."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        for store in self.stores.values():
            if scheme == "Bearer" and (number := store.customer_tokens.get(token)) in store.customers:
                return json_response(store.customers[number])
        return denied("self").response()

    def _guarded(self, right: str, handle: Handler, status: int = 200) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            await self.options.latency()
            try:
                if request.path_params["view"] not in VIEWS:
                    raise ApiError(400, "Specified request cannot be processed.")
                account = self.authenticator.authenticate(request, right)
                annotate_call(request, account=account)
                store = self.stores[account]
                if not has_view(store, request.path_params["view"]):
                    raise ApiError(400, "Specified request cannot be processed.")
                if right in store.denied_rights:
                    raise denied(right)
                return json_response(await handle(request, store), status)
            except ApiError as error:
                return error.response()

        return endpoint


def _rows(store: Store, kind: str) -> list[Row]:
    kinds: dict[str, Callable[[], list[Row]]] = {
        "goods": lambda: list(store.products.values()),
        "products": lambda: [row for row in store.products.values() if row["visibility"] != HIDDEN],
        "categories": lambda: [row for row in store.categories.values() if row["id"] > DEFAULT_CATEGORY],
        "brands": lambda: _options(store, "manufacturer"),
        "customers": lambda: list(store.customers.values()),
        "orders": lambda: list(store.orders.values()),
        "carts": lambda: list(store.carts.values()),
        "shipments": lambda: list(store.shipments.values()),
        "invoices": lambda: list(store.invoices.values()),
        "credit_memos": lambda: list(store.credit_memos.values()),
        "source_items": lambda: list(store.sources.values()),
        "offered": lambda: [
            {"id": row["id"], "sku": row["sku"], "name": row["name"]}
            for row in store.products.values()
            if row["visibility"] != HIDDEN and row["status"] == 1
        ],
        "in_stock": lambda: [
            {"id": row["id"], "quantity": each["quantity"]}
            for each in store.sources.values()
            if each["status"] and (row := store.by_sku(each["sku"]))
        ],
    }
    if kind not in kinds:
        raise UnknownStateKind(f"kinds: {', '.join(kinds)}")
    return kinds[kind]()


def _options(store: Store, code: str) -> list[Row]:
    [row] = [each for each in store.attributes.values() if each["attribute_code"] == code]
    return [each for each in row["options"] if each["value"]]
