"""Orders as shoppers place them: items of simple, configurable, virtual and downloadable products and of bundles.

Assumed: a discount of the whole order is shared over its items in proportion to their rows; gift cards and store credit
lower `grand_total`, as at Adobe Commerce.
"""

from decimal import Decimal

from sandbox.money import ZERO, shared
from sandbox.order_parts import LineParts, OrderParts
from sandbox.platforms.magento.order_totals import (
    Rules,
    children_of,
    counted,
    number,
    price_item,
    put,
    sum_children,
    top,
    total_order,
)
from sandbox.platforms.magento.responses import Row
from sandbox.platforms.magento.store import ATTRIBUTES, Store, attribute

STATES = {
    "new": ("new", "pending"),
    "paid": ("processing", "processing"),
    "shipped": ("complete", "complete"),
    "cancelled": ("canceled", "canceled"),
    "incomplete": ("pending_payment", "pending_payment"),
}
# Kinds of lines that the shop sells as products without shipment.
VIRTUAL = {"digital": "downloadable", "virtual": "virtual", "gift_certificate": "giftcard"}
GUEST: Row = {
    "city": "Leeds",
    "country_id": "GB",
    "email": "sam.guest@example.com",
    "firstname": "Sam",
    "lastname": "Guest",
    "postcode": "LS1 1AA",
    "street": ["1 High Street"],
    "telephone": "+44 1632 960000",
}


def place_parts(store: Store, parts: OrderParts) -> Row:
    """Place an order. Raises ValueError for what the shop cannot sell."""
    order = parts.in_currency(store.options.currency)
    if any(charge.kind != "shipping" for charge in order.charges) or any(line.wrapping for line in order.lines):
        raise ValueError("this shop charges shipping only")
    if len(order.addresses) > 1:
        raise ValueError("an order has one shipping address")
    rules = Rules(
        order.currency, store.options.currency, order.rate, order.prices_include_tax, order.tax_before_discount
    )
    row = new_order(store, order.customer, "paid" if order.paid else "new", store.clock.now())
    store.order_rules[row["entity_id"]] = rules
    row |= {"order_currency_code": order.currency, "store_currency_code": order.currency}
    row |= {"base_to_order_rate": float(order.rate), "store_to_order_rate": 1.0}
    for line in order.lines:
        row["items"] += items_of(store, row, line, rules)
    share_discount(row["items"], order.discount + order.coupon, rules)
    if order.coupon:
        row |= {"coupon_code": order.coupon_code or "CODE", "discount_description": order.coupon_code or "CODE"}
    if order.note:
        row["customer_note"] = order.note
    extension = row["extension_attributes"]
    if order.gift_certificate:
        put(extension, rules, gift_cards_amount=order.gift_certificate)
        amounts = {name: extension[f"{name}gift_cards_amount"] for name in ("", "base_")}
        card = {"id": 1, "code": "GIFT-1", "amount": amounts[""], "base_amount": amounts["base_"]}
        extension["gift_cards"] = [card]
    if order.store_credit:
        put(extension, rules, customer_balance_amount=order.store_credit)
    row["is_virtual"] = int(all(item["is_virtual"] for item in row["items"]))
    if row["is_virtual"] and order.charges:
        raise ValueError("an order that is not shipped has no shipping")
    shipping = sum((charge.amount for charge in order.charges), ZERO)
    total_order(row, shipping, order.charges[0].tax_rate if order.charges else ZERO, rules)
    if number(row, "grand_total") < 0:
        raise ValueError("the discounts are greater than the order")
    finish(store, row, order.addresses[0] if order.addresses else {})
    return row


def new_order(store: Store, customer_id: int, stage: str, created: str) -> Row:
    """An order without items; customer 0 is a guest."""
    customer = store.customers.get(customer_id)
    entity = max(store.orders, default=0) + 1
    state, status = STATES[stage]
    currency = store.options.currency
    if customer:
        [address] = customer["addresses"]
        postal = {name: address[name] for name in ("city", "firstname", "lastname", "postcode", "street", "telephone")}
        postal |= {"country_id": "GB", "email": customer["email"], "customer_address_id": address["id"]}
    else:
        postal = dict(GUEST)
    row: Row = {
        "entity_id": entity,
        "increment_id": f"{entity:09d}",
        "quote_id": 1_000_000 + entity,
        "state": state,
        "status": status,
        "created_at": created,
        "updated_at": created,
        "store_id": 1,
        "base_currency_code": currency,
        "global_currency_code": currency,
        "store_currency_code": currency,
        "order_currency_code": currency,
        "base_to_order_rate": 1.0,
        "customer_email": postal["email"],
        "customer_is_guest": int(customer is None),
        "is_virtual": 0,
        "remote_ip": "203.0.113.9",
        "items": [],
        "billing_address": {
            "address_type": "billing",
            "entity_id": store.allocate_id("address"),
            "parent_id": entity,
            **postal,
        },
        "payment": {"account_status": "", "additional_information": [], "cc_last4": "", "method": "checkmo"},
        "status_histories": [],
        "extension_attributes": {},
    }
    return row | ({"customer_id": customer_id} if customer else {})


