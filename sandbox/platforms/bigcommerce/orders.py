"""`/v2/orders` with their products, shipments and addresses, and `/v2/order_statuses`.

Assumed from the vendor's behavior: incomplete orders (status 0) are listed only for `status_id=0`, and a `limit` above
250 is reduced to 250. Unknown filters are rejected, which is stricter than the vendor.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields
from sandbox.platforms.bigcommerce.responses import V2ApiError, no_content
from sandbox.platforms.bigcommerce.store import DEFAULT_LOCATION, Store, timestamp
from sandbox.tables import Row

PAGE = 250
STATUSES = {
    0: "Incomplete",
    1: "Pending",
    2: "Shipped",
    3: "Partially Shipped",
    4: "Refunded",
    5: "Cancelled",
    6: "Declined",
    7: "Awaiting Payment",
    8: "Awaiting Pickup",
    9: "Awaiting Shipment",
    10: "Completed",
    11: "Awaiting Fulfillment",
    12: "Manual Verification Required",
    13: "Disputed",
    14: "Partially Refunded",
}
SORTS = ("id", "customer_id", "date_created", "date_modified", "status_id", "channel_id", "external_id")
ORDER = Fields(
    required=("products", "billing_address"),
    customer_id=Field("integer", minimum=0),
    status_id=Field("integer", choices=tuple(STATUSES)),
    channel_id=Field("integer", minimum=1),
    staff_notes=Field("string", max_length=65_535),
    customer_message=Field("string"),
    external_order_id=Field("string"),
    external_source=Field("string", nullable=True),
    payment_method=Field("string"),
    ip_address=Field("string", max_length=30),
    billing_address=Field("object"),
    products=Field("array", min_length=1),
)
SHIPMENT = Fields(
    required=("order_address_id", "items"),
    order_address_id=Field("integer", minimum=1),
    tracking_number=Field("string", max_length=50),
    tracking_link=Field("string", max_length=500),
    tracking_carrier=Field("string"),
    shipping_method=Field("string"),
    shipping_provider=Field("string"),
    comments=Field("string", max_length=65_535),
    items=Field("array", min_length=1),
)
ADDRESS = (
    "first_name", "last_name", "company", "street_1", "street_2", "city", "state", "zip", "country",
    "country_iso2", "phone", "email",
)  # fmt: skip


def parse_timestamp(text: str) -> int:
    """Return the Unix timestamp of a time in RFC 2822 or ISO 8601. Times without a zone are UTC."""
    try:
        parsed = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        parsed = parsedate_to_datetime(text)
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())


Test = Callable[[Row, Any], bool]
FILTERS: dict[str, tuple[Callable[[str], Any], Test]] = {
    "min_id": (int, lambda row, given: row["id"] >= given),
    "max_id": (int, lambda row, given: row["id"] <= given),
    "min_total": (float, lambda row, given: total(row) >= given),
    "max_total": (float, lambda row, given: total(row) <= given),
    "customer_id": (int, lambda row, given: row.get("customer_id", 0) == given),
    "email": (str.lower, lambda row, given: row["billing_address"].get("email", "").lower() == given),
    "status_id": (int, lambda row, given: row["status_id"] == given),
    "channel_id": (int, lambda row, given: row.get("channel_id", 1) == given),
    "cart_id": (str, lambda row, given: row.get("cart_id") == given),
    "payment_method": (str, lambda row, given: row.get("payment_method", "Credit Card") == given),
    "external_order_id": (str, lambda row, given: row.get("external_order_id") == given),
    "min_date_created": (parse_timestamp, lambda row, given: row["date_created"] >= given),
    "max_date_created": (parse_timestamp, lambda row, given: row["date_created"] <= given),
    "min_date_modified": (parse_timestamp, lambda row, given: row["date_modified"] >= given),
    "max_date_modified": (parse_timestamp, lambda row, given: row["date_modified"] <= given),
}
PAGING = ("page", "limit", "sort", "include", "consignment_structure", "is_deleted")


def money(amount: float) -> str:
    return f"{amount:.4f}"


def total(order: Row) -> float:
    return float(sum(line["price"] * line["quantity"] for line in order["lines"]))


def date(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC))


def order_view(store: Store, order: Row) -> Row:
    full = store.orders.full(order)
    lines = full.pop("lines")
    amount = money(total(order))
    number = order["id"]
    full["date_created"], full["date_modified"] = date(order["date_created"]), date(order["date_modified"])
    full["status"] = full["custom_status"] = STATUSES[order["status_id"]]
    full["items_total"] = sum(line["quantity"] for line in lines)
    full["currency_code"] = full["default_currency_code"] = store.currency
    full["store_default_currency_code"] = store.currency
    full["currency_exchange_rate"] = "1.0000000000"
    for kind in ("subtotal", "total"):
        full |= {f"{kind}_ex_tax": amount, f"{kind}_inc_tax": amount, f"{kind}_tax": money(0)}
    for kind in ("shipping_cost", "handling_cost", "wrapping_cost"):
        full |= {f"{kind}_ex_tax": money(0), f"{kind}_inc_tax": money(0), f"{kind}_tax": money(0)}
    full["shipping_address_count"] = 1
    full["billing_address"] = address_view(order)
    for resource in ("products", "shipping_addresses", "coupons"):
        path = f"/orders/{number}/{resource}"
        full[resource] = {
            "url": f"https://api.bigcommerce.com/stores/{store.name}/v2{path}",
            "resource": path,
        }
    return full


def address_view(order: Row) -> Row:
    return {name: order["billing_address"].get(name, "") for name in ADDRESS} | {"form_fields": []}


def _brand(store: Store, product_id: int) -> str:
    product = store.products.get(product_id) or {}
    brand = store.brands.get(product.get("brand_id") or 0)
    return brand["name"] if brand else ""


def line_view(store: Store, order: Row, position: int) -> Row:
    """A product of an order. Its ID is the order's ID times 1,000 plus its position."""
    line = order["lines"][position]
    price, amount = money(line["price"]), money(line["price"] * line["quantity"])
    return {
        "id": line_id(order, position),
        "order_id": order["id"],
        "product_id": line["product_id"],
        "variant_id": line["variant_id"],
        "order_address_id": order["id"],
        "name": line["name"],
        "name_customer": line["name"],
        "name_merchant": line["name"],
        "sku": line["sku"],
        "upc": "",
        "brand": _brand(store, line["product_id"]),
        "type": "physical",
        "base_price": price,
        "price_ex_tax": price,
        "price_inc_tax": price,
        "price_tax": money(0),
        "base_total": amount,
        "total_ex_tax": amount,
        "total_inc_tax": amount,
        "total_tax": money(0),
        "quantity": line["quantity"],
        "quantity_shipped": shipped(store, order).get(line_id(order, position), 0),
        "quantity_refunded": 0,
        "is_refunded": False,
        "applied_discounts": [],
        "product_options": [],
        "configurable_fields": [],
    }


