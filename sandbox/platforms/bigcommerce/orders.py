"""`/v2/orders` and `/v2/order_statuses`. What an order costs is worked out in `order_totals`.

Assumed from the vendor's behavior: incomplete orders (status 0) are listed only for `status_id=0`, archived ones not at
all, and a `limit` above 250 is reduced to 250. Unknown filters are rejected, which is stricter than the vendor, and so
are totals that a client wants to override.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from starlette.responses import Response

from sandbox.money import ZERO
from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce import order_resources
from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields
from sandbox.platforms.bigcommerce.order_lines import (
    add_lines,
    amount,
    change_lines,
    is_shipped,
    line_of,
    list_lines,
    price_pair,
    set_manual_discount,
    show_line,
    sides,
    text,
)
from sandbox.platforms.bigcommerce.order_requests import UNPAID, address_view, archive, merged, order_of, write_order
from sandbox.platforms.bigcommerce.order_totals import OrderTotals
from sandbox.platforms.bigcommerce.responses import V2ApiError, no_content
from sandbox.platforms.bigcommerce.store import DEFAULT_LOCATION, Store, timestamp
from sandbox.platforms.bigcommerce.v2 import date, listing, page_of, resource
from sandbox.tables import Row

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
COST = Field("amount")
PAIRS = ("shipping_cost", "handling_cost", "wrapping_cost", "subtotal", "total")
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
    shipping_addresses=Field("array"),
    products=Field("array", min_length=1),
    fees=Field("array"),
    is_deleted=Field("boolean"),
    discount_amount=COST,
    default_currency_code=Field("string", min_length=3, max_length=3),
    **{f"{name}_{side}_tax": COST for name in PAIRS for side in ("ex", "inc")},
)


def parse_timestamp(given: str) -> int:
    """Return the Unix timestamp of a time in RFC 2822 or ISO 8601. Times without a zone are UTC."""
    try:
        parsed = datetime.fromisoformat(given.replace(" ", "+") if "T" in given else given)
    except ValueError:
        parsed = parsedate_to_datetime(given)
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())


Test = Callable[[Row, Any], bool]
FILTERS: dict[str, tuple[Callable[[str], Any], Test]] = {
    "min_id": (int, lambda row, given: row["id"] >= given),
    "max_id": (int, lambda row, given: row["id"] <= given),
    "min_total": (Decimal, lambda row, given: OrderTotals.of(row).total.inc_tax >= given),
    "max_total": (Decimal, lambda row, given: OrderTotals.of(row).total.inc_tax <= given),
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
PAGING = ("page", "limit", "sort", "include", "consignment_structure")
INCLUDES = ("consignments", "consignments.line_items", "fees")


def order_view(store: Store, order: Row, include: frozenset[str] = frozenset()) -> Row:
    full = {name: value for name, value in store.orders.full(order).items() if name not in NOT_SHOWN}
    totals, inclusive = OrderTotals.of(order), order.get("prices_include_tax", False)
    currency = order.get("currency") or store.currency
    number = order["id"]
    full |= {
        "date_created": date(order["date_created"]),
        "date_modified": date(order["date_modified"]),
        "date_shipped": date(order["date_shipped"]) if order.get("date_shipped") else "",
        "status": STATUSES[order["status_id"]],
        "custom_status": STATUSES[order["status_id"]],
        "items_total": sum(line["quantity"] for line in order["lines"]),
        "order_is_digital": not any(is_shipped(line) for line in order["lines"]),
        "currency_id": 1,
        "currency_code": currency,
        "currency_exchange_rate": "1.0000000000",
        "default_currency_id": 1,
        "default_currency_code": currency,
        "store_default_currency_code": store.currency,
        "store_default_to_transactional_exchange_rate": f"{Decimal(order.get('rate', 1)):.10f}",
        "is_tax_inclusive_pricing": inclusive,
        "coupon_discount": text(totals.coupons),
        "discount_amount": text(totals.other_discounts),
        "store_credit_amount": text(Decimal(order.get("store_credit", 0))),
        "gift_certificate_amount": text(Decimal(order.get("gift_certificate", 0))),
        "refunded_amount": text(ZERO),
        "shipping_address_count": order_resources.address_count(order),
        "billing_address": address_view(order["billing_address"]),
        "fees": resource(store, f"/orders/{number}/fees"),
        "consignments": resource(store, f"/orders/{number}/consignments"),
    }
    for kind in ("subtotal", "total"):
        named = sides(kind, getattr(totals, kind), base="", inclusive=inclusive)
        full |= {name: value for name, value in named.items() if name}
    for kind in ("shipping", "handling", "wrapping"):
        full |= sides(f"{kind}_cost", getattr(totals, kind), base=f"base_{kind}_cost", inclusive=inclusive)
        full[f"{kind}_cost_tax_class_id"] = 2
    for part in ("products", "shipping_addresses", "coupons"):
        full[part] = resource(store, f"/orders/{number}/{part}")
    if "fees" in include:
        full["fees"] = order_resources.fee_views(order)
    if include & {"consignments", "consignments.line_items"}:
        with_lines = "consignments.line_items" in include
        full["consignments"] = order_resources.consignments(store, order, with_lines=with_lines)
    return full


# Columns of a stored order that the vendor shows in another form, or not at all.
NOT_SHOWN = frozenset(
    ("lines", "last_line", "charges", "addresses", "currency", "rate", "prices_include_tax", "tax_before_discount")
    + ("store_credit", "gift_certificate", "wrapping_tax", "refunds", "charged")
)


def _includes(request: ApiRequest) -> frozenset[str]:
    wanted = frozenset(filter(None, request.query.get("include", "").split(",")))
    if unknown := wanted.difference(INCLUDES):
        raise V2ApiError(400, f"The field 'include' is invalid: {', '.join(sorted(unknown))}.")
    return wanted


def _chosen(request: ApiRequest) -> list[Row]:
    query, table = request.query, request.store.orders
    if unknown := [name for name in query if name not in FILTERS and name not in PAGING]:
        raise V2ApiError(400, f"The field '{unknown[0]}' is not supported by this resource.")
    tests: list[tuple[Test, Any]] = []
    for name, given in query.items():
        if name in FILTERS:
            read, test = FILTERS[name]
            try:
                tests.append((test, read(given)))
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
    rows, include = page_of(request, _chosen(request)), _includes(request)
    return listing(request, [order_view(request.store, row, include) for row in rows])


def count_orders(request: ApiRequest) -> Response:
    rows = _chosen(request)
    counts: list[Row] = [{"id": number, "name": name, "count": 0} for number, name in STATUSES.items()]
    for row in rows:
        counts[row["status_id"]]["count"] += 1
    return json_response({"statuses": counts, "count": len(rows)})


def get_order(request: ApiRequest) -> Response:
    return json_response(order_view(request.store, order_of(request), _includes(request)))


def create_order(request: ApiRequest) -> Response:
    """Create an order and reduce the stock of its products."""
    store = request.store
    fields = _checked(request.body, creating=True)
    if fields.get("customer_id") and fields["customer_id"] not in store.customers:
        raise V2ApiError(400, "The field 'customer_id' is invalid.")
    row: Row = {"currency": fields.pop("default_currency_code", store.currency), "customer_id": 0}
    add_lines(row, [line_of(store, body) for body in fields.pop("products")])
    if addresses := fields.pop("shipping_addresses", None):
        row["addresses"] = tuple(addresses)
    changes = _money(store, row, fields)
    return json_response(order_view(store, placed(store, {"status_id": 1, **row, **changes, **fields})))


def placed(store: Store, row: Row) -> Row:
    """Store a new order, take its products out of stock, and publish it."""
    at = timestamp()
    charged = {} if row["status_id"] in UNPAID else {"charged": str(OrderTotals.of(row).total.inc_tax)}
    row = store.orders.add({**row, **charged, "date_created": at, "date_modified": at})
    for line in row["lines"]:
        if variant := store.variants.get(line["variant_id"] or 0):
            left = store.stock(variant, DEFAULT_LOCATION) - line["quantity"]
            store.set_stock(variant, DEFAULT_LOCATION, max(0, left))
    store.publish("store/order/created", "order", row["id"])
    return row


def _money(store: Store, row: Row, fields: Row) -> Row:
    """Take charges and discounts out of `fields`, and return the changes that they make to the order."""
    changed = {"lines": row["lines"], "charges": tuple(row.get("charges", ()))} | {
        name: row[name] for name in ("prices_include_tax", "currency", "last_line") if name in row
    }
    for kind in ("shipping", "handling"):
        if pair := price_pair(fields, f"{kind}_cost", inclusive=row.get("prices_include_tax", False)):
            others = tuple(each for each in changed["charges"] if each["kind"] != kind)
            changed["charges"] = (*others, {"kind": kind, "name": kind, **pair})
    if "fees" in fields:
        others = tuple(each for each in changed["charges"] if each["kind"] != "fee")
        known = {each["id"] for each in row.get("charges", ()) if each["kind"] == "fee"}
        changed["charges"] = (*others, *_fees(fields["fees"], known))
    if "discount_amount" in fields:
        changed["lines"] = tuple(dict(line) for line in changed["lines"])
        set_manual_discount(changed, amount(fields["discount_amount"], "discount_amount"))
    for name in [each for each in fields if each.endswith(("_ex_tax", "_inc_tax"))] + ["fees", "discount_amount"]:
        fields.pop(name, None)
    return {name: changed[name] for name in ("lines", "charges", "last_line") if name in changed}


def _fees(bodies: list[Any], known: set[int]) -> list[Row]:
    """The fees of a body: those not named are gone, as documented. Two of the three amounts are required."""
    fees, last = [], max(known, default=0)
    for body in bodies:
        names = [body.get(f"display_name_{side}") for side in ("customer", "merchant")]
        given = {side: body.get(f"cost_{side}") for side in ("ex_tax", "inc_tax", "tax")}
        costs = {side: amount(value, f"cost_{side}") for side, value in given.items() if value is not None}
        if body.get("type") != "custom_fee" or not any(names) or len(costs) < 2:
            raise V2ApiError(400, "The field 'fees' is invalid: type, a name and two of the costs are required.")
        if "id" in body and body["id"] not in known:
            raise V2ApiError(400, "The field 'fees' is invalid: there is no fee with this ID.")
        ex_tax = costs["ex_tax"] if "ex_tax" in costs else costs["inc_tax"] - costs["tax"]
        inc_tax = costs["inc_tax"] if "inc_tax" in costs else ex_tax + costs["tax"]
        rate = str((inc_tax - ex_tax) * 100 / ex_tax) if ex_tax else "0"
        last += "id" not in body
        fee: Row = {"kind": "fee", "id": body.get("id", last), "name": names[0] or names[1], "amount": str(ex_tax)}
        fees.append({**fee, "tax_rate": rate, "source": body.get("source", "v2")})
    return fees


def change_order(request: ApiRequest) -> Response:
    """Change an order. Products, unlike fees, are only those that are named; changed ones lose their discounts."""
    row = order_of(request)
    fields = _checked(request.body, creating=False)
    if fields.pop("is_deleted", False):
        archive(request.store, row)
    edit(request.store, row, fields)
    return json_response(order_view(request.store, row, _includes(request)))


def edit(store: Store, row: Row, fields: Row) -> None:
    """Change an order by the fields of a request. Raises a 400."""
    changed = dict(row)
    if "products" in fields:
        change_lines(store, changed, fields.pop("products"))
    changes = _money(store, changed, fields)
    if "billing_address" in fields:
        fields["billing_address"] = merged(row["billing_address"], fields["billing_address"])
    if "shipping_addresses" in fields:
        fields["addresses"] = tuple(fields.pop("shipping_addresses"))
    fields.pop("default_currency_code", None)
    write_order(store, row, {**changes, **fields})


def archive_order(request: ApiRequest) -> Response:
    archive(request.store, order_of(request))
    return no_content()


def list_statuses(request: ApiRequest) -> Response:
    return json_response([_status(number) for number in STATUSES])


def _status(number: int) -> Row:
    name = STATUSES[number]
    return {"id": number, "name": name, "system_label": name, "custom_label": name, "system_description": ""}


def _checked(body: Any, *, creating: bool) -> Row:
    for name, problem in ORDER.problems(body, creating=creating).items():
        raise V2ApiError(400, f"The field '{name}' is invalid: {problem}.")
    if overridden := [each for each in body if each.startswith(("subtotal_", "total_"))]:
        raise V2ApiError(400, f"The field '{overridden[0]}' cannot be set in the sandbox.")
    return ORDER.writable(body)


ONE = "/v2/orders/{order_id:int}"
OPERATIONS = [
    Operation("GET", "/v2/orders", list_orders),
    Operation("POST", "/v2/orders", create_order),
    Operation("GET", "/v2/orders/count", count_orders),
    Operation("GET", ONE, get_order),
    Operation("PUT", ONE, change_order),
    Operation("DELETE", ONE, archive_order),
    Operation("GET", ONE + "/products", list_lines),
    Operation("GET", ONE + "/products/{line_id:int}", show_line),
    Operation("GET", ONE + "/shipping_addresses", order_resources.list_addresses),
    Operation("GET", ONE + "/shipping_addresses/{address_id:int}", order_resources.show_address),
    Operation("GET", ONE + "/coupons", order_resources.list_coupons),
    Operation("GET", ONE + "/fees", order_resources.list_fees),
    Operation("GET", ONE + "/taxes", order_resources.list_taxes),
    Operation("GET", ONE + "/consignments", order_resources.list_consignments),
    Operation("GET", "/v2/order_statuses", list_statuses),
]
