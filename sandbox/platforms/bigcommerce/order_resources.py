"""Parts of an order that have a listing of their own: shipping addresses, coupons, fees, taxes and consignments.

Assumed: the costs of an address are its shipping and handling; a tax has one row for each taxed line and charge.
"""

from decimal import Decimal

from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce import order_lines, order_totals
from sandbox.platforms.bigcommerce.api import ApiRequest
from sandbox.platforms.bigcommerce.order_lines import (
    DIGITAL,
    GIFT_CERTIFICATE,
    address_id,
    is_shipped,
    line_id,
    shipped,
    sides,
    text,
)
from sandbox.platforms.bigcommerce.order_requests import address_view, addresses_of, order_of
from sandbox.platforms.bigcommerce.order_totals import Amount, charge_amount, charges, total_of, wrapping_amount
from sandbox.platforms.bigcommerce.responses import V2ApiError
from sandbox.platforms.bigcommerce.store import Store
from sandbox.platforms.bigcommerce.v2 import listing, page_of, resource
from sandbox.tables import Row


def at_address(order: Row, place: int) -> list[Row]:
    """The lines that are shipped to an address."""
    return [line for line in order["lines"] if is_shipped(line) and line.get("address", 0) == place]


def shipping_address(store: Store, order: Row, place: int) -> Row:
    lines, sent = at_address(order, place), shipped(store, order)
    inclusive = order.get("prices_include_tax", False)
    costs = {
        kind: total_of(charge_amount(order, each) for each in charges(order, kind) if each.get("address", 0) == place)
        for kind in ("shipping", "handling")
    }
    number = address_id(order, place)
    return {
        "id": number,
        "order_id": order["id"],
        **address_view(addresses_of(order)[place]),
        "items_total": sum(line["quantity"] for line in lines),
        "items_shipped": sum(sent.get(line_id(order, line), 0) for line in lines),
        "shipping_method": "Standard",
        **sides("cost", costs["shipping"], base="base_cost", inclusive=inclusive),
        "cost_tax_class_id": 2,
        **sides("handling_cost", costs["handling"], base="base_handling_cost", inclusive=inclusive),
        "handling_cost_tax_class_id": 2,
        "shipping_zone_id": 1,
        "shipping_zone_name": "Everywhere",
        "shipping_quotes": resource(store, f"/orders/{order['id']}/shipping_addresses/{number}/shipping_quotes"),
    }


def list_addresses(request: ApiRequest) -> Response:
    order = order_of(request)
    rows = [shipping_address(request.store, order, place) for place in range(address_count(order))]
    return listing(request, page_of(request, rows))


def show_address(request: ApiRequest) -> Response:
    order = order_of(request)
    places = {address_id(order, place): place for place in range(address_count(order))}
    if request.path["address_id"] not in places:
        raise V2ApiError(404, "The requested resource was not found.")
    return json_response(shipping_address(request.store, order, places[request.path["address_id"]]))


def address_count(order: Row) -> int:
    """How many shipping addresses an order has: none if nothing in it is shipped."""
    return len(addresses_of(order)) if any(is_shipped(line) for line in order["lines"]) else 0


def coupon_views(order: Row) -> list[Row]:
    """The coupons of an order: one row for each code, with what it took off the whole order."""
    taken: dict[str, Decimal] = {}
    for line in order["lines"]:
        for each in line.get("discounts", ()):
            if each.get("code"):
                taken[each["code"]] = taken.get(each["code"], Decimal(0)) + Decimal(each["amount"])
    return [
        {
            "id": number,
            "coupon_id": number,
            "order_id": order["id"],
            "code": code,
            "amount": text(value),
            "type": 2,
            "discount": float(value),
        }
        for number, (code, value) in enumerate(taken.items(), 1)
    ]


def list_coupons(request: ApiRequest) -> Response:
    return listing(request, page_of(request, coupon_views(order_of(request))))


def fee_views(order: Row) -> list[Row]:
    inclusive = order.get("prices_include_tax", False)
    return [
        {
            "id": fee["id"],
            "type": "custom_fee",
            "display_name_customer": fee["name"],
            "display_name_merchant": fee["name"],
            "source": fee.get("source", "checkout"),
            **sides("cost", charge_amount(order, fee), base="base_cost", inclusive=inclusive),
            "tax_class_id": None,
        }
        for fee in charges(order, "fee")
    ]


def list_fees(request: ApiRequest) -> Response:
    return json_response({"fees": fee_views(order_of(request))})


def tax_views(order: Row) -> list[Row]:
    """One row for each line and charge that is taxed."""
    taxed: list[tuple[str, int | None, int, Amount, Decimal]] = []
    for line in order["lines"]:
        place = address_id(order, line.get("address", 0)) if is_shipped(line) else 0
        found = order_totals.line_amount(order, line)
        taxed.append(("item", line_id(order, line), place, found, order_totals.rate_of(line)))
        rate = order_totals.rate_of(order.get("wrapping_tax", {}))
        taxed.append(("gift-wrapping", line_id(order, line), place, wrapping_amount(order, line), rate))
    for charge in order.get("charges", ()):
        kind, place = charge["kind"], address_id(order, charge.get("address", 0))
        taxed.append((kind, None, place, charge_amount(order, charge), order_totals.rate_of(charge)))
    rows = [each for each in taxed if each[3].tax]
    return [
        {
            "id": int(order["id"]) * 100 + number,
            "order_id": order["id"],
            "order_address_id": place,
            "order_pickup_method_id": 0,
            "tax_rate_id": 1,
            "sales_tax_id": "1",
            "tax_class_id": 0,
            "name": "Tax",
            "class": "Default Tax Class",
            "rate": text(rate),
            "priority": 0,
            "priority_amount": text(found.tax),
            "line_amount": text(found.tax),
            "order_product_id": line,
            "line_item_type": "handling" if kind == "fee" else kind,
        }
        for number, (kind, line, place, found, rate) in enumerate(rows, 1)
    ]


def list_taxes(request: ApiRequest) -> Response:
    return listing(request, page_of(request, tax_views(order_of(request))))


def consignments(store: Store, order: Row, *, with_lines: bool) -> Row:
    """What goes where. Products are links, or whole with `consignments.line_items`."""

    def items(lines: list[Row]) -> list[Row]:
        if with_lines:
            return [order_lines.line_view(store, order, line) for line in lines]
        path = f"/orders/{order['id']}/products"
        return [resource(store, f"{path}/{line_id(order, line)}") for line in lines]

    def of_kind(kind: str) -> list[Row]:
        return [line for line in order["lines"] if line.get("kind") == kind]

    email = order["billing_address"].get("email", "")
    digital, certificates = of_kind(DIGITAL), of_kind(GIFT_CERTIFICATE)
    shipping = []
    for place in range(address_count(order)):
        address = shipping_address(store, order, place)
        shipping.append({**address, "line_items": items(at_address(order, place))})
    return {
        "pickups": [],
        "shipping": shipping,
        "downloads": [{"recipient_email": email, "line_items": items(digital)}] if digital else [],
        "email": {
            "gift_certificates": [{"recipient_email": email, "line_items": items(certificates)}] if certificates else []
        },
    }


def list_consignments(request: ApiRequest) -> Response:
    return json_response(consignments(request.store, order_of(request), with_lines=False))
