"""Seller Center's OMS: orders whose items each have a quantity of one, and UpdateItemsStatus.

`POST /?Action=UpdateItemsStatus&…` takes `{"Request": {"Items": […]}}` with at most 4,000 items. An item that is
malformed, unknown, or cannot change to the requested status fails by its position; the others are applied. Repeating a
status succeeds. The orders and customers under `/read` are assumed: no document says how an OMS lists its orders.

Control route beside those of sandbox.platforms.seller_center: `POST orders {"account", "count"}` places orders, with
IDs from the sequences `orders` and `items`.
"""

import random
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from sandbox import customers_and_orders
from sandbox.catalog import Catalog
from sandbox.platforms.base import annotate_call, json_response
from sandbox.platforms.seller_center import Account, InvalidRequest, Row, SellerCenter

ACTION = "UpdateItemsStatus"
MAX_ITEMS = 4000
# The statuses that an item can get, and the fields that each requires.
ALLOWED_TRANSITIONS = {
    "pending": ("shipped", "canceled"),
    "shipped": ("delivered", "failed_delivery"),
    "delivered": ("returned",),
}
REQUIRED_FIELDS = {
    "shipped": ("shipping_carrier", "tracking_code"),
    "canceled": ("cancel_reason",),
    "returned": ("return_reason",),
    "failed_delivery": ("failed_delivery_reason",),
    "delivered": (),
}
STAGES = {"shipped": "shipped", "cancelled": "canceled"}


class CatalogItem(NamedTuple):
    sku: str
    title: str
    price: float


class Oms(Account):
    """One OMS. `items` maps an item to its order."""

    def __init__(self) -> None:
        super().__init__(("orders", "customers", "items"))
        self.items: dict[str, str] = {}
        self.catalog_items: list[CatalogItem] = []

    def place(self, order: customers_and_orders.Order, at: datetime | None) -> None:
        row_id = self.tables["orders"].allocate_id()
        customer = self.tables["customers"].rows[str(order.customer + 1)]
        items = [
            self._item(self.catalog_items[index], order) for index, quantity in order.lines for _ in range(quantity)
        ]
        total = sum(float(item["price"]) for item in items)
        created = datetime.fromtimestamp(order.created, UTC) if at else self.clock.now()
        row = {
            "id": row_id,
            "number": f"{300_000_000 + int(row_id)}",
            "created_at": created.isoformat(),
            "currency": "GBP",
            "total": f"{total:.2f}",
            "tax": f"{total / 6:.2f}",
            "shipping_cost": "0.00",
            "customer_id": customer["id"],
            "note": order.message,
            "ip_address": customer["ip_address"],
            "billing_address": customer["billing_address"],
            "shipping_address": customer["billing_address"],
            "items": items,
        }
        self.tables["orders"].put(row, at=at)
        self.items |= {item["id_sales_order_item"]: row_id for item in items}

    def _item(self, catalog_items: CatalogItem, order: customers_and_orders.Order) -> Row:
        item_id = self.tables["items"].allocate_id()
        item = {
            "id_sales_order_item": item_id,
            "sku": catalog_items.sku,
            "name": catalog_items.title,
            "price": f"{catalog_items.price:.2f}",
            "item_status": STAGES.get(order.stage, "pending"),
        }
        if order.stage == "shipped":
            sent = datetime.fromtimestamp(order.modified, UTC).isoformat()
            item |= {"shipping_carrier": "DHL", "tracking_code": f"TRACK-{order.created}", "shipped_at": sent}
        return item

    def update(self, item_change: Any) -> str:
        """Set the status of an item. Returns the reason if that is not possible."""
        if not isinstance(item_change, dict) or not isinstance(item_change.get("id_sales_order_item"), str | int):
            return "id_sales_order_item is required"
        status, item_id = item_change.get("item_status"), str(item_change["id_sales_order_item"])
        if status not in REQUIRED_FIELDS:
            return f"item_status must be one of {', '.join(REQUIRED_FIELDS)}"
        for name in REQUIRED_FIELDS[status]:
            if not isinstance(item_change.get(name), str) or not item_change[name]:
                return f"{name} is required for {status}"
        try:
            event_time = datetime.strptime(str(item_change.get("status_event_time")), "%Y-%m-%d %H:%M:%S").replace(
                tzinfo=UTC
            )
        except ValueError:
            return "status_event_time must be YYYY-MM-DD hh:mm:ss"
        order = self.tables["orders"].rows.get(self.items.get(item_id, ""))
        item = (
            next((each for each in order["items"] if each["id_sales_order_item"] == item_id), None) if order else None
        )
        if order is None or item is None:
            return f"no item {item_id}"
        if status != item["item_status"] and status not in ALLOWED_TRANSITIONS.get(item["item_status"], ()):
            return f"an item that is {item['item_status']} cannot become {status}"
        changed = item | {"item_status": status} | {name: item_change[name] for name in REQUIRED_FIELDS[status]}
        if status == "shipped":
            changed["shipped_at"] = event_time.isoformat()
        self.tables["orders"].put(order | {"items": [changed if each is item else each for each in order["items"]]})
        return ""


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
        return [*super().control_routes(), self.control("orders", self._place)]

    async def push(self, name: str, account: Oms, body: Row, request: Request) -> Response:
        if request.query_params.get("Action") != ACTION:
            raise InvalidRequest(f"Action must be {ACTION}")
        match body:
            case {"Request": {"Items": [_, *_] as items}} if len(items) <= MAX_ITEMS:
                annotate_call(request, items=len(items))
                failed = [(index, reason) for index, item in enumerate(items) if (reason := account.update(item))]
                return json_response(_answer(failed))
        return json_response(_rejected(f"Request.Items must be a list of 1 to {MAX_ITEMS} items"))

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


def _answer(failed: list[tuple[int, str]]) -> Row:
    if not failed:
        head = {
            "RequestId": "",
            "RequestAction": ACTION,
            "ResponseType": "",
            "Timestamp": datetime.now(UTC).isoformat(),
        }
        return {"SuccessResponse": {"Head": head, "Body": []}}
    named = [{"ErrorCode": None, "ErrorMessage": reason, "Position": index} for index, reason in failed]
    return _rejected("Some elements were not processed", {ACTION: named})


def _rejected(message: str, body: Row | None = None) -> Row:
    head = {"RequestAction": ACTION, "ErrorType": "Sender", "ErrorCode": "0", "ErrorMessage": message}
    return {"ErrorResponse": {"Head": head, "Body": body or {}}}