def finish(store: Store, row: Row, address: Row) -> None:
    """Give an order its shipping assignment and, if it is paid, its invoice, and store it."""
    method = {} if row["is_virtual"] else {"method": "flatrate_flatrate"}
    total = {name: row[name] for name in row if name.startswith(("shipping_", "base_shipping_"))}
    shipping: Row = {"total": {name: value for name, value in total.items() if isinstance(value, float)}, **method}
    if not row["is_virtual"]:
        own = row["billing_address"] | {"address_type": "shipping", "entity_id": store.allocate_id("address")}
        shipping["address"] = own | address
    row["extension_attributes"]["shipping_assignments"] = [{"shipping": shipping, "items": row["items"]}]
    store.orders[row["entity_id"]] = row


def items_of(store: Store, order: Row, line: LineParts, rules: Rules) -> list[Row]:
    """The items of a line: one, or a parent with its children."""
    if line.kind in ("set", "fixed_set"):
        return _bundle(store, order, line, rules)
    if line.kind in VIRTUAL:
        product = store.by_sku(line.sku) or store.add_product(line.sku or "GIFT-CARD", line.vendor)
        item = new_item(store, order, product, line.quantity, product_type=VIRTUAL[line.kind])
        percent = ZERO if line.kind == "gift_certificate" else line.tax_rate
        price_item(item, line.price, percent, line.discount, rules)
        return [item]
    if line.kind == "custom":
        raise ValueError("the shop sells products of its catalog only")
    product = store.by_sku(line.sku) or {}
    if not product:
        raise ValueError(f"the shop has no SKU {line.sku}")
    parent = store.parent_of(product) or product
    item = new_item(store, order, parent, line.quantity, sku=product["sku"], sold=product)
    if line.vendor:
        item["extension_attributes"] = {"vendor": line.vendor}
    price_item(item, line.price, line.tax_rate, line.discount, rules)
    if parent is product:
        return [item]
    child = new_item(store, order, product, line.quantity, parent=item)
    price_item(child, ZERO, ZERO, ZERO, rules)
    return [item, child]


def _bundle(store: Store, order: Row, line: LineParts, rules: Rules) -> list[Row]:
    """A bundle: with dynamic price (`set`) its parts have the amounts, with fixed price (`fixed_set`) it has them.

    The SKU of a bundle with dynamic SKU ends in those of its parts.
    """
    dynamic = line.kind == "set"
    product = store.by_sku(line.sku) or store.add_bundle(
        line.sku, [part.sku for part in line.parts], dynamic=dynamic, together=line.shipped_together
    )
    sku = "-".join((line.sku, *(part.sku for part in line.parts))) if dynamic else line.sku
    item = new_item(store, order, product, line.quantity, sku=sku)
    children = []
    for part in line.parts:
        found = store.by_sku(part.sku)
        if found is None:
            raise ValueError(f"the shop has no SKU {part.sku}")
        child = new_item(store, order, found, part.quantity * line.quantity, parent=item)
        price_item(child, part.price if dynamic else ZERO, line.tax_rate if dynamic else ZERO, ZERO, rules)
        children.append(child)
    if not dynamic:
        price_item(item, line.price, line.tax_rate, line.discount, rules)
        return [item, *children]
    weights = [number(child, "price") * number(child, "qty_ordered") for child in children]
    for child, part, discount in zip(children, line.parts, shared(line.discount, weights, rules.places), strict=True):
        price_item(child, part.price, line.tax_rate, discount, rules)
    sum_children(item, children, rules)
    return [item, *children]


def share_discount(items: list[Row], discount: Decimal, rules: Rules) -> None:
    """Take a discount off all items that bear amounts, in proportion to what is left of them."""
    if not discount:
        return
    bearing = counted(items)
    prefix = "row_total_incl_tax" if rules.prices_include_tax else "row_total"
    left = [number(item, prefix) - number(item, "discount_amount") for item in bearing]
    for item, part in zip(bearing, shared(discount, left, rules.places), strict=True):
        reprice(item, rules, discount=number(item, "discount_amount") + part)
    for parent in top(items):
        children = children_of(items, parent)
        if parent["product_type"] == "bundle" and all(child in bearing for child in children):
            sum_children(parent, children, rules)


def reprice(item: Row, rules: Rules, *, discount: Decimal) -> None:
    """Work out an item again with another discount."""
    price_item(item, number(item, "original_price"), number(item, "tax_percent"), discount, rules)


def new_item(
    store: Store,
    order: Row,
    product: Row,
    quantity: int,
    *,
    sku: str = "",
    parent: Row | None = None,
    product_type: str = "",
    sold: Row | None = None,
) -> Row:
    """An item without amounts; `sold` is the chosen child of a configurable product.

    Quantities that belong to its state are set by whoever invoices, ships or cancels.
    """
    vendor = attribute(sold or product, "dropship_vendor") or attribute(product, "dropship_vendor")
    labels = {each["value"]: each["label"] for each in store.attributes[ATTRIBUTES["dropship_vendor"][0]]["options"]}
    kind = product_type or product["type_id"]
    item: Row = {
        "item_id": store.allocate_id("item"),
        "order_id": order["entity_id"],
        "store_id": order["store_id"],
        "product_id": product["id"],
        "product_type": kind,
        "is_virtual": int(kind in VIRTUAL.values()),
        "sku": sku or product["sku"],
        "name": product["name"],
        "qty_ordered": quantity,
        "qty_shipped": 0,
        "qty_canceled": 0,
        "qty_refunded": 0,
        "qty_invoiced": 0,
        "amount_refunded": 0,
        "created_at": order["created_at"],
        "updated_at": order["created_at"],
    }
    if vendor:
        item["extension_attributes"] = {"vendor": labels[vendor]}
    if parent is not None:
        item |= {"parent_item_id": parent["item_id"], "parent_item": parent}
    return item
