"""What all calls of orders share: the order in the path, its addresses, and the change of an order."""

from typing import Any

from sandbox.platforms.bigcommerce.api import ApiRequest
from sandbox.platforms.bigcommerce.responses import V2ApiError
from sandbox.platforms.bigcommerce.store import Store, timestamp
from sandbox.tables import Row

UNPAID = (0, 5, 6, 7)  # Incomplete, cancelled, declined, awaiting payment.
ADDRESS = (
    "first_name", "last_name", "company", "street_1", "street_2", "city", "state", "zip", "country",
    "country_iso2", "phone", "email",
)  # fmt: skip


def order_of(request: ApiRequest) -> Row:
    """The order named in the URL. Raises a 404."""
    order = request.store.orders.get(request.path["order_id"])
    if order is None:
        raise V2ApiError(404, "The requested resource was not found.")
    return order


def address_view(address: Row) -> Row:
    return {name: address.get(name, "") for name in ADDRESS} | {"form_fields": []}


def write_order(store: Store, row: Row, fields: Row) -> None:
    """Change an order and publish what happened."""
    before = row["status_id"]
    store.orders.change(row, {**fields, "date_modified": timestamp()})
    store.publish("store/order/updated", "order", row["id"])
    if row["status_id"] != before:
        moved = {"previous_status_id": before, "new_status_id": row["status_id"]}
        store.publish("store/order/statusUpdated", "order", row["id"], status=moved)


def archive(store: Store, row: Row) -> None:
    """Archive an order: it is listed on request only."""
    store.orders.change(row, {"is_deleted": True, "date_modified": timestamp()})
    store.publish("store/order/archived", "order", row["id"])


def addresses_of(order: Row) -> list[Row]:
    """The shipping addresses of an order. One that names none ships to the billing address."""
    found: list[Row] = list(order.get("addresses", ())) or [order["billing_address"]]
    return found


def merged(before: Row, changes: Any) -> Row:
    return before | changes if isinstance(changes, dict) else before
