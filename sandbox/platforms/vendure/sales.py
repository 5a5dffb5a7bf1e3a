"""Orders as shoppers place them and people in the dashboard handle them (`sandbox.sales`)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.money import ZERO
from sandbox.order_parts import LineParts, OrderParts
from sandbox.platforms.vendure import orders
from sandbox.platforms.vendure.lists import Row
from sandbox.platforms.vendure.money import net
from sandbox.platforms.vendure.shop import Shop
from sandbox.sales import Action, RefusedSale, Sales, UnknownSale, plain, sale_line

# The server keeps two places of every currency.
_PLACES = 2
_GUEST: Row = {"firstName": "Sam", "lastName": "Guest"}
_HANDLER: Row = {"code": "manual-fulfillment", "arguments": []}


class VendureSales(Sales):
    """The orders of all shops."""

    def __init__(self, shops: Callable[[], dict[str, Shop]]) -> None:
        self._shops = shops

    def place(self, account: str, parts: OrderParts) -> str:
        shop = self._shop(account)
        parts = parts.in_currency(shop.currency)
        if not parts.prices_include_tax:
            raise RefusedSale("the prices of this shop include tax")
        if parts.store_credit or parts.gift_certificate:
            raise RefusedSale("Vendure itself has neither store credit nor gift cards")
        if any(line.kind != "product" or line.wrapping for line in parts.lines):
            raise RefusedSale("kinds of lines: product, without wrapping")
        if any(charge.kind == "handling" for charge in parts.charges):
            raise RefusedSale("charges are shipping and fees")
        goods = [(self._variant(shop, line), line.quantity) for line in parts.lines]
        order = orders.place(shop, _GUEST, goods)
        order |= {"customer": None, "currencyCode": parts.currency, "taken_off": {}}
        for row, line in zip(order["lines"], parts.lines, strict=True):
            price = _minor(line.price)
            row |= {"unitPriceWithTax": price, "unitPrice": net(price, line.tax_rate), "taxRate": line.tax_rate}
            row["taken_off"] = _minor(line.discount)
        if parts.coupon:
            code = parts.coupon_code or "TEN"
            order |= {"couponCodes": [code], "promotions": [orders.COUPON | {"couponCode": code}]}
            order["taken_off"]["PROMOTION:1"] = _minor(parts.coupon)
        if parts.discount:
            order["taken_off"]["PROMOTION:3"] = _minor(parts.discount)
        shipping = [each for each in parts.charges if each.kind == "shipping"]
        order["shipping_charge"] = (_minor(shipping[0].amount), shipping[0].tax_rate) if shipping else (0, ZERO)
        for charge in parts.charges:
            if charge.kind == "fee":
                orders.surcharge(shop, order, charge.name or "Fee", _minor(charge.amount), charge.tax_rate)
        orders.compute(order)
        payment = order["payments"][0]
        payment |= {"amount": order["totalWithTax"], "state": "Settled" if parts.paid else "Authorized"}
        if not parts.paid:
            order["state"] = "PaymentAuthorized"
        return str(order["id"])

    def view(self, account: str, order: str) -> dict[str, Any]:
        """Pieces that were canceled before they were paid back are not refunded as well."""
        row = self._order(self._shop(account), order)
        refunds = [each for each in row["payments"][0]["refunds"] if each["state"] == "Settled"]
        sent = [each for each in row["fulfillments"] if each["state"] != "Pending"]
        lines = []
        for line in row["lines"]:
            cancelled = line["orderPlacedQuantity"] - line["quantity"]
            lines.append(
                sale_line(
                    line["id"],
                    line["productVariant"]["sku"],
                    Decimal(line["orderPlacedQuantity"]),
                    cancelled=Decimal(cancelled),
                    refunded=Decimal(max(0, _pieces(refunds, line) - cancelled)),
                    shipped=Decimal(_pieces(sent, line)),
                )
            )
        return {
            "id": row["id"],
            "number": row["code"],
            "currency": row["currencyCode"],
            "total": plain(_major(row["totalWithTax"])),
            "tax": plain(_major(row["totalWithTax"] - row["total"])),
            "refunded": plain(_major(sum(each["total"] for each in refunds))),
            "status": row["state"],
            "lines": lines,
        }

    def actions(self) -> dict[str, Callable[[str, Action], None]]:
        return {"cancel": self._cancel, "refund": self._refund, "ship": self._ship}

    def _cancel(self, account: str, action: Action) -> None:
        shop = self._shop(account)
        order = self._order(shop, action.order)
        orders.cancel(shop, order, self._chosen(order, action))

    def _refund(self, account: str, action: Action) -> None:
        shop = self._shop(account)
        order = self._order(shop, action.order)
        amounts = {"shipping": _minor(action.shipping), "adjustment": _minor(action.adjustment)}
        orders.refund(shop, order, self._chosen(order, action), **amounts)
        orders.complete_refunds(shop, order)

    def _ship(self, account: str, action: Action) -> None:
        shop = self._shop(account)
        order = self._order(shop, action.order)
        made = orders.fulfil(shop, self._chosen(order, action), _HANDLER)
        if "errorCode" in made:
            raise RefusedSale(made["message"])
        orders.move(shop, made["id"], "Shipped")

    @staticmethod
    def _chosen(order: Row, action: Action) -> list[Row]:
        """Parts of lines; without a choice, all pieces that were not shipped."""
        lines = {line["id"]: line for line in order["lines"]}
        wanted = action.lines
        if wanted is None:
            sent = order["fulfillments"]
            wanted = {key: Decimal(line["quantity"] - _pieces(sent, line)) for key, line in lines.items()}
        if unknown := wanted.keys() - lines.keys():
            raise UnknownSale(f"no such line: {unknown.pop()}")
        return [{"orderLineId": key, "quantity": int(count)} for key, count in wanted.items() if count]

    def _shop(self, account: str) -> Shop:
        shops = self._shops()
        if account not in shops:
            raise UnknownSale(f"accounts: {', '.join(shops)}")
        return shops[account]

    @staticmethod
    def _order(shop: Shop, order: str) -> Row:
        if order not in shop.orders:
            raise UnknownSale(f"no such order: {order}")
        found: Row = shop.orders[order]
        return found

    @staticmethod
    def _variant(shop: Shop, line: LineParts) -> Row:
        found: Row | None = next((each for each in shop.variants.values() if each["sku"] == line.sku), None)
        if found is None:
            raise UnknownSale(f"no such product: {line.sku}")
        return found


def _pieces(parts: list[Row], line: Row) -> int:
    """The pieces of a line in refunds or fulfillments."""
    return sum(each["quantity"] for part in parts for each in part["lines"] if each["orderLineId"] == line["id"])


def _minor(amount: Decimal) -> int:
    units = amount.scaleb(_PLACES)
    if units != units.to_integral_value():
        raise RefusedSale("the server keeps two places of every amount")
    return int(units)


def _major(minor_units: int) -> Decimal:
    return Decimal(minor_units).scaleb(-_PLACES)
