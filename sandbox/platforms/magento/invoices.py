"""Invoices, cancellations and credit memos, and the state of an order that follows from them.

The calls and fields are documented (Admin REST schema 2.4.8); what they change is seen in the shop's own code
(`Sales/Model/Order/Item.php`, `Order/Creditmemo/Total/Tax.php`, `ResourceModel/Order/Handler/State.php`): what is left
to ship is ordered less shipped, refunded and cancelled; a credit memo takes the pieces' share of what was invoiced and
not refunded yet, the last one the rest; without `shipping_amount` all shipping that is left goes back.
"""

from decimal import Decimal

from sandbox.money import ZERO, rounded
from sandbox.platforms.magento.order_totals import Rules, children_of, counted, is_dynamic, number, put, top
from sandbox.platforms.magento.responses import ApiError, Row, unknown, validated
from sandbox.platforms.magento.shipments import set_state
from sandbox.platforms.magento.store import Store

Quantities = dict[int, Decimal]
ITEM = {"order_item_id!": int, "qty!": float}
COMMENT = {"comment!": str, "is_visible_on_front!": int}
INVOICE = {"capture": bool, "items": [ITEM], "notify": bool, "appendComment": bool, "comment": COMMENT}
REFUND = {
    "items": [ITEM],
    "notify": bool,
    "appendComment": bool,
    "comment": COMMENT,
    "arguments": {
        "shipping_amount": float,
        "adjustment_positive": float,
        "adjustment_negative": float,
        "extension_attributes": {"return_to_stock_items": [int]},
    },
}
INVOICE_REFUND = REFUND | {"isOnline": bool}
# Amounts of an item that an invoice and a credit memo take their share of.
SHARED = ("row_total", "row_total_incl_tax", "discount_amount", "tax_amount", "discount_tax_compensation_amount")


def order_of(store: Store, key: int) -> Row:
    order = store.orders.get(key)
    if order is None:
        raise unknown("orderId", key)
    return order


def wanted_items(order: Row, body: Row, left: Quantities) -> Quantities:
    """The quantities of a body, or everything that is left. Raises a 400."""
    wanted: Quantities = {}
    for each in body.get("items") or ():
        key = each["order_item_id"]
        if key not in left:
            raise ApiError(400, "The document contains product item that is not part of the original order.")
        wanted[key] = wanted.get(key, ZERO) + Decimal(str(each["qty"]))
    wanted = wanted or {key: quantity for key, quantity in left.items() if quantity}
    if any(quantity > left[key] for key, quantity in wanted.items()):
        raise ApiError(400, "The quantity must not be greater than what is left of the order.")
    return {key: quantity for key, quantity in wanted.items() if quantity}


def to_invoice(order: Row) -> Quantities:
    return {
        item["item_id"]: number(item, "qty_ordered") - number(item, "qty_invoiced") - number(item, "qty_canceled")
        for item in counted(order["items"])
    }


def to_refund(order: Row) -> Quantities:
    return {
        item["item_id"]: number(item, "qty_invoiced") - number(item, "qty_refunded") for item in counted(order["items"])
    }


def share(item: Row, name: str, start: Decimal, count: Decimal, places: int) -> Decimal:
    """The part of a row's amount for `count` pieces after the first `start`. All parts add up to the amount."""
    whole, ordered = number(item, name), number(item, "qty_ordered")
    upto, before = (rounded(whole * pieces / ordered, places) for pieces in (start + count, start))
    return upto - before


def mirror(order: Row, item: Row, name: str) -> None:
    """Give the children of an item that bears the amounts its quantity, in proportion."""
    for child in children_of(order["items"], item):
        child[name] = float(number(child, "qty_ordered") * number(item, name) / number(item, "qty_ordered"))


def invoice(store: Store, key: int, body: Row) -> int:
    """Invoice items, or everything that is left. It counts as paid."""
    order = order_of(store, key)
    validated(body, INVOICE)
    left = to_invoice(order)
    if order["state"] not in ("new", "processing", "pending_payment") or not any(left.values()):
        raise ApiError(400, "The order does not allow an invoice to be created.")
    return invoiced(store, order, wanted_items(order, body, left))


