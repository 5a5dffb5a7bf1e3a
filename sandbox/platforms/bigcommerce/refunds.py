"""Refunds of V3: quotes (`payment_actions/refund_quotes`), refunds, and the transactions of an order.

Documented: what each kind of item names (a product of the order, an address, a fee, the order itself), that an order
level refund bears no tax, that the payments must equal the quote, that nothing goes back into stock, that the status
becomes refunded or partially refunded, and that only paid orders can be refunded.

Assumed: a piece of a line is refunded at its share of the discounted line; the order is refunded (status 4) once all
that was paid went back.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from starlette.responses import Response

from sandbox.money import ZERO, rounded
from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce import order_totals
from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.fields import isoformat_utc
from sandbox.platforms.bigcommerce.order_lines import address_id, line_id, refunded_share
from sandbox.platforms.bigcommerce.order_requests import UNPAID, write_order
from sandbox.platforms.bigcommerce.order_totals import Amount, OrderTotals, charge_amount, charges, places, total_of
from sandbox.platforms.bigcommerce.responses import ApiError, Pager, invalid, item_response, not_found
from sandbox.platforms.bigcommerce.store import Store, timestamp
from sandbox.tables import Row

REFUNDED, PARTIALLY_REFUNDED = 4, 14
KINDS = {"SHIPPING": "shipping", "HANDLING": "handling", "FEE": "fee"}


@dataclass
class Refund:
    """What a refund comes to. `changes` are applied only once everything was found to be right."""

    amount: Amount = field(default_factory=Amount)
    order_level: Decimal = ZERO
    items: list[Row] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)
    taken: dict[tuple[str, int], Decimal] = field(default_factory=dict)


def _order(request: ApiRequest) -> Row:
    order = request.store.orders.get(request.path["order_id"])
    if order is None:
        raise not_found("Order")
    return order


def calculated(order: Row, items: Any) -> Refund:
    """Work out a refund. Raises a 422 that names what is wrong."""
    if not isinstance(items, list) or not items:
        raise invalid({"items": "is required"})
    if order["status_id"] in UNPAID:
        raise ApiError(422, "The order has no settled payment to refund")
    refund = Refund()
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            raise invalid({f"items.{place}": "must be an object"})
        kind, number = item.get("item_type"), item.get("item_id")
        if kind in ("PRODUCT", "GIFT_WRAPPING"):
            amount = _pieces(order, refund, kind, number, item.get("quantity"), place)
        elif kind in KINDS:
            amount = _part_of_charge(order, refund, kind, number, item.get("amount"), place)
        elif kind == "ORDER":
            amount = Amount(inc_tax=_money(item.get("amount"), order, place))
            refund.order_level += amount.inc_tax
        else:
            raise invalid({f"items.{place}.item_type": "is not known"})
        refund.amount += amount
        asked = amount.inc_tax if order.get("prices_include_tax") or kind == "ORDER" else amount.inc_tax - amount.tax
        shown = {"item_type": kind, "item_id": number, "reason": item.get("reason", ""), "adjustments": []}
        if kind == "PRODUCT":
            shown["quantity"] = item["quantity"]
        refund.items.append({**shown, "requested_amount": float(asked)})
    if refund.amount.inc_tax > OrderTotals.of(order).total.inc_tax - refunded_total(order):
        raise ApiError(422, "The refund is greater than what was paid and not refunded yet")
    return refund


def _pieces(order: Row, refund: Refund, kind: str, number: Any, quantity: Any, place: int) -> Amount:
    line = next((each for each in order["lines"] if line_id(order, each) == number), None)
    if line is None:
        raise invalid({f"items.{place}.item_id": "is not a product of the order"})
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
        raise invalid({f"items.{place}.quantity": "must be at least 1"})
    if kind == "GIFT_WRAPPING":
        whole = order_totals.wrapping_amount(order, line)
        share = [rounded(value * quantity / line["quantity"], places(order)) for value in (whole.inc_tax, whole.tax)]
        return Amount(share[0] - share[1], share[0], share[1])
    if quantity + refund.counts.get(number, 0) > line["quantity"] - line.get("refunded", 0):
        raise invalid({f"items.{place}.quantity": "is more than is left to refund"})
    before = {**line, "refunded": line.get("refunded", 0) + refund.counts.get(number, 0)}
    refund.counts[number] = refund.counts.get(number, 0) + quantity
    return refunded_share(order, before, quantity)


def _part_of_charge(order: Row, refund: Refund, kind: str, number: Any, amount: Any, place: int) -> Amount:
    """Part of a charge, in prices as the store enters them; its tax goes back in proportion."""
    found = [
        each
        for each in charges(order, KINDS[kind])
        if number == (each["id"] if kind == "FEE" else address_id(order, each.get("address", 0)))
    ]
    if not found:
        raise invalid({f"items.{place}.item_id": "has no such cost"})
    whole, asked = total_of(charge_amount(order, each) for each in found), _money(amount, order, place)
    entered = whole.inc_tax if order.get("prices_include_tax") else whole.ex_tax
    before = sum((Decimal(each.get("refunded", 0)) for each in found), ZERO) + refund.taken.get((kind, number), ZERO)
    if asked > entered - before:
        raise invalid({f"items.{place}.amount": "is more than is left to refund"})
    refund.taken[kind, number] = refund.taken.get((kind, number), ZERO) + asked
    due = [rounded(whole.tax * upto / entered, places(order)) for upto in (before + asked, before)] if entered else []
    tax = due[0] - due[1] if due else ZERO
    return Amount(asked - tax, asked, tax) if order.get("prices_include_tax") else Amount(asked, asked + tax, tax)


def _money(value: Any, order: Row, place: int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise invalid({f"items.{place}.amount": "must be greater than 0"})
    return rounded(Decimal(str(value)), places(order))


def refunded_total(order: Row) -> Decimal:
    return sum((Decimal(each["total"]) for each in order.get("refunds", ())), ZERO)


def apply(store: Store, order: Row, refund: Refund, payments: list[Row], reason: str) -> Row:
    """Record a refund, and return the row."""
    for line in order["lines"]:
        if count := refund.counts.get(line_id(order, line)):
            line["refunded"] = line.get("refunded", 0) + count
    for (kind, number), amount in refund.taken.items():
        for each in charges(order, KINDS[kind]):
            if number == (each["id"] if kind == "FEE" else address_id(order, each.get("address", 0))):
                each["refunded"] = str(Decimal(each.get("refunded", 0)) + amount)
                break
    row: Row = store.refunds.add(
        {
            "order_id": order["id"],
            "total": str(refund.amount.inc_tax),
            "tax": str(refund.amount.tax),
            "items": refund.items,
            "payments": payments,
            "reason": reason,
            "created": timestamp(),
        }
    )
    order["refunds"] = [*order.get("refunds", ()), row]
    everything = refunded_total(order) >= OrderTotals.of(order).total.inc_tax
    status = REFUNDED if everything else PARTIALLY_REFUNDED
    payment_status = "refunded" if everything else "partially refunded"
    write_order(store, order, {"status_id": status, "payment_status": payment_status})
    store.publish("store/order/refund/created", "order", order["id"], refund={"refund_id": row["id"]})
    return row


def refund_view(row: Row) -> Row:
    return {
        "id": row["id"],
        "order_id": row["order_id"],
        "user_id": 0,
        "created": isoformat_utc(row["created"]),
        "reason": row["reason"],
        "total_amount": float(row["total"]),
        "total_tax": float(row["tax"]),
        "uses_merchant_override_values": False,
        "items": row["items"],
        "payments": [
            {"id": number, "transaction_id": None, "is_declined": False, "declined_message": "", **payment}
            for number, payment in enumerate(row["payments"], 1)
        ],
    }


def quote(request: ApiRequest) -> Response:
    order = _order(request)
    refund = calculated(order, request.body.get("items") if isinstance(request.body, dict) else None)
    total = float(refund.amount.inc_tax)
    method = {
        "provider_id": "custom",
        "provider_description": order.get("payment_method", "Credit Card"),
        "amount": total,
        "offline": True,
        "offline_provider": True,
        "offline_reason": "This is an offline payment provider.",
    }
    quoted = {
        "order_id": order["id"],
        "total_refund_amount": total,
        "total_refund_tax_amount": float(refund.amount.tax),
        "rounding": 0,
        "adjustment": 0,
        "is_tax_included": order.get("prices_include_tax", False),
        "order_level_refund_amount": float(refund.order_level),
        "refund_methods": [[method]],
    }
    return item_response(quoted, 201)


def create(request: ApiRequest) -> Response:
    order, body = _order(request), request.body if isinstance(request.body, dict) else {}
    refund = calculated(order, body.get("items"))
    payments = body.get("payments")
    if not isinstance(payments, list) or not all(isinstance(each, dict) for each in payments):
        raise invalid({"payments": "is required"})
    paid = sum((Decimal(str(each.get("amount", 0))) for each in payments), ZERO)
    if paid != refund.amount.inc_tax:
        raise invalid({"payments": f"must come to {refund.amount.inc_tax}"})
    kept = [{"provider_id": "", "offline": False, **each} for each in payments]
    return item_response(refund_view(apply(request.store, order, refund, kept, body.get("reason", ""))), 201)


def of_order(request: ApiRequest) -> Response:
    return json_response({"data": [refund_view(row) for row in _order(request).get("refunds", ())], "meta": {}})


def show(request: ApiRequest) -> Response:
    row = request.store.refunds.get(request.path["refund_id"])
    if row is None:
        raise not_found("Refund")
    return item_response(refund_view(row))


def list_all(request: ApiRequest) -> Response:
    pager, rows = Pager(request.query, request.overlap), list(request.store.refunds)
    for name, column in (("order_id:in", "order_id"), ("id:in", "id")):
        if name in request.query:
            wanted = request.query[name].split(",")
            rows = [row for row in rows if str(row[column]) in wanted]
    for name, sign in (("created:min", 1), ("created:max", -1)):
        if name in request.query:
            edge = request.query[name].replace(" ", "+")
            rows = [row for row in rows if _moment(isoformat_utc(row["created"]), edge) * sign >= 0]
    start, end = pager.bounds
    return pager.page_response([refund_view(row) for row in rows[start:end]], len(rows))


def _moment(one: str, other: str) -> float:
    """How many seconds one time is after another. Raises a 422."""
    try:
        return (datetime.fromisoformat(one) - datetime.fromisoformat(other)).total_seconds()
    except (ValueError, TypeError) as error:
        raise invalid({"created": "must be a time with a zone"}) from error


def transactions(request: ApiRequest) -> Response:
    """One payment for what the order came to when it was paid, and one each for store credit and gift certificate.
    An edit changes none of them."""
    order = _order(request)
    if order["status_id"] in UNPAID:
        return json_response({"data": [], "meta": {}})
    credit, certificate = (Decimal(order.get(name, 0)) for name in ("store_credit", "gift_certificate"))
    total = Decimal(order["charged"]) if "charged" in order else OrderTotals.of(order).total.inc_tax
    amounts = {"custom": total - credit - certificate, "store_credit": credit, "gift_certificate": certificate}
    shared = {
        "order_id": str(order["id"]),
        "event": "purchase",
        "currency": order.get("currency") or request.store.currency,
        "gateway_transaction_id": "",
        "status": "ok",
        "test": False,
        "fraud_review": False,
        "reference_transaction_id": None,
        "date_created": isoformat_utc(order["date_created"]),
    }
    rows = [
        {"id": order["id"] * 10 + place, "method": method, "gateway": method, "amount": float(amount), **shared}
        for place, (method, amount) in enumerate(amounts.items())
        if amount
    ]
    return json_response({"data": rows, "meta": {}})


ACTIONS = "/v3/orders/{order_id:int}/payment_actions"
OPERATIONS = [
    Operation("POST", ACTIONS + "/refund_quotes", quote),
    Operation("POST", ACTIONS + "/refunds", create, "refunds"),
    Operation("GET", ACTIONS + "/refunds", of_order),
    Operation("GET", "/v3/orders/payment_actions/refunds", list_all),
    Operation("GET", "/v3/orders/payment_actions/refunds/{refund_id:int}", show),
    Operation("GET", "/v3/orders/{order_id:int}/transactions", transactions),
]
