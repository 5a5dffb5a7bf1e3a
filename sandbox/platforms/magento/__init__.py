"""Magento 2 (Adobe Commerce): the REST API `/rest/{store view}/V1`, following the vendor's OpenAPI file.

Each account is a separate shop, identified by its token (see `authentication`).
"""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.contracts.problems import Problem
from sandbox.platforms.base import Options, Platform, UnknownStateKind, annotate_call, json_response
from sandbox.platforms.magento import (
    back_office,
    bulk_api,
    generated_orders,
    invoices,
    products,
    shipments,
    stock_and_prices,
)
from sandbox.platforms.magento.authentication import Authenticator
from sandbox.platforms.magento.responses import ApiError, Row
from sandbox.platforms.magento.sales import MagentoSales
from sandbox.platforms.magento.search import search
from sandbox.platforms.magento.store import DEFAULT_CATEGORY, GROUPS, HIDDEN, MEDIA, SOURCES, Store
from sandbox.sales import routes as sales_routes

VIEWS = ("all", "default", "outlet")
Handler = Callable[[Request, Store], Awaitable[Any]]


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
        handlers: list[tuple[str, str, Handler]] = [
            ("GET", "/store/storeConfigs", _configs),
            ("GET", "/orders", _listing("orders")),
            ("GET", "/orders/{number:int}", _order),
            ("POST", "/orders/{number:int}/cancel", _cancel),
            ("GET", "/invoices", _listing("invoices")),
            ("GET", "/invoices/{number:int}", _invoice),
            ("GET", "/creditmemos", _listing("credit_memos")),
            ("GET", "/creditmemo/{number:int}", _credit_memo),
            ("POST", "/order/{number:int}/invoice", _make_invoice),
            ("POST", "/order/{number:int}/refund", _refund),
            ("POST", "/invoice/{number:int}/refund", _refund_invoice),
            ("GET", "/shipments", _listing("shipments")),
            ("POST", "/order/{number:int}/ship", _ship),
            ("POST", "/shipment/track", _track),
            ("GET", "/products", _products),
            ("GET", "/products/attributes", _listing("attributes")),
            ("POST", "/products/base-prices", _base_prices),
            ("POST", "/products", _save),
            ("PUT", "/products/{sku}", _save_named),
            ("GET", "/bulk", _listing("operations")),
            ("GET", "/bulk/{name}/detailed-status", _detailed_status),
            ("GET", "/products/{sku}/media", _media),
            ("POST", "/products/{sku}/media", _add_image),
            ("DELETE", "/products/{sku}/media/{number:int}", _delete_image),
            ("GET", "/categories/list", _listing("categories")),
            ("GET", "/customers/search", _listing("customers")),
            ("GET", "/customerGroups/search", _groups),
            ("GET", "/inventory/source-items", _source_items),
            ("POST", "/inventory/source-items", _save_source_items),
            ("GET", "/inventory/sources/{code}", _source),
        ]
        bulk = Route("/rest/{view}/async/bulk/V1/products/bySku", self._guarded(_queue, 202), methods=["PUT"])
        return [
            bulk,
            *(
                Route(f"/rest/{{view}}/V1{path}", self._guarded(handle), methods=[method])
                for method, path, handle in handlers
            ),
        ]

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

    def _guarded(self, handle: Handler, status: int = 200) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            await self.options.latency()
            try:
                account = self.authenticator.authenticate(request)
                annotate_call(request, account=account)
                if request.path_params["view"] not in VIEWS:
                    raise ApiError(404, "The store that was requested wasn't found. Verify the store and try again.")
                return json_response(await handle(request, self.stores[account]), status)
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


async def _json(request: Request) -> Any:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise ApiError(400, "Server cannot understand Content-Type HTTP header media type %1", "unknown")
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "Decoding error.") from error


async def _body(request: Request) -> Row:
    body = await _json(request)
    if not isinstance(body, dict):
        raise ApiError(400, "Decoding error.")
    return body