def invoiced(store: Store, order: Row, wanted: Quantities) -> int:
    rules, first = (
        store.rules_of(order),
        not any(each["order_id"] == order["entity_id"] for each in store.invoices.values()),
    )
    document = _document(store, "invoice", order)
    for item in order["items"]:
        if count := wanted.get(item["item_id"]):
            document["items"].append(_document_item(item, count, number(item, "qty_invoiced"), rules))
            item["qty_invoiced"] = float(number(item, "qty_invoiced") + count)
            mirror(order, item, "qty_invoiced")
    _sum_document(document, rules)
    # As in the shop's code, the first invoice takes the shipping.
    shipping, tax = (number(order, name) if first else ZERO for name in ("shipping_amount", "shipping_tax_amount"))
    _add_shipping(document, shipping, tax, rules)
    document |= {"total_qty": float(sum(wanted.values(), ZERO)), "state": 2}
    paid = number(order, "total_paid") + number(document, "grand_total")
    if not any(to_invoice(order).values()):
        paid = number(order, "grand_total")
    put(order, rules, total_paid=paid, total_invoiced=paid, total_due=number(order, "grand_total") - paid)
    store.invoices[document["entity_id"]] = document
    if order["state"] in ("new", "pending_payment"):
        order["state"] = order["status"] = "processing"
    set_state(store, order)
    store.set_updated_at(order)
    return int(document["entity_id"])


def cancel(store: Store, key: int) -> bool:
    """Cancel what is neither invoiced nor shipped. The order is cancelled if nothing else is left of it."""
    order = order_of(store, key)
    open_items = to_invoice(order)
    cancelled: Quantities = {}
    for item in counted(order["items"]):
        shippable = number(item, "qty_ordered") - number(item, "qty_shipped") - number(item, "qty_canceled")
        cancelled[item["item_id"]] = min(open_items[item["item_id"]], shippable)
    if order["state"] in ("canceled", "complete", "closed", "holded") or not any(cancelled.values()):
        raise ApiError(400, "You cannot cancel the order.")
    rules = store.rules_of(order)
    sums: dict[str, Decimal] = {}
    for item in order["items"]:
        if count := cancelled.get(item["item_id"], ZERO):
            for name in SHARED:
                start = number(item, "qty_invoiced")
                sums[name] = sums.get(name, ZERO) + share(item, name, start, count, rules.places)
            item["qty_canceled"] = float(number(item, "qty_canceled") + count)
            mirror(order, item, "qty_canceled")
    # The item of a dynamic bundle is cancelled with all of its children.
    for parent in top(order["items"]):
        children = children_of(order["items"], parent)
        if is_dynamic(order["items"], parent) and all(
            number(child, "qty_canceled") == number(child, "qty_ordered") for child in children
        ):
            parent["qty_canceled"] = parent["qty_ordered"]
    nothing_invoiced = not any(number(item, "qty_invoiced") for item in counted(order["items"]))
    amounts = {"subtotal_canceled": sums["row_total"], "tax_canceled": sums["tax_amount"]}
    amounts["discount_canceled"] = -sums["discount_amount"]
    gone = sums["row_total"] + sums["tax_amount"] + sums["discount_tax_compensation_amount"] - sums["discount_amount"]
    if nothing_invoiced:
        gone = number(order, "grand_total")
        amounts["tax_canceled"] = number(order, "tax_amount")
        amounts["shipping_canceled"] = number(order, "shipping_amount")
        order["state"] = order["status"] = "canceled"
    put(order, rules, total_canceled=gone, **amounts)
    set_state(store, order)
    store.set_updated_at(order)
    return True


def refund(store: Store, key: int, body: Row) -> int:
    order = order_of(store, key)
    validated(body, REFUND)
    arguments = body.get("arguments") or {}
    left = to_refund(order)
    given = body.get("items")
    # An amount alone can be refunded: the items are then all named with 0.
    wanted = {} if given and not any(each["qty"] for each in given) else wanted_items(order, body, left)
    shipping = arguments.get("shipping_amount")
    return refunded(
        store,
        order,
        wanted,
        shipping=shipping_left(order) if shipping is None else Decimal(str(shipping)),
        positive=Decimal(str(arguments.get("adjustment_positive") or 0)),
        negative=Decimal(str(arguments.get("adjustment_negative") or 0)),
    )


def shipping_left(order: Row) -> Decimal:
    return number(order, "shipping_amount") - number(order, "shipping_refunded")


