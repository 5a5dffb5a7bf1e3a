"""Orders of generated shoppers: prices without tax, 20% tax, and shipping of 5."""

from decimal import Decimal

from sandbox import customers_and_orders
from sandbox.order_parts import ChargeParts, LineParts, OrderParts
from sandbox.platforms.woocommerce import orders
from sandbox.platforms.woocommerce.clock import stamp
from sandbox.platforms.woocommerce.site import Site

TAX = Decimal(20)
SHIPPING = ChargeParts("shipping", Decimal(5), TAX)
_STATUSES = {
    "new": "on-hold",
    "paid": "processing",
    "shipped": "completed",
    "cancelled": "cancelled",
    "incomplete": "checkout-draft",
}


def fill(site: Site) -> None:
    """Place the generated orders of a site."""
    sold, customers = list(site.sellable()), list(site.customers.values())
    if not (sold and customers):
        return
    currency = site.settings["general/woocommerce_currency"]
    sizes = (len(customers), len(sold))
    for each in customers_and_orders.orders(str(site.options.seed), site.options.orders, *sizes):
        chosen = [sold[place] for place, _ in each.lines]
        lines = tuple(
            LineParts(row["sku"], quantity, Decimal(row["regular_price"] or 1), TAX)
            for (row, _), (_, quantity) in zip(chosen, each.lines, strict=True)
        )
        parts = OrderParts(lines, (SHIPPING,), currency, note=each.message, customer=customers[each.customer]["id"])
        order = orders.place(site, parts, chosen)
        person = customers[each.customer]
        order["billing"], order["shipping"] = {**person["billing"]}, {**person["shipping"]}
        if each.in_outlet:
            order["created_via"] = "rest-api"
        order["status"] = _STATUSES[each.stage]
        order["created"], order["modified"] = stamp(each.created), stamp(each.modified)
        if each.stage in ("paid", "shipped"):
            order["paid"] = stamp(each.created)
        if each.stage == "shipped":
            order["completed"] = stamp(each.modified)
        # The generated stock is what is left.
        order["stock_taken"] = each.stage in ("new", "paid", "shipped")