def line_id(order: Row, position: int) -> int:
    return int(order["id"]) * 1000 + position + 1


def shipped(store: Store, order: Row) -> dict[int, int]:
    """Return the shipped quantities by the ID of the order's product."""
    counts: dict[int, int] = {}
    for shipment in store.shipments.in_group(order["id"]):
        for item in shipment["items"]:
            counts[item["order_product_id"]] = counts.get(item["order_product_id"], 0) + item["quantity"]
    return counts


def _chosen(request: ApiRequest) -> list[Row]:
    query, table = request.query, request.store.orders
    if unknown := [name for name in query if name not in FILTERS and name not in PAGING]:
        raise V2ApiError(400, f"The field '{unknown[0]}' is not supported by this resource.")
    tests: list[tuple[Test, Any]] = []
    for name, text in query.items():
        if name in FILTERS:
            read, test = FILTERS[name]
            try:
                tests.append((test, read(text)))
            except (ValueError, TypeError) as error:
                raise V2ApiError(400, f"The field '{name}' is invalid.") from error
    column, _, direction = query.get("sort", "id:asc").partition(":")
    if column not in SORTS or direction not in ("asc", "desc", ""):
        raise V2ApiError(400, "The field 'sort' is invalid.")

    def position(row: Row) -> tuple[Any, int]:
        value = table.value(row, column)
        return ("" if value is None else value), row["id"]

    def choose() -> list[Row]:
        rows = [
            row
            for row in table
            if (row["status_id"] or "status_id" in query)
            and not table.value(row, "is_deleted")
            and all(test(row, given) for test, given in tests)
        ]
        return sorted(rows, key=position, reverse=direction == "desc")

    return table.select(tuple(sorted((n, t) for n, t in query.items() if n not in ("page", "limit"))), choose)


