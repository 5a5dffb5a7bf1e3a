"""BigCommerce: stores by hash, APIs V2 and V3, following the vendor's OpenAPI files and documented limits."""

from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from sandbox.contracts.problems import Problem
from sandbox.platforms.base import Options, Platform, UnknownStateKind
from sandbox.platforms.bigcommerce import (
    assignments,
    back_office,
    brands,
    categories,
    checkouts,
    currencies,
    customer_addresses,
    customer_attributes,
    customer_groups,
    customers,
    customers_v2,
    images,
    inventory,
    metafields,
    modifiers,
    options,
    order_shipments,
    orders,
    price_list_assignments,
    price_lists,
    products,
    refunds,
    store_information,
    variants,
    webhooks,
)
from sandbox.platforms.bigcommerce.api import Account, routes
from sandbox.platforms.bigcommerce.responses import ApiError, InvalidRequest
from sandbox.platforms.bigcommerce.sales import BigCommerceSales
from sandbox.platforms.bigcommerce.state import KINDS, rows_of
from sandbox.platforms.bigcommerce.webhook_delivery import Delivery
from sandbox.sales import routes as sales_routes

AREAS = (
    assignments,
    brands,
    categories,
    checkouts,
    customer_addresses,
    customer_attributes,
    currencies,
    customer_groups,
    customers,
    customers_v2,
    webhooks,
    images,
    store_information,
    inventory,
    metafields,
    modifiers,
    options,
    order_shipments,
    orders,
    order_shipments,
    price_list_assignments,
    price_lists,
    products,
    refunds,
    variants,
)


class BigCommerce(Platform):
    """All stores, each with its own rate limit."""

    name = "bigcommerce"

    def __init__(self, options_: Options) -> None:
        super().__init__(options_)
        self.stores = {name: Account(name, token, options_) for name, token in self.accounts.items()}
        self.delivery = Delivery(options_)
        for account in self.stores.values():
            account.store.listeners.append(self.delivery.listener(account.store))

    def routes(self) -> list[BaseRoute]:
        operations = [operation for area in AREAS for operation in area.OPERATIONS]
        return list(routes(self.stores, self.options, operations))

    def control_routes(self) -> list[BaseRoute]:
        stores = {name: account.store for name, account in self.stores.items()}
        return [*back_office.routes(stores, self.delivery), *sales_routes(BigCommerceSales(stores))]

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        """Rows of a table, ordered by ID; see `state.KINDS`."""
        if account not in self.stores or kind not in KINDS:
            raise UnknownStateKind(f"accounts: {', '.join(self.stores)}; kinds: {', '.join(KINDS)}")
        return rows_of(self.stores[account].store, kind, int(after or 0), limit)

    async def reset(self) -> None:
        self.delivery.clear_pending()
        for account in self.stores.values():
            account.window.restart()
            account.store.fill()

    async def stop(self) -> None:
        self.delivery.stop()

    def invalid_request(self, problem: Problem) -> Response:
        return InvalidRequest(problem.detail)

    def rate_limited(self) -> Response:
        """A 429 with the headers of the first store, as if its window had just been used up."""
        account = next(iter(self.stores.values()))
        answer = ApiError(429, "Too many requests").response()
        spent = {
            "X-Rate-Limit-Requests-Left": "0",
            "X-Rate-Limit-Time-Reset-Ms": str(min(1000, account.window.window_ms)),
        }
        answer.headers.update(account.limit_headers() | spent)
        return answer
