"""Orders as the site's administration handles them (`sandbox.sales`)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.money import ZERO, amount_of
from sandbox.order_parts import LineParts, OrderParts, line_parts
from sandbox.platforms.woocommerce import orders
from sandbox.platforms.woocommerce.clock import now
from sandbox.platforms.woocommerce.order_totals import net_of, priced_line, set_line, total_order
from sandbox.platforms.woocommerce.refunds import refund, refunded_amount, refunded_quantity
from sandbox.platforms.woocommerce.responses import ApiError, Row
from sandbox.platforms.woocommerce.site import Site
from sandbox.sales import Action, RefusedSale, Sales, UnknownSale, plain, sale_line

_KINDS = ("product", "variant", "virtual", "digital", "custom")
_COUNTRY = "GB"


class WooSales(Sales):
    def __init__(self, sites: dict[str, Site]) -> None:
        self._sites = sites

    def place(self, account: str, parts: OrderParts) -> str:
        site = self._site(account)
        parts = parts.in_currency(site.settings["general/woocommerce_currency"])
        if parts.store_credit or parts.gift_certificate:
            raise RefusedSale("WooCommerce itself has neither store credit nor gift cards")
        if parts.rate != 1 and parts.currency != site.settings["general/woocommerce_currency"]:
            raise RefusedSale("an order of WooCommerce has no exchange rate")
        if len(parts.addresses) > 1 or any(line.address for line in parts.lines):
            raise RefusedSale("an order of WooCommerce has one delivery address")
        if any(line.kind not in _KINDS or line.wrapping for line in parts.lines):
            raise RefusedSale(f"kinds of lines: {', '.join(_KINDS)}, without wrapping")
        order = orders.place(site, parts, [self._sold(site, line) for line in parts.lines])
        order["billing"] |= _address(parts, "billing")
        order["shipping"] |= _address(parts, "shipping")
        orders.set_status(site, order, "processing" if parts.paid else "on-hold")
        return str(order["id"])

    def view(self, account: str, order: str) -> dict[str, Any]:
        site = self._site(account)
        row = self._order(site, order)
        shipped = row["status"] == "completed"
        closed = row["status"] in ("cancelled", "trash", "refunded")
        lines = []
        for item in row["line_items"]:
            ordered = Decimal(item["quantity"])
            refunded = Decimal(refunded_quantity(site, row, item["id"]))
            left = ordered - refunded
            lines.append(
                sale_line(
                    item["id"],
                    item["sku"],
                    ordered,
                    cancelled=left if closed else ZERO,
                    refunded=refunded,
                    shipped=left if shipped else ZERO,
                    shippable=_is_shipped(site, item),
                )
            )
        return {
            "id": order,
            "number": row["number"],
            "currency": row["currency"],
            "total": plain(Decimal(row["total"])),
            "tax": plain(Decimal(row["total_tax"])),
            "refunded": plain(refunded_amount(site, row)),
            "status": row["status"],
            "lines": lines,
        }

    def actions(self) -> dict[str, Callable[[str, Action], None]]:
        return {
            "change": self._change,
            "cancel": self._cancel,
            "refund": self._refund,
            "ship": self._ship,
            "archive": self._archive,
        }

    def _change(self, account: str, action: Action) -> None:
        site = self._site(account)
        row = self._order(site, action.order)
        change = action.change
        items = {str(each["id"]): each for each in row["line_items"]}
        for name in (*change.get("quantities", {}), *change.get("prices", {})):
            if name not in items:
                raise UnknownSale(f"no such line: {name}")
        for name, item in items.items():
            quantity = int(change.get("quantities", {}).get(name, item["quantity"]))
            price = change.get("prices", {}).get(name)
            rate = Decimal(item["rate"])
            if price is None:
                before = Decimal(item["subtotal"]) * quantity / item["quantity"]
                after = Decimal(item["total"]) * quantity / item["quantity"]
            else:
                amount = amount_of(price, "price") * quantity
                before = after = net_of(amount, rate, includes_tax=row["prices_include_tax"])
            item["quantity"] = quantity
            set_line(item, before, after, rate, row["currency"])
        row["line_items"] = [each for each in row["line_items"] if each["quantity"]]
        for body in change.get("add", ()):
            line = line_parts(body)
            item = orders.new_item(site, line, *self._sold(site, line))
            amount = line.price * line.quantity - line.discount
            includes_tax = row["prices_include_tax"]
            priced_line(item, line, amount, includes_tax=includes_tax, currency=row["currency"])
            row["line_items"].append(item)
        row["customer_note"] = change.get("note", row["customer_note"])
        row["billing"] |= change.get("billing_address", {})
        total_order(row)
        for coupon in row["coupon_lines"]:
            coupon |= {"discount": row["discount_total"], "discount_tax": row["discount_tax"]}
        row["modified"] = now()

    def _cancel(self, account: str, action: Action) -> None:
        if action.lines is not None:
            raise RefusedSale("WooCommerce cancels orders as a whole; parts are refunded")
        site = self._site(account)
        orders.set_status(site, self._order(site, action.order), "cancelled")

    def _refund(self, account: str, action: Action) -> None:
        site = self._site(account)
        row = self._order(site, action.order)
        lines = action.lines
        if lines is None:
            lines = {str(each["id"]): Decimal(each["quantity"]) for each in row["line_items"]}
            lines = {
                key: left for key, value in lines.items() if (left := value - refunded_quantity(site, row, int(key)))
            }
        if unknown := {*lines} - {str(each["id"]) for each in row["line_items"]}:
            raise UnknownSale(f"no such line: {unknown.pop()}")
        quantities = {int(key): int(value) for key, value in lines.items()}
        try:
            refund(site, row, quantities, shipping=action.shipping, amount=action.adjustment)
        except ApiError as error:
            raise RefusedSale(str(error)) from error

    def _ship(self, account: str, action: Action) -> None:
        if action.lines is not None:
            raise RefusedSale("WooCommerce has no shipments: an order is completed as a whole")
        site = self._site(account)
        orders.set_status(site, self._order(site, action.order), "completed")

    def _archive(self, account: str, action: Action) -> None:
        site = self._site(account)
        orders.set_status(site, self._order(site, action.order), "trash")

    def _site(self, account: str) -> Site:
        if account not in self._sites:
            raise UnknownSale(f"accounts: {', '.join(self._sites)}")
        return self._sites[account]

    @staticmethod
    def _order(site: Site, order: str) -> Row:
        if not order.isdecimal() or int(order) not in site.orders:
            raise UnknownSale(f"no such order: {order}")
        return site.orders[int(order)]

    @staticmethod
    def _sold(site: Site, line: LineParts) -> tuple[Row | None, Row | None]:
        """The row of a line's SKU, and its product if it is a variation."""
        if line.kind == "custom":
            return None, None
        row = site.by_sku(line.sku)
        if row is None:
            raise UnknownSale(f"no such product: {line.sku}")
        if line.kind in ("virtual", "digital"):
            row["virtual"] = True
        return row, site.products[row["parent_id"]] if row["id"] in site.variations else None


def _address(parts: OrderParts, use: str) -> Row:
    given = dict(parts.addresses[0]) if parts.addresses else {}
    names = {"street": "address_1", "street2": "address_2", "region": "state"}
    address = {names.get(name, name): value for name, value in given.items()}
    usual = {"first_name": "Ann", "last_name": "Buyer", "address_1": "1 Road", "city": "Leeds", "postcode": "LS1"}
    found = usual | {"country": _COUNTRY} | address
    if use == "billing":
        return found | {"email": address.get("email", "ann@example.com")}
    return {name: value for name, value in found.items() if name != "email"}


def _is_shipped(site: Site, item: Row) -> bool:
    row = site.variations.get(item["variation_id"]) or site.products.get(item["product_id"])
    return row is None or not row["virtual"]
