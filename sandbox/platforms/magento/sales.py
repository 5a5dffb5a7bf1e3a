"""Orders as shoppers place them and people in the admin panel handle them (`sandbox.sales`)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.money import ZERO
from sandbox.order_parts import OrderParts, line_parts
from sandbox.platforms.magento.invoices import (
    cancel,
    invoiced,
    refunded,
    shipping_left,
    to_invoice,
    to_refund,
)
from sandbox.platforms.magento.order_totals import children_of, counted, number, price_item, total_order
from sandbox.platforms.magento.placing import items_of, place_parts
from sandbox.platforms.magento.responses import ApiError, Row
from sandbox.platforms.magento.shipments import left_to_ship, ship, shipped_items
from sandbox.platforms.magento.store import Store
from sandbox.sales import Action, RefusedSale, Sales, UnknownSale, sale_line


class MagentoSales(Sales):
    """The orders of all shops. Lines are the items that are sold: parts of bundles rather than the bundles."""

    def __init__(self, stores: dict[str, Store]) -> None:
        self.stores = stores

    def place(self, account: str, parts: OrderParts) -> str:
        store = self._store(account)
        if parts.customer and parts.customer not in store.customers:
            raise UnknownSale(f"there is no customer {parts.customer}")
        row = place_parts(store, parts)
        if parts.paid:
            invoiced(store, row, to_invoice(row))
        return str(row["entity_id"])

    def view(self, account: str, order: str) -> dict[str, Any]:
        """`total` is before gift cards and store credit, which are means of payment."""
        row = self._order(account, order)
        extension = row["extension_attributes"]
        by_credit = number(extension, "gift_cards_amount") + number(extension, "customer_balance_amount")
        lines = []
        for item in _sold(row["items"]):
            quantities = {name: number(item, f"qty_{name}") for name in ("refunded", "shipped")}
            lines.append(
                sale_line(
                    item["item_id"],
                    item["sku"],
                    number(item, "qty_ordered"),
                    cancelled=number(item, "qty_canceled"),
                    shippable=not item["is_virtual"],
                    **quantities,
                )
            )
        return {
            "id": str(row["entity_id"]),
            "number": row["increment_id"],
            "currency": row["order_currency_code"],
            "total": str(number(row, "grand_total") + by_credit),
            "tax": str(number(row, "tax_amount")),
            "refunded": str(number(row, "total_refunded")),
            "status": row["status"],
            "lines": lines,
        }

    def actions(self) -> dict[str, Callable[[str, Action], None]]:
        return {
            "change": self.change,
            "cancel": self.cancel,
            "refund": self.refund,
            "ship": self.ship,
            "archive": self.archive,
        }

    def change(self, account: str, action: Action) -> None:
        """`change`: `quantities` and `prices` by line, `add` (lines), `note`, `billing_address`.

        The shop itself replaces an order that is edited by a new one; extensions edit it in place, as here.
        """
        store, row = self._store(account), self._order(account, action.order)
        change, rules = action.change, store.rules_of(row)
        for item in row["items"]:
            key = str(item["item_id"])
            quantity = change.get("quantities", {}).get(key)
            price = change.get("prices", {}).get(key)
            if quantity is None and price is None:
                continue
            if number(item, "qty_invoiced") or item.get("parent_item_id"):
                raise RefusedSale("what is invoiced cannot be changed")
            for each in (item, *children_of(row["items"], item)):
                each["qty_ordered"] = int(number(each, "qty_ordered") if quantity is None else Decimal(quantity))
            entered = number(item, "original_price") if price is None else Decimal(str(price))
            # As when a cart is changed, rules for the whole order are not applied again.
            price_item(item, entered, number(item, "tax_percent"), ZERO, rules)
        removed = {item["item_id"] for item in row["items"] if not item["qty_ordered"]}
        row["items"][:] = [item for item in row["items"] if item["item_id"] not in removed]
        for each in change.get("add", []):
            row["items"] += items_of(store, row, line_parts(each), rules)
        if "note" in change:
            row["customer_note"] = change["note"]
        row["billing_address"] |= change.get("billing_address", {})
        gross = rules.prices_include_tax
        shipping, tax = (
            number(row, "shipping_incl_tax" if gross else "shipping_amount"),
            number(row, "shipping_tax_amount"),
        )
        net = number(row, "shipping_amount")
        total_order(row, shipping, tax * 100 / net if net else ZERO, rules)
        store.set_updated_at(row)

    def cancel(self, account: str, action: Action) -> None:
        """Cancel what is not invoiced. With `lines`, everything else is invoiced first: the shop's only way."""
        store, row = self._store(account), self._order(account, action.order)
        if action.lines is not None:
            left, wanted = to_invoice(row), self._named(row, action.lines)
            if any(wanted.get(key, ZERO) > quantity for key, quantity in left.items()):
                raise RefusedSale("what is invoiced cannot be cancelled")
            kept = {key: quantity - wanted.get(key, ZERO) for key, quantity in left.items()}
            invoiced(store, row, {key: quantity for key, quantity in kept.items() if quantity})
        _done(lambda: cancel(store, row["entity_id"]))

    def refund(self, account: str, action: Action) -> None:
        store, row = self._store(account), self._order(account, action.order)
        left = to_refund(row)
        wanted = left if action.lines is None else self._named(row, action.lines)
        if any(quantity > left.get(key, ZERO) for key, quantity in wanted.items()):
            raise RefusedSale("more than is left to refund")
        shipping = shipping_left(row) if action.lines is None else action.shipping
        _done(lambda: refunded(store, row, wanted, shipping=shipping, positive=action.adjustment))

    def ship(self, account: str, action: Action) -> None:
        store, row = self._store(account), self._order(account, action.order)
        body: Row = {
            "tracks": [{"track_number": each, "title": "DHL", "carrier_code": "dhl"} for each in action.tracking]
        }
        if action.lines is not None:
            named = {str(item["item_id"]): item for item in shipped_items(store, row["items"])}
            if unknown := [key for key in action.lines if key not in named]:
                raise UnknownSale(f"shipments of this order do not name line {unknown[0]}")
            body["items"] = [{"order_item_id": int(key), "qty": float(count)} for key, count in action.lines.items()]
        elif not any(left_to_ship(item) for item in shipped_items(store, row["items"])):
            raise RefusedSale("nothing is left to ship")
        _done(lambda: ship(store, row["entity_id"], body))

    def archive(self, account: str, action: Action) -> None:
        """The row goes: the shop has no archive."""
        row = self._order(account, action.order)
        del self._store(account).orders[row["entity_id"]]

    @staticmethod
    def _named(row: Row, lines: dict[str, Decimal]) -> dict[int, Decimal]:
        bearing = {str(item["item_id"]): item for item in counted(row["items"])}
        if unknown := [key for key in lines if key not in bearing]:
            raise UnknownSale(f"line {unknown[0]} bears no amounts")
        return {int(key): quantity for key, quantity in lines.items()}

    def _store(self, account: str) -> Store:
        if account not in self.stores:
            raise UnknownSale(f"accounts: {', '.join(self.stores)}")
        return self.stores[account]

    def _order(self, account: str, order: str) -> Row:
        row = self._store(account).orders.get(int(order)) if order.isdecimal() else None
        if row is None:
            raise UnknownSale(f"there is no order {order}")
        return row


def _sold(items: list[Row]) -> list[Row]:
    """Parts of bundles, else items without a parent."""
    bundles = {item["item_id"] for item in items if item["product_type"] == "bundle"}
    return [
        item
        for item in items
        if (item["parent_item_id"] in bundles if item.get("parent_item_id") else item["item_id"] not in bundles)
    ]


def _done(act: Callable[[], Any]) -> None:
    try:
        act()
    except ApiError as error:
        raise RefusedSale(error.formatted_message) from error
