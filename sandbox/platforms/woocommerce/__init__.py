"""WooCommerce: the REST API `wc/v3` of WordPress sites, following the vendor's documentation.

Each account is a separate site, identified by its consumer key. As the index of a site is public, all sites of one
server answer it with the first one's. Assumed, because it is not documented: which items `orderby=price`, `popularity`
and `rating` put first is not simulated; a listing of terms has `offset` as other listings do.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from sandbox.contracts.problems import Problem
from sandbox.platforms.base import Options, Platform, UnknownStateKind, annotate_call, json_response
from sandbox.platforms.woocommerce import (
    back_office,
    catalog_routes,
    clock,
    customers,
    fulfillments,
    generated_orders,
    orders,
    product_writes,
    refunds,
    webhooks,
)
from sandbox.platforms.woocommerce.authentication import Authenticator
from sandbox.platforms.woocommerce.responses import ApiError, Row, invalid_parameter
from sandbox.platforms.woocommerce.sales import WooSales
from sandbox.platforms.woocommerce.site import Site
from sandbox.sales import routes as sales_routes

Handler = Callable[[Request, Site], Awaitable[Response]]
WRITES = {"POST", "PUT", "PATCH", "DELETE"}

HANDLERS: list[tuple[str, str, Handler]] = [
    ("GET", "/products", catalog_routes.list_products),
    ("GET", "/products/categories", catalog_routes.list_categories),
    ("GET", "/products/categories/{number:int}", catalog_routes.get_category),
    ("GET", "/products/brands", catalog_routes.list_brands),
    ("GET", "/products/brands/{number:int}", catalog_routes.get_brand),
    ("POST", "/products", product_writes.create),
    ("POST", "/products/batch", product_writes.batch),
    ("POST", "/products/{number:int}/variations/batch", product_writes.batch_variations),
    ("GET", "/products/{number:int}", catalog_routes.get_product),
    ("PUT", "/products/{number:int}", product_writes.update),
    ("DELETE", "/products/{number:int}", product_writes.delete),
    ("GET", "/products/{number:int}/variations", catalog_routes.list_variations),
    ("GET", "/products/{number:int}/variations/{variation:int}", catalog_routes.get_variation),
    ("GET", "/settings/{group}/{name}", catalog_routes.setting),
    ("GET", "/customers", customers.list_customers),
    ("GET", "/customers/{number:int}", customers.get_customer),
    ("GET", "/orders", orders.list_orders),
    ("GET", "/orders/{number:int}", orders.get_order),
    ("PUT", "/orders/{number:int}", fulfillments.change_order),
    ("GET", "/orders/{number:int}/fulfillments", fulfillments.list_fulfillments),
    ("POST", "/orders/{number:int}/fulfillments", fulfillments.create_fulfillment),
    ("PUT", "/orders/{number:int}/fulfillments/{fulfillment:int}", fulfillments.change_fulfillment),
    ("GET", "/orders/{number:int}/refunds", refunds.list_refunds),
    ("GET", "/orders/{number:int}/refunds/{refund:int}", refunds.get_refund),
    ("GET", "/webhooks", webhooks.list_webhooks),
    ("POST", "/webhooks", webhooks.create_webhook),
    ("PUT", "/webhooks/{number:int}", webhooks.update_webhook),
    ("DELETE", "/webhooks/{number:int}", webhooks.delete_webhook),
]


class WooCommerce(Platform):
    """All sites."""

    name = "woocommerce"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.authenticator = Authenticator(self.accounts)
        self.sites = {name: Site(options, name) for name in self.accounts}
        for site in self.sites.values():
            generated_orders.fill(site)

    def routes(self) -> list[BaseRoute]:
        routes = [
            Route(f"/wp-json/wc/v3{path}", self._guarded(handle), methods=[method]) for method, path, handle in HANDLERS
        ]
        return [Route("/wp-json", self._index), *routes, Mount("/wp-json", _no_route)]

    def control_routes(self) -> list[BaseRoute]:
        return [*back_office.routes(self.sites), *sales_routes(WooSales(self.sites))]

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        """Stored rows by ID. `products` and `orders` are without those in the trash; `goods` are all products."""
        if account not in self.sites:
            raise UnknownStateKind(f"accounts: {', '.join(self.sites)}")
        rows = _rows(self.sites[account], kind)
        start = int(after or 0)
        page = rows[start : start + limit]
        return page, start + limit if start + limit < len(rows) else None

    async def reset(self) -> None:
        self.authenticator.clear_nonces()
        for site in self.sites.values():
            site.fill()
            generated_orders.fill(site)

    def rate_limited(self) -> Response:
        """WooCommerce itself has no rate limit, but hosts have."""
        return Response("<html>Too Many Requests</html>", 429, {"content-type": "text/html", "retry-after": "1"})

    def invalid_request(self, problem: Problem) -> Response:
        return invalid_parameter("request", problem.detail).response()

    async def _index(self, request: Request) -> Response:
        """`GET /wp-json/`, which is public."""
        site = next(iter(self.sites.values()))
        if site.permalinks == "plain" and "sandbox.sent" not in request.scope:
            return _not_found_page()
        return json_response(
            {
                "name": "Shop &amp; Sons",
                "description": "",
                "url": "https://shop.example",
                "home": "https://shop.example",
                "gmt_offset": "1",
                "timezone_string": clock.ZONE,
                "namespaces": ["oembed/1.0", "wc/v1", "wc/v2", "wc/v3", "wp/v2"],
                "authentication": {},
                "routes": {},
            }
        )

    def _guarded(self, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            await self.options.latency()
            first = next(iter(self.sites.values()))
            try:
                account = self.authenticator.account_of(request, drops_header=first.drops_header)
                if account is None:
                    raise ApiError(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
                annotate_call(request, account=account)
                site = self.sites[account]
                needed = "write" if request.method in WRITES else "read"
                if needed not in site.permissions:
                    message = f"The API key provided does not have {needed} permissions."
                    raise ApiError(401, "woocommerce_rest_authentication_error", message)
                if site.permalinks == "plain" and "sandbox.sent" not in request.scope:
                    return _not_found_page()
                request.state.page_cap = site.page_cap
                return await handle(request, site)
            except ApiError as error:
                return error.response()

        return endpoint


async def _no_route(scope: Scope, receive: Receive, send: Send) -> None:
    error = ApiError(404, "rest_no_route", "No route was found matching the URL and request method.")
    await error.response()(scope, receive, send)


def _not_found_page() -> Response:
    """What a site without pretty permalinks says about an address below /wp-json."""
    return Response("<!DOCTYPE html><title>Page not found</title>", 404, {"content-type": "text/html"})


def _rows(site: Site, kind: str) -> list[Row]:
    kinds: dict[str, Callable[[], list[Row]]] = {
        "in_stock": lambda: [
            {"id": row["id"], "sku": row["sku"], "quantity": row["stock_quantity"]}
            for row in (*site.products.values(), *site.variations.values())
            if row["stock_status"] != "outofstock"
        ],
        "goods": lambda: list(site.products.values()),
        "products": lambda: [row for row in site.products.values() if row["status"] != "trash"],
        "variations": lambda: list(site.variations.values()),
        "categories": lambda: list(site.categories.values()),
        "brands": lambda: list(site.brands.values()),
        "customers": lambda: list(site.customers.values()),
        "orders": lambda: [row for row in site.orders.values() if row["status"] not in ("trash", "checkout-draft")],
        "fulfillments": lambda: list(site.fulfillments.values()),
        "shipment_emails": lambda: [{"id": number} for number in site.shipment_emails],
        "webhooks": lambda: list(site.webhooks.values()),
    }
    if kind not in kinds:
        raise UnknownStateKind(f"kinds: {', '.join(kinds)}")
    return kinds[kind]()