def list_orders(request: ApiRequest) -> Response:
    rows = _page(request, _chosen(request))
    return _listing(request, [order_view(request.store, row) for row in rows])


def count_orders(request: ApiRequest) -> Response:
    rows = _chosen(request)
    counts: list[Row] = [{"id": number, "name": name, "count": 0} for number, name in STATUSES.items()]
    for row in rows:
        counts[row["status_id"]]["count"] += 1
    return json_response({"statuses": counts, "count": len(rows)})


def _page(request: ApiRequest, rows: list[Row]) -> list[Row]:
    numbers = []
    for name, default in (("page", "1"), ("limit", "50")):
        text = request.query.get(name, default)
        if not text.isdecimal() or int(text) < 1:
            raise V2ApiError(400, f"The field '{name}' is invalid.")
        numbers.append(int(text))
    limit = min(numbers[1], PAGE)
    start = (numbers[0] - 1) * limit
    return rows[max(0, start - request.overlap) : start + limit]


def _listing(request: ApiRequest, rows: list[Row]) -> Response:
    """V2 answers an empty page with 204."""
    request.annotate_call(items=len(rows))
    return json_response(rows) if rows else no_content()


def get_order(request: ApiRequest) -> Response:
    return json_response(order_view(request.store, _order(request)))


def create_order(request: ApiRequest) -> Response:
    """Create an order and reduce the stock of its products."""
    store = request.store
    fields = _checked(ORDER, request.body, creating=True)
    fields["lines"] = tuple(_line(store, body) for body in fields.pop("products"))
    if fields.get("customer_id") and fields["customer_id"] not in store.customers:
        raise V2ApiError(400, "The field 'customer_id' is invalid.")
    created_at = timestamp()
    row = store.orders.add({"status_id": 1, **fields, "date_created": created_at, "date_modified": created_at})
    for line in row["lines"]:
        if variant := store.variants.get(line["variant_id"] or 0):
            left = store.stock(variant, DEFAULT_LOCATION) - line["quantity"]
            store.set_stock(variant, DEFAULT_LOCATION, max(0, left))
    store.publish("store/order/created", "order", row["id"])
    return json_response(order_view(store, row))


def _line(store: Store, body: Any) -> Row:
    if not isinstance(body, dict) or not isinstance(body.get("quantity"), int) or body["quantity"] < 1:
        raise V2ApiError(400, "The field 'products' is invalid: quantity is required.")
    product = store.products.get(body.get("product_id") or 0)
    if product is None and not (body.get("name") and "price_ex_tax" in body and "price_inc_tax" in body):
        raise V2ApiError(400, "The field 'products' is invalid: product_id, or name and prices, are required.")
    variant = store.variants.get(body.get("variant_id") or (product or {}).get("base_variant_id") or 0)
    if product is not None and (variant is None or variant["product_id"] != product["id"]):
        raise V2ApiError(400, "The field 'products' is invalid: the variant of the product is required.")
    price = body.get("price_inc_tax", store.variant_price(variant) if variant else 0)
    return {
        "product_id": product["id"] if product else 0,
        "variant_id": variant["id"] if variant else None,
        "name": body.get("name") or (product or {}).get("name"),
        "sku": variant["sku"] if variant else body.get("sku", ""),
        "quantity": body["quantity"],
        "price": float(price or 0),
    }


def change_order(request: ApiRequest) -> Response:
    row = _order(request)
    fields = _checked(ORDER, request.body, creating=False)
    if "products" in fields:
        raise V2ApiError(400, "The field 'products' is not editable in the sandbox.")
    if "billing_address" in fields:
        fields["billing_address"] = row["billing_address"] | fields["billing_address"]
    write_order(request.store, row, fields)
    return json_response(order_view(request.store, row))


def write_order(store: Store, row: Row, fields: Row) -> None:
    before = row["status_id"]
    store.orders.change(row, {**fields, "date_modified": timestamp()})
    store.publish("store/order/updated", "order", row["id"])
    if row["status_id"] != before:
        moved = {"previous_status_id": before, "new_status_id": row["status_id"]}
        store.publish("store/order/statusUpdated", "order", row["id"], status=moved)


