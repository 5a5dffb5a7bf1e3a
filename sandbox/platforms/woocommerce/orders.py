"""Orders: how they are made, changed and shown (_orders.md)."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.money import ZERO, rounded
from sandbox.order_parts import LineParts, OrderParts
from sandbox.platforms.base import json_response
from sandbox.platforms.woocommerce.catalog_routes import Lazy, changed_between, included, ordered
from sandbox.platforms.woocommerce.clock import both, now
from sandbox.platforms.woocommerce.order_totals import (
    discounted,
    exact,
    manual_discount,
    net_of,
    priced_line,
    taxed,
    total_order,
)
from sandbox.platforms.woocommerce.responses import Query, Row, invalid_id, only_fields, page_of
from sandbox.platforms.woocommerce.site import Site

STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft")
# Those in which the goods were taken from the stock.
_TAKEN = ("processing", "completed", "on-hold", "refunded")
_AMOUNTS = {
    *("discount_total", "discount_tax", "shipping_total", "shipping_tax", "cart_tax", "total", "total_tax"),
    *("subtotal", "subtotal_tax", "amount", "tax_total", "shipping_tax_total", "discount"),
}
_LINES = ("line_items", "tax_lines", "shipping_lines", "fee_lines", "coupon_lines")
ADDRESS = ("first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode", "country")


def empty_order(site: Site, currency: str) -> Row:
    """A new order without lines."""
    number = site.post_id()
    address = dict.fromkeys(ADDRESS, "")
    moment = now()
    return {
        "id": number,
        "parent_id": 0,
        # A plug-in counts orders on their own.
        "number": f"WEB-{number:05d}",
        "order_key": f"wc_order_{number}",
        "created_via": "checkout",
        "version": "9.6.0",
        "status": "pending",
        "currency": currency,
        "created": moment,
        "modified": moment,
        "paid": None,
        "completed": None,
        "prices_include_tax": False,
        "customer_id": 0,
        "customer_ip_address": "",
        "customer_user_agent": "",
        "customer_note": "",
        "billing": {**address, "email": "", "phone": ""},
        "shipping": {**address, "phone": ""},
        "payment_method": "bacs",
        "payment_method_title": "Bank transfer",
        "transaction_id": "",
        "cart_hash": "",
        "meta_data": [],
        **{name: [] for name in _LINES},
        "stock_taken": False,
    }


def place(site: Site, parts: OrderParts, products: Sequence[tuple[Row | None, Row | None]]) -> Row:
    """Place an order. `products`: for each line the row that is sold, and its product if that is a variation."""
    order = empty_order(site, parts.currency)
    order |= {"prices_include_tax": parts.prices_include_tax, "customer_note": parts.note}
    order["customer_id"] = parts.customer
    _, after = discounted(parts)
    for line, amount, (sold, parent) in zip(parts.lines, after, products, strict=True):
        item = new_item(site, line, sold, parent)
        priced_line(item, line, amount, includes_tax=parts.prices_include_tax, currency=order["currency"])
        order["line_items"].append(item)
    for charge in parts.charges:
        net = net_of(charge.amount, charge.tax_rate, includes_tax=parts.prices_include_tax)
        amounts = {"id": site.item_id(), "meta_data": []} | taxed(net, charge.tax_rate, order["currency"])
        if charge.kind == "shipping":
            title = charge.name or "Flat rate"
            order["shipping_lines"].append({"method_title": title, "method_id": "flat_rate", **amounts})
        else:
            fee = {"name": charge.name or charge.kind.capitalize(), "tax_class": "", "tax_status": "taxable"}
            order["fee_lines"].append(fee | amounts)
    if discount := manual_discount(parts):
        fee = {"name": "Discount", "tax_class": "", "tax_status": "taxable"}
        order["fee_lines"].append({"id": site.item_id(), "meta_data": [], **fee, **discount})
    if parts.coupon:
        order["coupon_lines"].append(_coupon(site, order, parts))
    total_order(order)
    site.orders[order["id"]] = order
    return order


def new_item(site: Site, line: LineParts, sold: Row | None, parent: Row | None) -> Row:
    choices = sold["attributes"] if sold and parent else []
    return {
        "id": site.item_id(),
        "name": line.name or (parent or sold or {}).get("name", line.sku),
        "product_id": (parent or sold or {"id": 0})["id"],
        "variation_id": sold["id"] if sold and parent else 0,
        "quantity": line.quantity,
        "tax_class": "",
        "meta_data": [
            {"id": site.row_id(), "key": f"pa_{each['name'].lower()}", "value": each["option"].lower()}
            for each in choices
        ]
        + ([{"id": site.row_id(), "key": "_vendor", "value": line.vendor}] if line.vendor else []),
        "sku": sold["sku"] if sold else line.sku,
    }


def set_status(site: Site, order: Row, status: str) -> None:
    """Change the status, with the dates and the stock that depend on it."""
    order["status"], order["modified"] = status, now()
    if status in ("processing", "completed") and not order["paid"]:
        order["paid"] = now()
    if status == "completed" and not order["completed"]:
        order["completed"] = now()
    taken = status in _TAKEN
    if taken != order["stock_taken"] and status != "pending":
        for item in order["line_items"]:
            move_stock(site, item, -item["quantity"] if taken else item["quantity"])
        order["stock_taken"] = taken


def move_stock(site: Site, item: Row, quantity: int) -> None:
    """Stock of a variation is its own, or else its product's. No date changes with it
    (https://github.com/woocommerce/woocommerce/issues/40060, open since 2023)."""
    product = site.products.get(item["product_id"])
    own = site.variations.get(item["variation_id"]) or product
    owner = own if own and own["manage_stock"] else product
    if owner is None or not owner["manage_stock"]:
        return
    owner["stock_quantity"] = (owner["stock_quantity"] or 0) + quantity
    sold_out = owner["stock_quantity"] <= 0
    owner["stock_status"] = (
        "instock" if not sold_out else "outofstock" if owner["backorders"] == "no" else "onbackorder"
    )


def view(site: Site, order: Row, places: int) -> Row:
    """`id` and `number` come first, as in the vendor's answers."""
    hidden = ("created", "modified", "paid", "completed", "stock_taken", "refund_ids", *_LINES)
    shown = {name: value for name, value in order.items() if name not in hidden}
    for name, value in (("date_created", "created"), ("date_modified", "modified")):
        shown |= both(name, order[value])
    shown |= both("date_paid", order["paid"]) | both("date_completed", order["completed"])
    for name in _LINES:
        shown[name] = [line_view(site, each) for each in order[name]]
    refunds = [each for each in site.refunds.values() if each["parent_id"] == order["id"]]
    shown["refunds"] = [
        {"id": each["id"], "reason": each["reason"], "total": f"-{formatted(each['amount'], places)}"}
        for each in reversed(refunds)
    ]
    needs_processing = any(_is_shipped(site, each) for each in order["line_items"])
    shown |= {"needs_processing": needs_processing, "currency_symbol": order["currency"]}
    return with_places(shown, places)


def line_view(site: Site, item: Row) -> Row:
    shown = {name: value for name, value in item.items() if name != "rate"}
    if "quantity" in item:
        quantity = item["quantity"]
        shown["price"] = float(Decimal(item["total"]) / quantity) if quantity else 0
    return shown


def with_places(value: Any, places: int) -> Any:
    """Amounts rounded to the places that were asked for."""
    if isinstance(value, list):
        return [with_places(each, places) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: formatted(each, places)
        if name in _AMOUNTS and isinstance(each, str) and each
        else with_places(each, places)
        for name, each in value.items()
    }


def formatted(amount: str, places: int) -> str:
    return str(rounded(Decimal(amount), places))


def _is_shipped(site: Site, item: Row) -> bool:
    row = site.variations.get(item["variation_id"]) or site.products.get(item["product_id"])
    return row is None or not row["virtual"]


def _coupon(site: Site, order: Row, parts: OrderParts) -> Row:
    """What a coupon takes off: the lines' own discounts are not its."""
    own, after = discounted(parts)
    net = tax = ZERO
    for line, before, amount in zip(parts.lines, own, after, strict=True):
        both_net = [net_of(each, line.tax_rate, includes_tax=parts.prices_include_tax) for each in (before, amount)]
        net += both_net[0] - both_net[1]
        tax += (both_net[0] - both_net[1]) * line.tax_rate / 100
    return {
        "id": site.item_id(),
        "code": parts.coupon_code.lower() or "coupon",
        "discount": exact(net),
        "discount_tax": exact(rounded(tax, parts.places)),
        "meta_data": [],
    }


# Routes


def order_of(site: Site, request: Request, status: int = 404) -> Row:
    number = request.path_params["number"]
    if number not in site.orders:
        raise invalid_id("shop_order", status)
    return site.orders[number]


async def list_orders(request: Request, site: Site) -> Response:
    query = Query(request)
    wanted = query.values("status") or ["any"]
    rows = [row for row in site.orders.values() if _matches(row["status"], wanted)]
    rows = included(query, changed_between(query, rows))
    if (customer := query.text("customer")) is not None:
        rows = [row for row in rows if str(row["customer_id"]) == customer]
    rows = ordered(query, rows, ("date", "id", "include", "title", "slug"), "date", "desc")
    show: Callable[[Row], Row] = lambda row: view(site, row, _places(query))  # noqa: E731
    return page_of(query, Lazy(rows, show))


async def get_order(request: Request, site: Site) -> Response:
    query = Query(request)
    [found] = only_fields(query, [view(site, order_of(site, request), _places(query))])
    return json_response(found)


def _places(query: Query) -> int:
    return query.number("dp", 2, most=8)


def _matches(status: str, wanted: list[str]) -> bool:
    return status in wanted or ("any" in wanted and status not in ("trash", "checkout-draft"))
