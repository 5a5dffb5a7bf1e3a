"""Orders as a server computes and dates them, and what happens to them.

Prices include tax. A discount of the order is distributed among its lines; net amounts are those without tax of the
discounted ones. A payment, a fulfillment and a settled refund leave the date of the order as it is: the history has
their times. Stock is allocated with the payment, and leaves with the fulfillment.
"""

import time as clock
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from graphql import GraphQLError

from sandbox.money import shared
from sandbox.platforms.vendure.lists import Row
from sandbox.platforms.vendure.money import TAX_RATE, net, rounded
from sandbox.platforms.vendure.shop import Shop, now, time_text

SHIPPING = 500
COUPON = {"id": "1", "name": "Ten percent", "couponCode": "TEN"}
NEXT_STATES = {"Pending": ["Shipped", "Cancelled"], "Shipped": ["Delivered"], "Delivered": [], "Cancelled": []}


def place(
    shop: Shop,
    customer: Row,
    goods: Sequence[tuple[Row, int]],
    *,
    coupon: bool = False,
    at: float = 0,
    kind: str = "Regular",
) -> Row:
    """A placed and paid order. `goods` are variants with their quantities, `at` is when (seconds since the epoch).

    The cart's last change is its date of change: placing the order is none.
    """
    at = at or clock.time()
    time = time_text(at)
    address = {
        "fullName": f"{customer['firstName']} {customer['lastName']}", "streetLine1": "1 High Street", "city": "Leeds",
        "postalCode": "LS1 1AA", "countryCode": "GB", "country": "United Kingdom",
    }  # fmt: skip
    order = shop.add(
        "orders", createdAt=time_text(at - 300), updatedAt=time_text(at - 30), orderPlacedAt=time, type=kind,
        state="PaymentSettled", active=False,
        currencyCode=shop.currency, customer=customer, shippingAddress=address, billingAddress={},
        couponCodes=["TEN"] if coupon else [], promotions=[COUPON] if coupon else [], surcharges=[], fulfillments=[],
        history=[], lines=[],
    )  # fmt: skip
    order["code"] = f"ORDER{order['id']:0>6}"
    for variant, quantity in goods:
        line = {
            "id": shop.number("lines"), "productVariant": variant, "quantity": quantity,
            "orderPlacedQuantity": quantity, "taxRate": TAX_RATE, "unitPriceWithTax": variant["priceWithTax"],
            "unitPrice": variant["price"],
        }  # fmt: skip
        order["lines"].append(line)
        _first_level(variant)["stockAllocated"] += quantity
    compute(order)
    order["payments"] = [
        {"id": shop.number("payments"), "updatedAt": time, "method": "invoice", "state": "Settled", "refunds": [],
         "amount": order["totalWithTax"]}
    ]  # fmt: skip
    log(shop, order, "ORDER_STATE_TRANSITION", {"from": "ArrangingPayment", "to": "PaymentSettled"}, time)
    return order


def compute(order: Row) -> None:
    """All amounts that follow from quantities, prices, and what the coupon and other promotions take off.

    `order["taken_off"]`: promotion → what it takes off the order; `line["taken_off"]` is taken off the line first.
    """
    lines = order["lines"]
    left = [line["unitPriceWithTax"] * line["quantity"] for line in lines]
    before = list(left)
    order["discounts"] = []

    def take(source: str, name: str, shares: Sequence[int]) -> None:
        changed = [(each, each - share, line["taxRate"]) for each, share, line in zip(left, shares, lines, strict=True)]
        left[:] = [after for _, after, _ in changed]
        order["discounts"].append(
            {"adjustmentSource": source, "type": "DISTRIBUTED_ORDER_PROMOTION", "description": name,
             "amount": -sum(net(whole, rate) - net(after, rate) for whole, after, rate in changed),
             "amountWithTax": -sum(shares)}
        )  # fmt: skip

    if any(line.get("taken_off") for line in lines):
        whole = [Decimal(line["taken_off"]) / line["orderPlacedQuantity"] for line in lines]
        shares = [rounded(each * line["quantity"]) for each, line in zip(whole, lines, strict=True)]
        take("PROMOTION:2", "Price", shares)
    for source, amount in order.get("taken_off", {}).items():
        least = min(amount, sum(left))
        take(source, "Discount", [int(share) for share in shared(Decimal(least), [Decimal(each) for each in left], 0)])
    if order["couponCodes"] and "taken_off" not in order:
        take("PROMOTION:1", COUPON["name"], [rounded(Decimal(each) / 10) for each in left])
    for line, gross, after in zip(lines, before, left, strict=True):
        rate, pieces = line["taxRate"], line["quantity"]
        line |= {
            "linePriceWithTax": gross, "linePrice": net(gross, rate), "proratedLinePriceWithTax": after,
            "proratedLinePrice": net(after, rate), "discounts": [],
        }  # fmt: skip
        if pieces:
            line["proratedUnitPriceWithTax"] = rounded(Decimal(after) / pieces)
    price, rate = order.get("shipping_charge", (SHIPPING, TAX_RATE))
    # The price without tax is not rounded, unlike the discounted one.
    order["shippingLines"] = [
        {"id": order["id"], "shippingMethod": {"id": "1", "code": "standard", "name": "Standard"},
         "price": float(price / (1 + Decimal(rate) / 100)), "priceWithTax": price, "discountedPrice": net(price, rate),
         "discountedPriceWithTax": price}
    ]  # fmt: skip
    for name, shipping, tax in (("", net(price, rate), ""), ("WithTax", price, "WithTax")):
        goods = sum(line[f"proratedLinePrice{name}"] for line in lines)
        extra = sum(each[f"price{name}"] for each in order["surcharges"])
        order[f"subTotal{tax}"], order[f"shipping{tax}"] = goods + extra, shipping
        order[f"total{tax}"] = goods + extra + shipping