def _listing(kind: str) -> Handler:
    async def handle(request: Request, store: Store) -> Row:
        rows: Any = getattr(store, kind)
        found = rows if isinstance(rows, list) else rows.values()
        return search(request, found, products.field_value, enforce_limits=store.enforce_limits)

    return handle


async def _products(request: Request, store: Store) -> Row:
    return search(request, store.products.values(), products.product_value, enforce_limits=store.enforce_limits)


async def _source_items(request: Request, store: Store) -> Row:
    return search(request, store.sources.values(), products.field_value, enforce_limits=store.enforce_limits)


async def _source(request: Request, store: Store) -> Row:
    code = request.path_params["code"]
    if code not in SOURCES:
        raise ApiError(404, 'Source with code "%value" does not exist.', value=code)
    return {"source_code": code, "name": code, "enabled": True, "country_id": "GB", "postcode": "0"}


async def _groups(request: Request, store: Store) -> Row:
    rows = [{"id": number, "code": name, "tax_class_id": 3} for number, name in enumerate(GROUPS)]
    return search(request, rows, products.field_value, enforce_limits=store.enforce_limits)


async def _configs(request: Request, store: Store) -> list[Row]:
    return [
        {
            "id": number,
            "code": code,
            "website_id": 1,
            "locale": "en_GB",
            "base_currency_code": store.options.currency,
            "default_display_currency_code": store.options.currency,
            "timezone": "Europe/London",
            "weight_unit": "kgs",
            "base_url": "http://shop.example/",
            "base_link_url": "http://shop.example/",
            "secure_base_url": "https://shop.example/",
            "base_media_url": MEDIA,
            "secure_base_media_url": MEDIA,
        }
        for number, code in enumerate(VIEWS[1:], 1)
    ]


async def _ship(request: Request, store: Store) -> int:
    return shipments.ship(store, request.path_params["number"], await _body(request))


async def _order(request: Request, store: Store) -> Row:
    return invoices.order_of(store, request.path_params["number"])


async def _cancel(request: Request, store: Store) -> bool:
    return invoices.cancel(store, request.path_params["number"])


async def _invoice(request: Request, store: Store) -> Row:
    return invoices.invoice_by_id(store, request.path_params["number"])


async def _credit_memo(request: Request, store: Store) -> Row:
    return invoices.credit_memo_by_id(store, request.path_params["number"])


async def _make_invoice(request: Request, store: Store) -> int:
    return invoices.invoice(store, request.path_params["number"], await _body(request))


async def _refund(request: Request, store: Store) -> int:
    return invoices.refund(store, request.path_params["number"], await _body(request))


async def _refund_invoice(request: Request, store: Store) -> int:
    return invoices.refund_invoice(store, request.path_params["number"], await _body(request))


async def _track(request: Request, store: Store) -> Row:
    return shipments.track(store, await _body(request))


async def _base_prices(request: Request, store: Store) -> list[Row]:
    return stock_and_prices.save_base_prices(store, await _body(request))


async def _save(request: Request, store: Store) -> Row:
    return bulk_api.save(store, await _body(request))


async def _save_named(request: Request, store: Store) -> Row:
    body = await _body(request)
    if isinstance(body.get("product"), dict):
        body["product"]["sku"] = request.path_params["sku"]
    return bulk_api.save(store, body)


async def _queue(request: Request, store: Store) -> Row:
    bodies = await _json(request)
    annotate_call(request, items=len(bodies) if isinstance(bodies, list) else None)
    return bulk_api.queue(store, bodies)


async def _detailed_status(request: Request, store: Store) -> Row:
    return bulk_api.detailed_status(store, request.path_params["name"])


async def _save_source_items(request: Request, store: Store) -> list[Row]:
    return stock_and_prices.save_source_items(store, await _body(request))


async def _media(request: Request, store: Store) -> list[Row]:
    return list(products.product_of(store, request.path_params["sku"])["media_gallery_entries"])


async def _add_image(request: Request, store: Store) -> int:
    return products.add_image(store, request.path_params["sku"], await _body(request))


async def _delete_image(request: Request, store: Store) -> bool:
    return products.delete_image(store, request.path_params["sku"], request.path_params["number"])
