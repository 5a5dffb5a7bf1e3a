"""Orders as shoppers place them and people in the OMS handle them (`sandbox.sales`)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.money import ZERO, rounded, shared
from sandbox.order_parts import ChargeParts, LineParts, OrderParts
from sandbox.platforms.seller_center import Row
from sandbox.platforms.seller_center.oms_account import REQUIRED_FIELDS, Oms
from sandbox.sales import Action, RefusedSale, Sales, UnknownSale, plain, sale_line


class OmsSales(Sales):
    """The orders of all accounts. Each line of a view is one item, which is one piece."""

    def __init__(self, data: Callable[[], dict[str, Oms]]) -> None:
        self.data = data

    def place(self, account: str, parts: OrderParts) -> str:
        """Prices that are entered without tax get theirs; discounts become vouchers, shared over the pieces."""
        oms, order = self._oms(account), parts.in_currency("GBP")
        if any(charge.kind != "shipping" for charge in order.charges):
            raise ValueError("an OMS order has shipping only")
        if any(line.kind not in ("product", "digital", "virtual") or line.wrapping for line in order.lines):
            raise ValueError("an OMS order has single products only")
        pieces: list[tuple[LineParts, Decimal, Decimal]] = []
        for line in order.lines:
            price = self._with_tax(line.price, line.tax_rate, order)
            whole = self._with_tax(line.discount, line.tax_rate, order)
            shares = shared(whole, [price] * line.quantity, order.places)
            pieces += [(line, price, share) for share in shares]
        off = shared(order.discount + order.coupon, [price - share for _, price, share in pieces], order.places)
        charge = order.charges[0] if order.charges else ChargeParts("shipping", ZERO)
        freight = self._with_tax(charge.amount, charge.tax_rate, order)
        freights = shared(freight, [Decimal(1)] * len(pieces), order.places)
        items = [
            oms.new_item(
                line.sku,
                line.name or line.sku,
                price,
                line.tax_rate,
                order.places,
                voucher=share + part,
                shipping=shipping,
                shipping_percent=charge.tax_rate,
            )
            for (line, price, share), part, shipping in zip(pieces, off, freights, strict=True)
        ]
        if order.coupon_code:
            for item in items:
                item["voucher_code"] = order.coupon_code
        customer = str(order.customer or "")
        return oms.put_order(customer, items, order.currency, created=oms.clock.now(), note=order.note)

    @staticmethod
    def _with_tax(amount: Decimal, percent: Decimal, order: OrderParts) -> Decimal:
        share = ZERO if order.prices_include_tax else rounded(amount * percent / 100, order.places)
        return rounded(amount, order.places) + share

    def view(self, account: str, order: str) -> dict[str, Any]:
        """Returned items are what was refunded."""
        row = self._order(account, order)
        lines, back = [], ZERO
        for item in row["items"]:
            status = item["item_status"]
            lines.append(
                sale_line(
                    item["id_sales_order_item"],
                    item["sku"],
                    Decimal(1),
                    cancelled=Decimal(status == "canceled"),
                    refunded=Decimal(status == "returned"),
                    shipped=Decimal(status in ("shipped", "delivered", "failed_delivery")),
                )
            )
            if status == "returned":
                back += Decimal(item["paid_price"])
        return {
            "id": row["id"],
            "number": row["number"],
            "currency": row["currency"],
            "total": row["total"],
            "tax": row["tax"],
            "refunded": plain(back),
            "status": ", ".join(sorted({item["item_status"] for item in row["items"]})),
            "lines": lines,
        }

    def actions(self) -> dict[str, Callable[[str, Action], None]]:
        return {
            "cancel": lambda account, action: self._move(account, action, "canceled", ("pending",)),
            "ship": lambda account, action: self._move(account, action, "shipped", ("pending",)),
            "refund": lambda account, action: self._move(account, action, "returned", ("shipped", "delivered")),
        }

    def _move(self, account: str, action: Action, status: str, before: tuple[str, ...]) -> None:
        """Set the status of items; what is shipped is delivered before it comes back."""
        oms, row = self._oms(account), self._order(account, action.order)
        for item in row["items"]:
            number, held = item["id_sales_order_item"], item["item_status"]
            if (action.lines is None and held not in before) or (
                action.lines is not None and number not in action.lines
            ):
                continue
            steps = ["delivered", status] if (held, status) == ("shipped", "returned") else [status]
            for step in steps:
                values = dict.fromkeys(REQUIRED_FIELDS[step], "Changed by hand")
                if step == "shipped" and action.tracking:
                    values["tracking_code"] = action.tracking[0]
                at = oms.clock.now().strftime("%Y-%m-%d %H:%M:%S")
                change = {"id_sales_order_item": number, "item_status": step, "status_event_time": at, **values}
                if reason := oms.update(change):
                    raise RefusedSale(reason)

    def _oms(self, account: str) -> Oms:
        if account not in self.data():
            raise UnknownSale(f"accounts: {', '.join(self.data())}")
        return self.data()[account]

    def _order(self, account: str, order: str) -> Row:
        row = self._oms(account).tables["orders"].rows.get(order)
        if row is None:
            raise UnknownSale(f"there is no order {order}")
        found: Row = row
        return found