def surcharge(shop: Shop, order: Row, description: str, price: int, rate: Decimal | int = TAX_RATE) -> None:
    """An amount with tax, added to the order by hand; negative: deducted."""
    order["surcharges"].append(
        {"id": shop.number("surcharges"), "description": description, "sku": None, "priceWithTax": price,
         "price": net(price, rate), "taxRate": rate}
    )  # fmt: skip
    compute(order)
    order["updatedAt"] = now()
    log(shop, order, "ORDER_MODIFIED", {})


def log(shop: Shop, order: Row, kind: str, data: Row, time: str = "") -> None:
    entry = {"id": shop.number("history"), "createdAt": time or now(), "type": kind, "data": data}
    order["history"].append(entry)


def fulfil(shop: Shop, parts: Sequence[Row], handler: Row) -> Row:
    """The result of `addFulfillmentToOrder`."""
    if handler["code"] != "manual-fulfillment":
        return _error("InvalidFulfillmentHandlerError", "The requested FulfillmentHandler does not exist")
    orders = {each["id"]: each for each in shop.orders.values()}
    lines = {line["id"]: (order, line) for order in orders.values() for line in order["lines"]}
    if any(part["orderLineId"] not in lines for part in parts):
        raise GraphQLError("No OrderLine with this ID", extensions={"code": "ENTITY_NOT_FOUND"})
    for part in parts:
        order, line = lines[part["orderLineId"]]
        done = sum(
            each["quantity"]
            for fulfillment in order["fulfillments"]
            if fulfillment["state"] != "Cancelled"
            for each in fulfillment["lines"]
            if each["orderLineId"] == line["id"]
        )
        if part["quantity"] > line["quantity"] - done:
            return _error("ItemsAlreadyFulfilledError", "One or more OrderItems are already part of a Fulfillment")
        if part["quantity"] > _first_level(line["productVariant"])["stockOnHand"]:
            return _error("InsufficientStockOnHandError", "Cannot create a Fulfillment as there is too little stock")
    arguments = {each["name"]: each["value"] for each in handler["arguments"]}
    time = now()
    fulfillment = shop.add(
        "fulfillments", createdAt=time, updatedAt=time, state="Pending", method=arguments.get("method", ""),
        trackingCode=arguments.get("trackingCode", ""), lines=[dict(each) for each in parts],
    )  # fmt: skip
    for part in parts:
        order, line = lines[part["orderLineId"]]
        level = _first_level(line["productVariant"])
        level["stockOnHand"] -= part["quantity"]
        level["stockAllocated"] -= part["quantity"]
        if fulfillment not in order["fulfillments"]:
            order["fulfillments"].append(fulfillment)
            log(shop, order, "ORDER_FULFILLMENT", {"fulfillmentId": fulfillment["id"]})
    return {"__typename": "Fulfillment", **fulfillment, "nextStates": NEXT_STATES["Pending"]}


