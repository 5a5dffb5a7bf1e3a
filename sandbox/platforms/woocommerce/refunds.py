"""Refunds of orders (_order-refunds.md): of lines, shipping, or an amount alone.

class-wc-order-refund.php and wc-order-functions.php (seen in code): a refund's lines have negative amounts and
quantities, and name the order's line in the meta data `_refunded_item_id`; an order of which everything was refunded
gets the status `refunded`.
"""

from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response

from sandbox.money import ZERO, places_of, rounded
from sandbox.platforms.base import json_response
from sandbox.platforms.woocommerce.clock import both, now
from sandbox.platforms.woocommerce.order_totals import exact
from sandbox.platforms.woocommerce.orders import move_stock, order_of, set_status, with_places
from sandbox.platforms.woocommerce.responses import ApiError, Query, Row, page_of
from sandbox.platforms.woocommerce.site import Site


def refunded_amount(site: Site, order: Row) -> Decimal:
    return sum((Decimal(each["amount"]) for each in site.refunds.values() if each["parent_id"] == order["id"]), ZERO)


def refunded_quantity(site: Site, order: Row, item: int) -> int:
    """How many pieces of a line were refunded."""
    lines = [line for each in site.refunds.values() if each["parent_id"] == order["id"] for line in each["line_items"]]
    return -sum(line["quantity"] for line in lines if refunded_item(line) == item)


def refunded_item(line: Row) -> int:
    return int(next(each["value"] for each in line["meta_data"] if each["key"] == "_refunded_item_id"))


def refund(
    site: Site,
    order: Row,
    quantities: dict[int, int],
    *,
    shipping: Decimal = ZERO,
    amount: Decimal = ZERO,
    restock: bool = True,
) -> Row:
    """Refund pieces of lines with their share of price and tax, a part of the shipping with its tax, and an amount that
    belongs to nothing. ApiError if it is more than is left."""
    places = places_of(order["currency"])
    lines = []
    for item in order["line_items"]:
        if quantity := quantities.get(item["id"], 0):
            lines.append(_part(site, item, quantity, Decimal(quantity) / item["quantity"]))
    shipping_lines = []
    for item in order["shipping_lines"][:1] if shipping else ():
        whole = Decimal(item["total"]) + Decimal(item["total_tax"])
        shipping_lines.append(_part(site, item, None, shipping / whole if whole else ZERO))
    parts = [*lines, *shipping_lines]
    total = -sum((Decimal(each["total"]) + Decimal(each["total_tax"]) for each in parts), ZERO) + amount
    total = rounded(total, places)
    if total <= 0 or total > Decimal(order["total"]) - refunded_amount(site, order):
        raise ApiError(500, "woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.")
    number = site.post_id()
    row = {
        "id": number,
        "parent_id": order["id"],
        "created": now(),
        "amount": exact(total),
        "reason": "",
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [],
        "line_items": lines,
        "shipping_lines": shipping_lines,
        "tax_lines": [],
        "fee_lines": [],
    }
    site.refunds[number] = row
    order["modified"] = now()
    if restock:
        for line in lines:
            move_stock(site, line, -line["quantity"])
    if refunded_amount(site, order) >= Decimal(order["total"]):
        set_status(site, order, "refunded")
    return row


def _part(site: Site, item: Row, quantity: int | None, share: Decimal) -> Row:
    """A negative part of a line of the order."""
    part = {name: value for name, value in item.items() if name != "rate"}
    part |= {"id": site.item_id(), "total": exact(-Decimal(item["total"]) * share)}
    part["total_tax"] = exact(rounded(-Decimal(item["total_tax"]) * share, 2))
    part["meta_data"] = [{"id": site.row_id(), "key": "_refunded_item_id", "value": str(item["id"])}]
    if quantity is not None:
        part |= {"quantity": -quantity, "subtotal": part["total"], "subtotal_tax": part["total_tax"]}
    return part


async def list_refunds(request: Request, site: Site) -> Response:
    query = Query(request)
    order = order_of(site, request)
    found = [each for each in site.refunds.values() if each["parent_id"] == order["id"]]
    return page_of(query, [_view(each, query.number("dp", 2, most=8)) for each in reversed(found)])


async def get_refund(request: Request, site: Site) -> Response:
    order = order_of(site, request)
    row = site.refunds.get(request.path_params["refund"])
    if row is None or row["parent_id"] != order["id"]:
        raise ApiError(404, "woocommerce_rest_invalid_order_refund_id", "Invalid order refund ID.")
    return json_response(_view(row, Query(request).number("dp", 2, most=8)))


def _view(row: Row, places: int) -> Row:
    shown = {"id": row["id"]} | both("date_created", row["created"])
    shown |= {name: value for name, value in row.items() if name not in ("created", "parent_id")}
    return with_places(shown, places)