def archive_order(request: ApiRequest) -> Response:
    row = _order(request)
    request.store.orders.change(row, {"is_deleted": True, "date_modified": timestamp()})
    request.store.publish("store/order/archived", "order", row["id"])
    return no_content()


def list_lines(request: ApiRequest) -> Response:
    order = _order(request)
    return _listing(
        request, _page(request, [line_view(request.store, order, position) for position in range(len(order["lines"]))])
    )


def list_addresses(request: ApiRequest) -> Response:
    order = _order(request)
    count = sum(line["quantity"] for line in order["lines"])
    address = {
        "id": order["id"],
        "order_id": order["id"],
        "items_total": count,
        "shipping_method": "Standard",
    }
    return _listing(request, _page(request, [{**address, **address_view(order)}]))


def list_shipments(request: ApiRequest) -> Response:
    order = _order(request)
    rows = _page(request, request.store.shipments.in_group(order["id"]))
    return _listing(request, [shipment_view(order, row) for row in rows])


def shipment_view(order: Row, shipment: Row) -> Row:
    address = address_view(order)
    row = {**shipment, "date_created": date(shipment["date_created"])}
    return {**row, "billing_address": address, "shipping_address": address}


def create_shipment(request: ApiRequest) -> Response:
    """Never ships more than was ordered; the order's status becomes shipped or partially shipped."""
    store, order = request.store, _order(request)
    fields = _checked(SHIPMENT, request.body, creating=True)
    if fields["order_address_id"] != order["id"]:
        raise V2ApiError(400, "The field 'order_address_id' is invalid.")
    ordered = {line_id(order, position): line for position, line in enumerate(order["lines"])}
    sent = shipped(store, order)
    for item in fields["items"]:
        number = item.get("order_product_id") if isinstance(item, dict) else None
        if number not in ordered or not isinstance(item.get("quantity"), int) or item["quantity"] < 1:
            raise V2ApiError(400, "The field 'items' is invalid: order_product_id and quantity are required.")
        sent[number] = sent.get(number, 0) + item["quantity"]
        if sent[number] > ordered[number]["quantity"]:
            raise V2ApiError(400, "The quantity is greater than what is left to ship.")
        item["product_id"] = ordered[number]["product_id"]
    row = store.shipments.add(
        {
            "order_id": order["id"],
            "customer_id": order.get("customer_id", 0),
            **fields,
            "date_created": timestamp(),
        }
    )
    store.publish("store/shipment/created", "shipment", row["id"], orderId=order["id"])
    complete = all(sent.get(number, 0) == line["quantity"] for number, line in ordered.items())
    write_order(store, order, {"status_id": 2 if complete else 3, "items_shipped": sum(sent.values())})
    return json_response(shipment_view(order, row), 201)


def list_statuses(request: ApiRequest) -> Response:
    return json_response(
        [
            {"id": number, "name": name, "system_label": name, "custom_label": name, "system_description": ""}
            for number, name in STATUSES.items()
        ]
    )


def _checked(fields: Fields, body: Any, *, creating: bool) -> Row:
    for name, problem in fields.problems(body, creating=creating).items():
        raise V2ApiError(400, f"The field '{name}' is invalid: {problem}.")
    return fields.writable(body)


def _order(request: ApiRequest) -> Row:
    order = request.store.orders.get(request.path["order_id"])
    if order is None:
        raise V2ApiError(404, "The requested resource was not found.")
    return order


ONE = "/v2/orders/{order_id:int}"
OPERATIONS = [
    Operation("GET", "/v2/orders", list_orders),
    Operation("POST", "/v2/orders", create_order),
    Operation("GET", "/v2/orders/count", count_orders),
    Operation("GET", ONE, get_order),
    Operation("PUT", ONE, change_order),
    Operation("DELETE", ONE, archive_order),
    Operation("GET", ONE + "/products", list_lines),
    Operation("GET", ONE + "/shipping_addresses", list_addresses),
    Operation("GET", ONE + "/shipments", list_shipments),
    Operation("POST", ONE + "/shipments", create_shipment),
    Operation("GET", "/v2/order_statuses", list_statuses),
]
