"""What an order costs, by the vendor's rules.

_orders.md: amounts of lines, shipping and fees are without tax, with the tax beside them; `subtotal` is before and
`total` after discounts. abstract-wc-order.php and class-wc-order-item-product.php (seen in code): net amounts are kept
with six places; the tax of each line is rounded to the places of the currency; a total is the rounded sum of what the
lines cost after discounts, shipping, fees and all tax. Refunds do not change it.
"""

from decimal import Decimal

from sandbox.money import ZERO, places_of, rounded, shared
from sandbox.order_parts import LineParts, OrderParts
from sandbox.platforms.woocommerce.responses import Row

PLACES = 6
RATE_ID = 1


def exact(amount: Decimal) -> str:
    """As it is stored."""
    return str(rounded(amount, PLACES))


def net_of(amount: Decimal, rate: Decimal, *, includes_tax: bool) -> Decimal:
    return rounded(amount / (1 + rate / 100), PLACES) if includes_tax else amount


def set_line(item: Row, before: Decimal, after: Decimal, rate: Decimal, currency: str) -> None:
    """`before` and `after` discounts, both without tax."""
    places = places_of(currency)
    item["subtotal"], item["total"] = exact(before), exact(after)
    item["subtotal_tax"], item["total_tax"] = (exact(rounded(each * rate / 100, places)) for each in (before, after))
    item["rate"] = str(rate)
    taxes = {"id": RATE_ID, "total": item["total_tax"], "subtotal": item["subtotal_tax"]}
    item["taxes"] = [taxes] if rate else []


def taxed(net: Decimal, rate: Decimal, currency: str) -> Row:
    """The amounts of shipping or a fee."""
    tax = rounded(net * rate / 100, places_of(currency))
    taxes = [{"id": RATE_ID, "total": exact(tax), "subtotal": ""}] if rate else []
    return {"total": exact(net), "total_tax": exact(tax), "taxes": taxes, "rate": str(rate)}


def discounted(parts: OrderParts) -> tuple[list[Decimal], list[Decimal]]:
    """The net price of each line after its own discount, and after its share of the coupon, in that order."""
    own = [line.price * line.quantity - line.discount for line in parts.lines]
    shares = shared(parts.coupon, own, parts.places)
    return own, [amount - share for amount, share in zip(own, shares, strict=True)]


def manual_discount(parts: OrderParts) -> Row | None:
    """A discount by hand is a negative fee, taxed like the lines that it is shared over."""
    if not parts.discount:
        return None
    weights = [line.price * line.quantity for line in parts.lines]
    shares = shared(parts.discount, weights, parts.places)
    nets = [
        net_of(share, line.tax_rate, includes_tax=parts.prices_include_tax)
        for share, line in zip(shares, parts.lines, strict=True)
    ]
    tax = sum((net * line.tax_rate / 100 for net, line in zip(nets, parts.lines, strict=True)), ZERO)
    return {
        "total": exact(-sum(nets, ZERO)),
        "total_tax": exact(-rounded(tax, parts.places)),
        "taxes": [],
        "rate": "0",
    }


def total_order(order: Row) -> None:
    """Work out all sums of an order from its lines."""
    places = places_of(order["currency"])
    lines, shipping, fees = order["line_items"], order["shipping_lines"], order["fee_lines"]
    order["discount_total"] = exact(total_of(lines, "subtotal") - total_of(lines, "total"))
    order["discount_tax"] = exact(total_of(lines, "subtotal_tax") - total_of(lines, "total_tax"))
    order["shipping_total"], order["shipping_tax"] = exact(total_of(shipping)), exact(total_of(shipping, "total_tax"))
    order["cart_tax"] = exact(total_of([*lines, *fees], "total_tax"))
    tax = Decimal(order["cart_tax"]) + Decimal(order["shipping_tax"])
    order["total_tax"] = exact(tax)
    order["total"] = exact(rounded(total_of([*lines, *shipping, *fees]) + tax, places))
    order["tax_lines"] = (
        [
            {
                "id": order["id"],
                "rate_code": "VAT-1",
                "rate_id": RATE_ID,
                "label": "VAT",
                "compound": False,
                "tax_total": order["cart_tax"],
                "shipping_tax_total": order["shipping_tax"],
                "meta_data": [],
            }
        ]
        if tax
        else []
    )


def total_of(rows: list[Row], name: str = "total") -> Decimal:
    return sum((Decimal(row[name]) for row in rows), ZERO)


def priced_line(item: Row, line: LineParts, after: Decimal, *, includes_tax: bool, currency: str) -> None:
    """Set the amounts of a line that costs `after` in the end, with or without tax as the shop's prices."""
    before = net_of(line.price * line.quantity, line.tax_rate, includes_tax=includes_tax)
    set_line(item, before, net_of(after, line.tax_rate, includes_tax=includes_tax), line.tax_rate, currency)
