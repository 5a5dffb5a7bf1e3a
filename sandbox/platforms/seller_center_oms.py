"""Seller Center's OMS: orders with items of one piece each, and UpdateItemsStatus.

`POST /?Action=UpdateItemsStatus&…` takes `{"Request": {"Items": […]}}`, at most 4,000; an item that is malformed,
unknown, or cannot go from its status to the wanted one fails by its position, the others are taken. To say a status
again is fine. What lies under `/read` (orders, customers) is assumed: no document says how an OMS lists its orders.

Control beside that of sandbox.platforms.seller_center: `POST orders {"account", "count"}` lets customers place orders,
with ids from the sequences `orders` and `items`.
"""

import random
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from sandbox import people
from sandbox.catalogue import Catalogue
from sandbox.platforms.base import json_response, note
from sandbox.platforms.seller_center import Account, Odd, Row, SellerCenter

ACTION = "UpdateItemsStatus"
MOST_ITEMS = 4000
# What an item may become, and what must be said with it.
FOLLOWING = {
    "pending": ("shipped", "canceled"),
    "shipped": ("delivered", "failed_delivery"),
    "delivered": ("returned",),
}
NEEDED = {
    "shipped": ("shipping_carrier", "tracking_code"),
    "canceled": ("cancel_reason",),
    "returned": ("return_reason",),
    "failed_delivery": ("failed_delivery_reason",),
    "delivered": (),
}
STAGES = {"shipped": "shipped", "cancelled": "canceled"}


class Goods(NamedTuple):
    sku: str
    title: str
    price: float


class Oms(Account):
    """One OMS. `items` finds the order of an item."""

    def __init__(self) -> None:
        super().__init__(("orders", "customers", "items"))
        self.items: dict[str, str] = {}
        self.goods: list[Goods] = []

    def place(self, order: people.Order, at: datetime | None) -> None:
        row_id = self.shelves["orders"].give_id()
        customer = self.shelves["customers"].rows[str(order.customer + 1)]
        items = [self._item(self.goods[place], order) for place, pieces in order.lines for _ in range(pieces)]
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
        self.shelves["orders"].put(row, at=at)
        self.items |= {item["id_sales_order_item"]: row_id for item in items}

    def _item(self, goods: Goods, order: people.Order) -> Row:
        item_id = self.shelves["items"].give_id()
        item = {
            "id_sales_order_item": item_id,
            "sku": goods.sku,
            "name": goods.title,
            "price": f"{goods.price:.2f}",
            "item_status": STAGES.get(order.stage, "pending"),
        }
        if order.stage == "shipped":
            sent = datetime.fromtimestamp(order.modified, UTC).isoformat()
            item |= {"shipping_carrier": "DHL", "tracking_code": f"TRACK-{order.created}", "shipped_at": sent}
        return item

    def update(self, wish: Any) -> str:
        """Set an item's status; the reason if it cannot be."""
        if not isinstance(wish, dict) or not isinstance(wish.get("id_sales_order_item"), str | int):
            return "id_sales_order_item is required"
        status, item_id = wish.get("item_status"), str(wish["id_sales_order_item"])
        if status not in NEEDED:
            return f"item_status is one of {', '.join(NEEDED)}"
        for name in NEEDED[status]:
            if not isinstance(wish.get(name), str) or not wish[name]:
                return f"{name} is required for {status}"
        try:
            moment = datetime.strptime(str(wish.get("status_event_time")), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            return "status_event_time is YYYY-MM-DD hh:mm:ss"
        order = self.shelves["orders"].rows.get(self.items.get(item_id, ""))
        item = (
            next((each for each in order["items"] if each["id_sales_order_item"] == item_id), None) if order else None
        )
        if order is None or item is None:
            return f"there is no item {item_id}"
        if status != item["item_status"] and status not in FOLLOWING.get(item["item_status"], ()):
            return f"an item that is {item['item_status']} cannot become {status}"
        changed = item | {"item_status": status} | {name: wish[name] for name in NEEDED[status]}
        if status == "shipped":
            changed["shipped_at"] = moment.isoformat()
        self.shelves["orders"].put(order | {"items": [changed if each is item else each for each in order["items"]]})
        return ""


class SellerCenterOms(SellerCenter[Oms]):
    """The OMS of each account."""

    name = "seller_center_oms"
    listed = ()
    readable = ("orders", "customers")

    @cached_property
    def _goods(self) -> list[Goods]:
        """What the shop of the same seed sells."""
        return [
            Goods(variant.sku, product.title, product.price or 1.0)
            for product in Catalogue(str(self.options.seed), self.options.products, dirty=False).products()
            for variant in product.variants
        ]

    def fill(self) -> Oms:
        seed, options = str(self.options.seed), self.options
        oms = Oms()
        oms.goods = self._goods
        for person in people.customers(seed, options.customers):
            shelf = oms.shelves["customers"]
            shelf.put(_customer(shelf.give_id(), person), at=datetime.fromtimestamp(person.modified, UTC))
        for order in people.orders(seed, options.orders, options.customers, len(oms.goods)):
            oms.place(order, datetime.fromtimestamp(order.modified, UTC))
        return oms

    def control_routes(self) -> list[BaseRoute]:
        return [*super().control_routes(), self.control("orders", self._place)]

    async def push(self, name: str, account: Oms, body: Row, request: Request) -> Response:
        if request.query_params.get("Action") != ACTION:
            raise Odd(f"Action is {ACTION}")
        match body:
            case {"Request": {"Items": [_, *_] as items}} if len(items) <= MOST_ITEMS:
                note(request, items=len(items))
                failed = [(place, reason) for place, item in enumerate(items) if (reason := account.update(item))]
                return json_response(_answer(failed))
        return json_response(_refused(f"Request.Items is a list of 1 to {MOST_ITEMS} items"))

    def _place(self, oms: Oms, body: Row) -> Row:
        count = body["count"]
        first = oms.shelves["orders"].next_id
        dice = random.Random(f"{self.options.seed}:{first}")
        for _ in range(count):
            customer = dice.randrange(len(oms.shelves["customers"].rows))
            lines = ((dice.randrange(len(oms.goods)), 1), (dice.randrange(len(oms.goods)), 2))
            now = int(datetime.now(UTC).timestamp())
            oms.place(people.Order(customer, lines, "new", False, "", now, now), None)
        return {"ids": [str(first + step) for step in range(count)]}


def _customer(row_id: str, person: people.Customer) -> Row:
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
    named = [{"ErrorCode": None, "ErrorMessage": reason, "Position": place} for place, reason in failed]
    return _refused("Some elements were not processed", {ACTION: named})


def _refused(message: str, body: Row | None = None) -> Row:
    head = {"RequestAction": ACTION, "ErrorType": "Sender", "ErrorCode": "0", "ErrorMessage": message}
    return {"ErrorResponse": {"Head": head, "Body": body or {}}}