def refunded(
    store: Store,
    order: Row,
    wanted: Quantities,
    *,
    shipping: Decimal = ZERO,
    positive: Decimal = ZERO,
    negative: Decimal = ZERO,
) -> int:
    """Create a credit memo. `shipping` is without tax. Raises a 400."""
    rules = store.rules_of(order)
    if order["state"] in ("new", "canceled", "closed", "holded", "pending_payment") or not any(
        number(item, "qty_invoiced") for item in counted(order["items"])
    ):
        raise ApiError(400, "The order does not allow a creditmemo to be created.")
    if shipping > shipping_left(order):
        raise ApiError(400, "Maximum shipping amount allowed to refund is: %1", str(shipping_left(order)))
    document = _document(store, "creditmemo", order)
    for item in order["items"]:
        if count := wanted.get(item["item_id"]):
            document["items"].append(_document_item(item, count, number(item, "qty_refunded"), rules))
    _sum_document(document, rules)
    whole, tax = number(order, "shipping_amount"), number(order, "shipping_tax_amount")
    before = number(order, "shipping_refunded")
    due = [rounded(tax * upto / whole, rules.places) for upto in (before + shipping, before)] if whole else [ZERO, ZERO]
    _add_shipping(document, shipping, due[0] - due[1], rules)
    total = number(document, "grand_total") + positive - negative
    put(document, rules, grand_total=total, adjustment_positive=positive, adjustment_negative=negative)
    put(document, rules, adjustment=positive - negative)
    left = number(order, "total_paid") - number(order, "total_refunded")
    if total <= 0 or total > left:
        raise ApiError(400, "The most money available to refund is %1.", str(left))
    for item in order["items"]:
        if count := wanted.get(item["item_id"]):
            item["qty_refunded"] = float(number(item, "qty_refunded") + count)
            part = next(each for each in document["items"] if each["order_item_id"] == item["item_id"])
            put(item, rules, amount_refunded=number(item, "amount_refunded") + number(part, "row_total"))
            put(item, rules, tax_refunded=number(item, "tax_refunded") + number(part, "tax_amount"))
            put(item, rules, discount_refunded=number(item, "discount_refunded") + number(part, "discount_amount"))
            mirror(order, item, "qty_refunded")
    added = {
        "total_refunded": total,
        "total_offline_refunded": total,
        "subtotal_refunded": number(document, "subtotal"),
        "tax_refunded": number(document, "tax_amount"),
        "discount_refunded": number(document, "discount_amount"),
        "shipping_refunded": shipping,
        "shipping_tax_refunded": number(document, "shipping_tax_amount"),
        "adjustment_positive": positive,
        "adjustment_negative": negative,
    }
    put(order, rules, **{name: number(order, name) + amount for name, amount in added.items()})
    document |= {"state": 2}
    store.credit_memos[document["entity_id"]] = document
    set_state(store, order)
    store.set_updated_at(order)
    return int(document["entity_id"])


def _document(store: Store, kind: str, order: Row) -> Row:
    key, at = store.allocate_id(kind), store.clock.now()
    copied = ("order_currency_code", "base_currency_code", "global_currency_code", "store_currency_code")
    return {
        "entity_id": key,
        "increment_id": f"{key:09d}",
        "order_id": order["entity_id"],
        "store_id": order["store_id"],
        "created_at": at,
        "updated_at": at,
        "base_to_order_rate": order["base_to_order_rate"],
        "items": [],
        "comments": [],
        **{name: order[name] for name in copied},
    }


def _document_item(item: Row, count: Decimal, start: Decimal, rules: Rules) -> Row:
    """An item of an invoice or a credit memo."""
    names = ("sku", "name", "product_id", "price", "base_price", "price_incl_tax", "base_price_incl_tax")
    row: Row = {name: item[name] for name in names}
    row |= {"entity_id": item["item_id"], "order_item_id": item["item_id"], "qty": float(count), "base_cost": 0.0}
    put(row, rules, **{name: share(item, name, start, count, rules.places) for name in SHARED})
    return row


def _sum_document(document: Row, rules: Rules) -> None:
    sums = {name: sum((number(item, name) for item in document["items"]), ZERO) for name in SHARED}
    put(
        document,
        rules,
        subtotal=sums["row_total"],
        subtotal_incl_tax=sums["row_total_incl_tax"],
        discount_amount=-sums["discount_amount"],
        tax_amount=sums["tax_amount"],
        discount_tax_compensation_amount=sums["discount_tax_compensation_amount"],
        grand_total=sums["row_total"]
        + sums["tax_amount"]
        + sums["discount_tax_compensation_amount"]
        - sums["discount_amount"],
    )


def _add_shipping(document: Row, shipping: Decimal, tax: Decimal, rules: Rules) -> None:
    put(
        document,
        rules,
        shipping_amount=shipping,
        shipping_incl_tax=shipping + tax,
        shipping_tax_amount=tax,
        tax_amount=number(document, "tax_amount") + tax,
        grand_total=number(document, "grand_total") + shipping + tax,
    )


def invoice_by_id(store: Store, key: int) -> Row:
    if key not in store.invoices:
        raise unknown("id", key)
    return store.invoices[key]


def credit_memo_by_id(store: Store, key: int) -> Row:
    if key not in store.credit_memos:
        raise unknown("id", key)
    return store.credit_memos[key]


def refund_invoice(store: Store, key: int, body: Row) -> int:
    """Refund what an invoice was for. Assumed: payments here are offline, so `isOnline` is rejected."""
    document = invoice_by_id(store, key)
    if validated(body, INVOICE_REFUND).get("isOnline"):
        raise ApiError(400, "The invoice was paid offline.")
    return refund(store, document["order_id"], {name: each for name, each in body.items() if name != "isOnline"})
