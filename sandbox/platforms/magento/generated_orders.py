"""Orders of generated shoppers: prices with 20% tax, and shipping of 5."""

from decimal import Decimal

from sandbox import customers_and_orders
from sandbox.money import ZERO
from sandbox.order_parts import LineParts
from sandbox.platforms.magento.invoices import invoiced, to_invoice
from sandbox.platforms.magento.order_totals import number, total_order
from sandbox.platforms.magento.placing import finish, items_of, new_order
from sandbox.platforms.magento.responses import Row
from sandbox.platforms.magento.shipments import left_to_ship, shipped_items
from sandbox.platforms.magento.store import Store, stamp

TAX = Decimal(20)
SHIPPING = Decimal(5)


def fill(store: Store) -> None:
    """Place the generated orders of a shop."""
    if not (store.customers and store.sellable):
        return
    seed, sizes = str(store.options.seed), (len(store.customers), len(store.sellable))
    for order in customers_and_orders.orders(seed, store.options.orders, *sizes):
        place(store, order)


def place(store: Store, order: customers_and_orders.Order) -> Row:
    """Place an order of the customer at that index for the products at those indexes."""
    row = new_order(store, order.customer + 1, order.stage, stamp(order.created))
    row["store_id"] = 2 if order.in_outlet else 1
    rules = store.rules_of(row)
    for place_, quantity in order.lines:
        product = store.sellable[place_][1]
        line = LineParts(product["sku"], quantity, Decimal(str(product.get("price") or 1)), TAX)
        row["items"] += items_of(store, row, line, rules)
    if order.message:
        row["customer_note"] = order.message
    # Shipping is not taxed in this shop.
    total_order(row, SHIPPING, ZERO, rules)
    finish(store, row, {})
    if order.stage in ("paid", "shipped"):
        invoiced(store, row, to_invoice(row))
    if order.stage == "cancelled":
        for item in row["items"]:
            item["qty_canceled"] = item["qty_ordered"]
    if order.stage == "shipped":
        items = shipped_items(store, row["items"])
        shipped = {item["item_id"]: float(left_to_ship(item)) for item in items if number(item, "qty_ordered")}
        track = f"TRACK-{row['entity_id']}"
        store.add_shipment(row, shipped, [("DHL", "dhl", track)], "", stamp(order.modified))
        row["state"] = row["status"] = "complete"
    row["updated_at"] = stamp(order.modified)
    return row
