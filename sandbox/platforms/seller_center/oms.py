"""Seller Center's OMS: orders whose items each have a quantity of one, UpdateItemsStatus and UpdateItemsInformation.

`POST /?Action=UpdateItemsStatus&Version=1.0&…` takes `{"Request": {"Items": […]}}` with at most 4,000 items. An item
that is malformed, unknown, or cannot change to the requested status fails by its position; the others are applied.
Repeating a status succeeds. The orders and customers under `/read` are our own: no document says how an OMS lists its
orders. An item's `price` has tax; less `voucher_amount` it is the `paid_price`. The total is all paid prices and
shipping amounts.

Control route beside those of sandbox.platforms.seller_center: `POST orders {"account", "count"}` places orders, with
IDs from the sequences `orders` and `items`.
"""

import random
from datetime import UTC, datetime
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from sandbox import customers_and_orders
from sandbox.catalog import Catalog
from sandbox.platforms.base import annotate_call, json_response
from sandbox.platforms.seller_center import InvalidRequest, Row, SellerCenter
from sandbox.platforms.seller_center.oms_account import CatalogItem, Oms
from sandbox.platforms.seller_center.oms_sales import OmsSales
from sandbox.sales import routes as sales_routes

# The title of the vendor's page has the singular.
ACTIONS = ("UpdateItemsStatus", "UpdateItemStatus", "UpdateItemsInformation")
MAX_ITEMS = 4000


class SellerCenterOms(SellerCenter[Oms]):
    """The OMS of each account."""

    name = "seller_center_oms"
    listed = ()
    readable = ("orders", "customers")

    @cached_property
    def _catalog_items(self) -> list[CatalogItem]:
        """Return the catalog that the shop with the same seed sells."""
        return [
            CatalogItem(variant.sku, product.title, product.price or 1.0)
            for product in Catalog(str(self.options.seed), self.options.products, dirty=False).products()
            for variant in product.variants
        ]

    def fill(self) -> Oms:
        seed, options = str(self.options.seed), self.options
        oms = Oms()
        oms.catalog_items = self._catalog_items
        for person in customers_and_orders.customers(seed, options.customers):
            table = oms.tables["customers"]
            table.put(_customer(table.allocate_id(), person), at=datetime.fromtimestamp(person.modified, UTC))
        for order in customers_and_orders.orders(seed, options.orders, options.customers, len(oms.catalog_items)):
            oms.place(order, datetime.fromtimestamp(order.modified, UTC))
        return oms

    def control_routes(self) -> list[BaseRoute]:
        return [
            *super().control_routes(),
            self.control("orders", self._place),
            *sales_routes(OmsSales(lambda: self.data)),
        ]

    async def push(self, name: str, account: Oms, body: Row, request: Request) -> Response:
        action = request.query_params.get("Action", "")
        if action not in ACTIONS:
            raise InvalidRequest(f"Action must be one of {', '.join(ACTIONS)}")
        if request.query_params.get("Version") != "1.0":
            raise InvalidRequest("Version must be 1.0")
        update = account.inform if action == "UpdateItemsInformation" else account.update
        match body:
            case {"Request": {"Items": [_, *_] as items}} if len(items) <= MAX_ITEMS:
                annotate_call(request, items=len(items))
                failed = [(index, reason) for index, item in enumerate(items) if (reason := update(item))]
                return json_response(_answer(action, failed))
        return json_response(_rejected(action, f"Request.Items must be a list of 1 to {MAX_ITEMS} items"))

    def _place(self, oms: Oms, body: Row) -> Row:
        count = body["count"]
        first = oms.tables["orders"].next_id
        rng = random.Random(f"{self.options.seed}:{first}")
        for _ in range(count):
            customer = rng.randrange(len(oms.tables["customers"].rows))
            lines = ((rng.randrange(len(oms.catalog_items)), 1), (rng.randrange(len(oms.catalog_items)), 2))
            now = int(datetime.now(UTC).timestamp())
            oms.place(customers_and_orders.Order(customer, lines, "new", False, "", now, now), None)
        return {"ids": [str(first + step) for step in range(count)]}


def _customer(row_id: str, person: customers_and_orders.Customer) -> Row:
    address = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "company": person.company,
        "address1": person.street,
        "city": person.city,
        "postcode": person.postcode,
        "country": "GB",
        "phone": person.phone,
    }
    return {
        "id": row_id,
        "email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "company": person.company,
        "phone": person.phone,
        "ip_address": person.ip_address,
        "billing_address": address,
    }


def _answer(action: str, failed: list[tuple[int, str]]) -> Row:
    if not failed:
        head = {
            "RequestId": "",
            "RequestAction": action,
            "ResponseType": "",
            "Timestamp": datetime.now(UTC).isoformat(),
        }
        return {"SuccessResponse": {"Head": head, "Body": []}}
    named = [{"ErrorCode": None, "ErrorMessage": reason, "Position": index} for index, reason in failed]
    return _rejected(action, "Some elements were not processed", {action: named})


def _rejected(action: str, message: str, body: Row | None = None) -> Row:
    head = {"RequestAction": action, "ErrorType": "Sender", "ErrorCode": "0", "ErrorMessage": message}
    return {"ErrorResponse": {"Head": head, "Body": body or {}}}
