"""Orders as shoppers place them and people in the control panel handle them (`sandbox.sales`)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.order_parts import OrderParts, line_parts
from sandbox.platforms.bigcommerce import refunds
from sandbox.platforms.bigcommerce.order_lines import (
    MANUAL_DISCOUNT,
    add_lines,
    address_id,
    is_shipped,
    left_to_ship,
    line_id,
    line_of_parts,
    shipped,
)
from sandbox.platforms.bigcommerce.order_requests import archive, merged, write_order
from sandbox.platforms.bigcommerce.order_shipments import ship
from sandbox.platforms.bigcommerce.order_totals import OrderTotals, charges, shared_discount
from sandbox.platforms.bigcommerce.orders import STATUSES, placed
from sandbox.platforms.bigcommerce.responses import ApiError
from sandbox.platforms.bigcommerce.store import Store
from sandbox.sales import Action, RefusedSale, Sales, UnknownSale, sale_line
from sandbox.tables import Row

AWAITING_PAYMENT, AWAITING_FULFILLMENT, CANCELLED = 7, 11, 5
GUEST: Row = {
    "first_name": "Sam",
    "last_name": "Guest",
    "street_1": "1 High Street",
    "city": "Leeds",
    "zip": "LS1 1AA",
    "country": "United Kingdom",
    "country_iso2": "GB",
    "phone": "+44 1632 960000",
    "email": "sam.guest@example.com",
}


class BigCommerceSales(Sales):
    """The orders of all stores."""

    def __init__(self, stores: dict[str, Store]) -> None:
        self.stores = stores

    def place(self, account: str, parts: OrderParts) -> str:
        store = self._store(account)
        order = parts.in_currency(store.currency)
        customer = store.customers.get(order.customer)
        if order.customer and customer is None:
            raise UnknownSale(f"there is no customer {order.customer}")
        billing = GUEST | ({"email": customer["email"], "last_name": customer["last_name"]} if customer else {})
        row: Row = {
            "customer_id": order.customer,
            "status_id": AWAITING_FULFILLMENT if order.paid else AWAITING_PAYMENT,
            "billing_address": billing,
            "addresses": tuple(GUEST | address for address in order.addresses),
            "currency": order.currency,
            "rate": str(order.rate),
            "prices_include_tax": order.prices_include_tax,
            "tax_before_discount": order.tax_before_discount,
            "store_credit": str(order.store_credit),
            "gift_certificate": str(order.gift_certificate),
            "customer_message": order.note,
            "charges": tuple(_charges(order)),
        }
        add_lines(row, [line_of_parts(store, line) for line in order.lines])
        _check(row)
        if order.coupon:
            coupon: Row = {"id": "coupon", "name": "Coupon", "code": order.coupon_code or "CODE", "target": "order"}
            shared_discount(row, order.coupon, coupon)
        if order.discount:
            shared_discount(row, order.discount, MANUAL_DISCOUNT)
        if OrderTotals.of(row).total.ex_tax < 0:
            raise RefusedSale("the discounts are greater than the order")
        return str(placed(store, row)["id"])

    def view(self, account: str, order: str) -> dict[str, Any]:
        store, row = self._order(account, order)
        totals, sent = OrderTotals.of(row).total, shipped(store, row)
        gone = row["status_id"] == CANCELLED or row.get("is_deleted", False)
        lines = []
        for line in row["lines"]:
            refunded = Decimal(line.get("refunded", 0))
            count = Decimal(sent.get(line_id(row, line), 0))
            cancelled = max(Decimal(0), line["quantity"] - refunded - count) if gone else Decimal(0)
            lines.append(
                sale_line(
                    line_id(row, line),
                    line["sku"],
                    Decimal(line["quantity"]),
                    cancelled=cancelled,
                    refunded=refunded,
                    shipped=count,
                    shippable=is_shipped(line),
                )
            )
        return {
            "id": str(row["id"]),
            "number": str(row["id"]),
            "currency": row.get("currency") or store.currency,
            "total": str(totals.inc_tax),
            "tax": str(totals.tax),
            "refunded": str(refunds.refunded_total(row)),
            "status": STATUSES[row["status_id"]],
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
        """`change`: `quantities` and `prices` by line, `add` (lines), `note`, `billing_address`."""
        store, row = self._order(account, action.order)
        change = action.change
        lines, sent = {str(line_id(row, line)): dict(line) for line in row["lines"]}, shipped(store, row)
        for name, field, read in (("quantities", "quantity", int), ("prices", "price", str)):
            for number, value in change.get(name, {}).items():
                if number not in lines:
                    raise UnknownSale(f"the order has no line {number}")
                lines[number][field] = read(value)
                if sent.get(int(number), 0) + lines[number].get("refunded", 0) > lines[number]["quantity"]:
                    raise RefusedSale("more than that was shipped or refunded already")
                # As documented for the same change through the API.
                lines[number].pop("discounts", None)
        changed = {**row, "lines": tuple(line for line in lines.values() if line["quantity"])}
        add_lines(changed, [line_of_parts(store, line_parts(each)) for each in change.get("add", [])])
        if not changed["lines"]:
            raise RefusedSale("an order has at least one line")
        _check(changed)
        fields: Row = {"lines": changed["lines"], "last_line": changed["last_line"]}
        if "note" in change:
            fields["customer_message"] = change["note"]
        if "billing_address" in change:
            fields["billing_address"] = merged(row["billing_address"], change["billing_address"])
        write_order(store, row, fields)

    def cancel(self, account: str, action: Action) -> None:
        """Cancel the order. Part of an order cannot be cancelled, only taken out of it (`change`)."""
        store, row = self._order(account, action.order)
        if action.lines is not None:
            raise RefusedSale("BigCommerce cancels whole orders only")
        write_order(store, row, {"status_id": CANCELLED})

    def refund(self, account: str, action: Action) -> None:
        store, row = self._order(account, action.order)
        items: list[Row] = [
            {"item_type": "PRODUCT", "item_id": int(number), "quantity": int(quantity)}
            for number, quantity in self._left(store, row, action, refundable=True).items()
        ]
        if action.shipping:
            item = {"item_type": "SHIPPING", "item_id": address_id(row, 0), "amount": float(action.shipping)}
            items.append(item)
        if action.adjustment:
            items.append({"item_type": "ORDER", "item_id": row["id"], "amount": float(action.adjustment)})
        found = _done(lambda: refunds.calculated(row, items))
        payment = {"provider_id": "custom", "amount": float(found.amount.inc_tax), "offline": True}
        refunds.apply(store, row, found, [payment], "")

    def ship(self, account: str, action: Action) -> None:
        """One shipment for each address."""
        store, row = self._order(account, action.order)
        wanted = self._left(store, row, action, refundable=False)
        by_address: dict[int, list[Row]] = {}
        for line in row["lines"]:
            if quantity := wanted.get(str(line_id(row, line))):
                place = address_id(row, line.get("address", 0))
                item = {"order_product_id": line_id(row, line), "quantity": int(quantity)}
                by_address.setdefault(place, []).append(item)
        if not by_address:
            raise RefusedSale("nothing is left to ship")
        tracking = {"tracking_number": action.tracking[0]} if action.tracking else {}
        for place, items in by_address.items():
            fields = {"order_address_id": place, "items": items, **tracking}
            _done(lambda fields=fields: ship(store, row, fields))  # type: ignore[misc]

    def archive(self, account: str, action: Action) -> None:
        archive(*self._order(account, action.order))

    def _left(self, store: Store, row: Row, action: Action, *, refundable: bool) -> dict[str, Decimal]:
        """The quantities that are meant, by line."""
        lines = {str(line_id(row, line)): line for line in row["lines"]}
        if action.lines is not None:
            if unknown := [number for number in action.lines if number not in lines]:
                raise UnknownSale(f"the order has no line {unknown[0]}")
            return action.lines
        sent = shipped(store, row)
        left = {
            number: line["quantity"] - line.get("refunded", 0)
            if refundable
            else left_to_ship(line, sent.get(line_id(row, line), 0))
            for number, line in lines.items()
        }
        return {number: Decimal(count) for number, count in left.items() if count}

    def _store(self, account: str) -> Store:
        if account not in self.stores:
            raise UnknownSale(f"accounts: {', '.join(self.stores)}")
        return self.stores[account]

    def _order(self, account: str, order: str) -> tuple[Store, Row]:
        store = self._store(account)
        row = store.orders.get(int(order)) if order.isdecimal() else None
        if row is None:
            raise UnknownSale(f"there is no order {order}")
        return store, row


def _charges(order: OrderParts) -> list[Row]:
    found: list[Row] = []
    for number, charge in enumerate(order.charges, 1):
        row: Row = {"kind": charge.kind, "id": number, "name": charge.name or charge.kind.capitalize()}
        row |= {"amount": str(charge.amount), "tax_rate": str(charge.tax_rate), "address": charge.address}
        found.append(row)
    return found


def _check(row: Row) -> None:
    addresses = len(row["addresses"]) or 1
    if any(each.get("address", 0) >= addresses for each in (*row["lines"], *row["charges"])):
        raise RefusedSale("the order has fewer addresses")
    delivered = charges(row, "shipping") + charges(row, "handling")
    if delivered and not any(is_shipped(line) for line in row["lines"]):
        raise RefusedSale("an order that is not shipped has no shipping or handling")


def _done(act: Callable[[], Any]) -> Any:
    """Do something that the API could have been asked for; its error becomes a rejection."""
    try:
        return act()
    except ApiError as error:
        raise RefusedSale(f"{error.title} {error.errors or ''}".strip()) from error