def move(shop: Shop, id: str, state: str) -> Row:
    """The result of `transitionFulfillmentToState`. The order follows its fulfillments."""
    fulfillment = shop.fulfillments[id]
    if state not in NEXT_STATES[fulfillment["state"]]:
        message = f"Cannot transition Fulfillment from {fulfillment['state']!r} to {state!r}"
        return _error("FulfillmentStateTransitionError", message)
    fulfillment |= {"state": state, "updatedAt": now()}
    for order in shop.orders.values():
        if fulfillment in order["fulfillments"]:
            moved = [each for each in order["fulfillments"] if each["state"] == state]
            pieces = sum(part["quantity"] for each in moved for part in each["lines"])
            whole = pieces >= sum(line["quantity"] for line in order["lines"])
            order["state"] = state if whole else f"Partially{state}"
            log(shop, order, "ORDER_FULFILLMENT_TRANSITION", {"fulfillmentId": id, "to": state})
    return {"__typename": "Fulfillment", **fulfillment, "nextStates": NEXT_STATES[state]}


def refund(shop: Shop, order: Row, parts: Sequence[Row], *, shipping: int = 0, adjustment: int = 0) -> Row:
    """A pending refund, of which the history says nothing yet."""
    lines = {line["id"]: line for line in order["lines"]}
    items = sum(lines[part["orderLineId"]]["proratedUnitPriceWithTax"] * part["quantity"] for part in parts)
    time = now()
    made = {
        "id": shop.number("refunds"), "createdAt": time, "updatedAt": time, "items": items, "shipping": shipping,
        "adjustment": adjustment, "total": items + shipping + adjustment, "state": "Pending", "reason": None,
        "lines": [dict(each) for each in parts],
    }  # fmt: skip
    order["payments"][0]["refunds"].append(made)
    return made


def complete_refunds(shop: Shop, order: Row) -> None:
    for each in order["payments"][0]["refunds"]:
        if each["state"] == "Pending":
            each |= {"state": "Settled", "updatedAt": now()}
            log(shop, order, "ORDER_REFUND_TRANSITION", {"refundId": each["id"], "to": "Settled"})


def cancel(shop: Shop, order: Row, parts: Sequence[Row]) -> None:
    """Quantities and totals fall, and allocated stock is released. The payment stays as it is."""
    lines = {line["id"]: line for line in order["lines"]}
    for part in parts:
        line = lines[part["orderLineId"]]
        line["quantity"] -= part["quantity"]
        _first_level(line["productVariant"])["stockAllocated"] -= part["quantity"]
    if not any(line["quantity"] for line in order["lines"]):
        order["state"] = "Cancelled"
    compute(order)
    order["updatedAt"] = now()
    log(shop, order, "ORDER_CANCELLATION", {"lines": [dict(each) for each in parts]})


def _first_level(variant: Row) -> Row:
    level: Row = variant["stockLevels"][0]
    return level


def _error(name: str, message: str) -> Row:
    code = "".join(f"_{each}" if each.isupper() else each for each in name).lstrip("_").upper()
    return {"__typename": name, "errorCode": code, "message": message}


def control(shop: Shop, action: str, **details: Any) -> Row:
    """What a person does in the dashboard or the shop. Returns the order's ID and code."""
    if action == "place":
        found = {each["sku"]: each for each in shop.variants.values()}
        goods = [(found[sku], quantity) for sku, quantity in details["goods"].items()]
        customer = shop.customers[details.get("customer", "1")]
        order = place(shop, customer, goods, coupon=details.get("coupon", False), kind=details.get("kind", "Regular"))
        if not details.get("paid", True):
            order["payments"][0]["state"] = "Authorized"
        return {"id": order["id"], "code": order["code"], "lines": [line["id"] for line in order["lines"]]}
    order = shop.orders[details.pop("order")]
    parts = [{"orderLineId": line, "quantity": quantity} for line, quantity in details.pop("parts", {}).items()]
    match action:
        case "ship":
            handler = {"code": "manual-fulfillment", "arguments": [{"name": "trackingCode", "value": "T1"}]}
            move(shop, fulfil(shop, parts, handler)["id"], "Shipped")
        case "refund":
            refund(shop, order, parts, **details)
        case "complete_refunds":
            complete_refunds(shop, order)
        case "pay":
            order["payments"][0] |= {"state": "Settled", "amount": order["totalWithTax"]}
        case "cancel":
            cancel(shop, order, parts)
        case "surcharge":
            surcharge(shop, order, **details)
    return {"id": order["id"], "code": order["code"]}
