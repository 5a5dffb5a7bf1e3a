"""One OMS: orders whose items each have a quantity of one, and what can become of an item.

An item's `price` has tax; less `voucher_amount` it is the `paid_price`. The total of an order is all paid prices and
shipping amounts, `tax` the tax within them, whatever became of the items since.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sandbox import customers_and_orders
from sandbox.money import ZERO, rounded
from sandbox.platforms.seller_center import Account, Row

# The statuses that an item can get, and the fields that each requires.
ALLOWED_TRANSITIONS = {
    "pending": ("shipped", "canceled"),
    "shipped": ("delivered", "failed_delivery"),
    "delivered": ("returned", "return_shipped_by_customer"),
    "return_shipped_by_customer": ("returned",),
}
REQUIRED_FIELDS = {
    "shipped": ("shipping_carrier", "tracking_code"),
    "canceled": ("cancel_reason",),
    "returned": ("return_reason",),
    "failed_delivery": ("failed_delivery_reason",),
    "delivered": (),
    "return_shipped_by_customer": (),
}
# Amounts of an item that an order sums up.
ITEM_AMOUNTS = ("paid_price", "shipping_amount", "tax_amount", "voucher_amount")
# The tax in the prices of generated orders, in percent.
TAX = Decimal(20)
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
        """Place an order of a generated shopper: prices with 20% tax, without shipping."""
        items = [
            self._item(self.catalog_items[place], order) for place, quantity in order.lines for _ in range(quantity)
        ]
        created = datetime.fromtimestamp(order.created, UTC) if at else self.clock.now()
        self.put_order(str(order.customer + 1), items, "GBP", created=created, note=order.message, at=at)

    def put_order(
        self,
        customer_id: str,
        items: list[Row],
        currency: str,
        *,
        created: datetime,
        note: str = "",
        at: datetime | None = None,
    ) -> str:
        """Store an order with the totals of its items, and return its ID. Without a customer it names none."""
        row_id = self.tables["orders"].allocate_id()
        customers = self.tables["customers"].rows
        customer = customers[customer_id or next(iter(customers))]
        sums = {name: sum((Decimal(item[name]) for item in items), ZERO) for name in ITEM_AMOUNTS}
        row = {
            "id": row_id,
            "number": f"{300_000_000 + int(row_id)}",
            "created_at": created.isoformat(),
            "currency": currency,
            "total": str(sums["paid_price"] + sums["shipping_amount"]),
            "tax": str(sums["tax_amount"]),
            "shipping_cost": str(sums["shipping_amount"]),
            "voucher_amount": str(sums["voucher_amount"]),
            "customer_id": customer_id or None,
            "note": note,
            "ip_address": customer["ip_address"],
            "billing_address": customer["billing_address"],
            "shipping_address": customer["billing_address"],
            "items": items,
        }
        self.tables["orders"].put(row, at=at)
        self.items |= {item["id_sales_order_item"]: row_id for item in items}
        return row_id

    def _item(self, catalog_items: CatalogItem, order: customers_and_orders.Order) -> Row:
        price = rounded(Decimal(str(catalog_items.price)), 2)
        item = self.new_item(catalog_items.sku, catalog_items.title, price, TAX, 2)
        item["item_status"] = STAGES.get(order.stage, "pending")
        if order.stage == "shipped":
            sent = datetime.fromtimestamp(order.modified, UTC).isoformat()
            item |= {"shipping_carrier": "DHL", "tracking_code": f"TRACK-{order.created}", "shipped_at": sent}
        return item

    def new_item(
        self,
        sku: str,
        name: str,
        price: Decimal,
        percent: Decimal,
        places: int,
        *,
        voucher: Decimal = ZERO,
        shipping: Decimal = ZERO,
        shipping_percent: Decimal = ZERO,
    ) -> Row:
        """One piece: what it costs with tax, what a voucher takes off, what is paid, and its share of the shipping."""
        paid = price - voucher
        tax = rounded(paid * percent / (100 + percent), places)
        tax += rounded(shipping * shipping_percent / (100 + shipping_percent), places)
        exact = {"price": price, "voucher_amount": voucher, "paid_price": paid, "shipping_amount": shipping}
        return {
            "id_sales_order_item": self.tables["items"].allocate_id(),
            "sku": sku,
            "name": name,
            "item_status": "pending",
            "tax_percent": str(percent),
            "tax_amount": str(rounded(tax, places)),
            **{name: str(rounded(amount, places)) for name, amount in exact.items()},
        }

    def inform(self, item_change: Any) -> str:
        """Set the detail of an item's status (UpdateItemsInformation). Returns the reason if that is not possible."""
        if not isinstance(item_change, dict) or item_change.keys() != {"id_sales_order_item", "status_detail"}:
            return "id_sales_order_item and status_detail are required"
        if not isinstance(item_change["status_detail"], str) or not item_change["status_detail"]:
            return "status_detail must be text"
        item_id = str(item_change["id_sales_order_item"])
        order = self.tables["orders"].rows.get(self.items.get(item_id, ""))
        if order is None:
            return f"no item {item_id}"
        item = next(each for each in order["items"] if each["id_sales_order_item"] == item_id)
        changed = item | {"status_detail": item_change["status_detail"]}
        self.tables["orders"].put(order | {"items": [changed if each is item else each for each in order["items"]]})
        return ""

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
            event_time = self._event_time(item_change.get("status_event_time"))
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

    @staticmethod
    def _event_time(value: Any) -> datetime:
        """An optional time; ValueError for one in another format."""
        if value is None:
            return datetime.now(UTC)
        return datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
