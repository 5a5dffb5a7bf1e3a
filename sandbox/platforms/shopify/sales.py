"""What a person in the back office does to orders, and the orders that a store has from the start."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.customers_and_orders import customers, orders
from sandbox.money import ZERO, rounded
from sandbox.order_parts import LineParts, OrderParts
from sandbox.platforms.shopify.orders import financial_status, fulfillment_status, placed, refunded
from sandbox.platforms.shopify.store import Row, Store, timestamp
from sandbox.sales import Action, RefusedSale, Sales, UnknownSale, plain, sale_line


def fill(store: Store) -> None:
    """The customers and orders of the generated data. The first orders are older than 60 days."""
    seed = f"{store.options.seed}:{store.name}"
    for number, each in enumerate(customers(seed, store.options.customers), 3001):
        company = {"id": number, "name": each.company, "externalId": each.account_number} if each.company else None
        store.customers[number] = {
            "__typename": "Customer",
            "id": number,
            "firstName": each.first_name,
            "lastName": each.last_name,
            "displayName": f"{each.first_name} {each.last_name}",
            "note": each.notes or None,
            "tags": [],
            "state": "ENABLED",
            "taxExempt": False,
            "createdAt": timestamp(each.created),
            "updatedAt": timestamp(each.modified),
            "defaultEmailAddress": {"emailAddress": each.email},
            "defaultPhoneNumber": {"phoneNumber": each.phone},
            "company": company,
            "addresses": [
                {
                    "id": number * 10,
                    "firstName": each.first_name,
                    "lastName": each.last_name,
                    "company": each.company or None,
                    "address1": each.street,
                    "city": each.city,
                    "zip": each.postcode,
                    "countryCodeV2": "GB",
                }
            ],
        }
    variants = [row for row in store.variants.values() if row["sku"]]
    sales = ShopifySales({store.name: store})
    generated = list(orders(seed, store.options.orders, store.options.customers, len(variants)))
    for place, sold in enumerate(generated):
        if sold.stage == "incomplete":
            continue
        lines = tuple(
            LineParts(
                sku=variants[index]["sku"],
                quantity=count,
                price=Decimal(variants[index]["price"]),
                tax_rate=Decimal(20),
            )
            for index, count in sold.lines
        )
        home = store.customers[3001 + sold.customer]["addresses"][0]
        address = {"first_name": home["firstName"], "last_name": home["lastName"], "street": home["address1"]}
        parts = OrderParts(
            lines=lines,
            prices_include_tax=True,
            customer=3001 + sold.customer,
            addresses=({**address, "city": home["city"], "postcode": home["zip"]},),
            note=sold.message,
            paid=sold.stage != "new",
        )
        placed_id = sales.place(store.name, parts)
        order = store.orders[int(placed_id)]
        order |= {"createdAt": timestamp(sold.created), "age_in_days": 90 if place % 2 else 1}
        if sold.stage in ("shipped", "cancelled"):
            action = Action(placed_id, None, ZERO, ZERO, (f"TRACK-{placed_id}",))
            sales.actions()["ship" if sold.stage == "shipped" else "cancel"](store.name, action)
        order["updatedAt"] = timestamp(sold.modified)


class ShopifySales(Sales):
    """The orders of all stores."""

    def __init__(self, stores: dict[str, Store]) -> None:
        self._stores = stores

    def place(self, account: str, parts: OrderParts) -> str:
        store = self._store(account)
        order = placed(store, parts.in_currency(str(store.shop["currencyCode"])))
        now = timestamp(datetime.now(UTC).timestamp())
        order |= {"createdAt": now, "updatedAt": now, "shop_currency": store.shop["currencyCode"], "age_in_days": 0}
        customer = store.customers.get(parts.customer)
        order["email"] = customer and customer["defaultEmailAddress"]["emailAddress"]
        store.orders[order["id"]] = order
        return str(order["id"])

    def view(self, account: str, order: str) -> dict[str, Any]:
        row = self._order(account, order)
        return {
            "id": str(row["id"]),
            "number": row["name"],
            "currency": row["parts"].currency,
            "total": plain(row["total"]),
            "tax": plain(row["tax"]),
            "refunded": plain(refunded(row)),
            "status": f"{financial_status(row)} {fulfillment_status(row)}",
            "lines": [
                sale_line(
                    line["id"],
                    line["sku"],
                    Decimal(line["quantity"]),
                    cancelled=Decimal(line["removed"]),
                    refunded=Decimal(line["refunded"]),
                    shipped=Decimal(line["shipped"]),
                    shippable=line["kind"] not in ("digital", "virtual", "gift_certificate"),
                )
                for line in row["lines"]
            ],
        }

    def actions(self) -> dict[str, Callable[[str, Action], None]]:
        return {"cancel": self._cancel, "refund": self._refund, "ship": self._ship, "change": self._change}

    def _store(self, account: str) -> Store:
        if account not in self._stores:
            raise UnknownSale(f"no store {account!r}")
        return self._stores[account]

    def _order(self, account: str, order: str) -> Row:
        row = self._store(account).orders.get(int(order) if order.isdecimal() else 0)
        if row is None:
            raise UnknownSale(f"no order {order!r}")
        return row

    def _chosen(self, order: Row, action: Action) -> dict[int, int]:
        """Line → pieces; without a choice, all that is neither shipped nor gone."""
        lines = {line["id"]: line for line in order["lines"]}
        if action.lines is None:
            left = {
                key: line["quantity"] - line["removed"] - line["shipped"] - line["refunded"]
                for key, line in lines.items()
            }
            return {key: count for key, count in left.items() if count > 0}
        wanted = {int(key): int(count) for key, count in action.lines.items()}
        if unknown := wanted.keys() - lines.keys():
            raise UnknownSale(f"no line {unknown.pop()}")
        return wanted

    def _ship(self, account: str, action: Action) -> None:
        store, order = self._store(account), self._order(account, action.order)
        chosen = self._chosen(order, action)
        for line in order["lines"]:
            count = chosen.get(line["id"], 0)
            if count > line["quantity"] - line["removed"] - line["shipped"]:
                raise RefusedSale("more than is left")
            line["shipped"] += count
        number = store.next_id("Fulfillment", 4001)
        order["fulfillments"].append(
            {
                "__typename": "Fulfillment",
                "id": number,
                "name": f"{order['name']}-F{len(order['fulfillments']) + 1}",
                "status": "SUCCESS",
                "createdAt": timestamp(datetime.now(UTC).timestamp()),
                "company": "Royal Mail",
                "numbers": list(action.tracking),
                "lines": chosen,
            }
        )
        store.change(order)

    def _cancel(self, account: str, action: Action) -> None:
        """Cancels the order; or removes lines of it by an edit, of which a refund without money tells."""
        store, order = self._store(account), self._order(account, action.order)
        chosen = self._chosen(order, action)
        for line in order["lines"]:
            line["removed"] += chosen.get(line["id"], 0)
        self._add_refund(store, order, chosen, restock="CANCEL", total=ZERO)
        if action.lines is None:
            order["cancelledAt"] = timestamp(datetime.now(UTC).timestamp())
        store.change(order)

    def _refund(self, account: str, action: Action) -> None:
        """`change`: `restock` is RETURN for pieces that had been shipped; else those that were not are cancelled."""
        store, order = self._store(account), self._order(account, action.order)
        chosen = self._chosen(order, action) if action.lines is None or action.lines else {}
        lines = {line["id"]: line for line in order["lines"]}
        total = action.shipping + action.adjustment
        restock = action.change.get("restock", "NO_RESTOCK")
        for key, count in chosen.items():
            line = lines[key]
            line["refunded"] += count
            unsent = max(0, line["quantity"] - line["removed"] - line["shipped"] - line.get("cancelled", 0))
            if restock != "RETURN":
                line["cancelled"] = line.get("cancelled", 0) + min(count, unsent)
            total += self._share(order, line, count, "after") + (
                ZERO if order["parts"].prices_include_tax else self._share(order, line, count, "tax")
            )
        refund = self._add_refund(store, order, chosen, restock=restock, total=total)
        refund |= {"shipping": action.shipping, "adjustment": action.adjustment}
        store.change(order)

    def _add_refund(self, store: Store, order: Row, chosen: dict[int, int], *, restock: str, total: Decimal) -> Row:
        lines = {line["id"]: line for line in order["lines"]}
        refund: Row = {
            "__typename": "Refund",
            "id": store.next_id("Refund", 5501),
            "createdAt": timestamp(datetime.now(UTC).timestamp()),
            "restock": restock,
            "total": total,
            "shipping": ZERO,
            "adjustment": ZERO,
            "lines": {
                key: (
                    count,
                    self._share(order, lines[key], count, "after"),
                    self._share(order, lines[key], count, "tax"),
                )
                for key, count in chosen.items()
            },
        }
        order["refunds"].append(refund)
        return refund

    @staticmethod
    def _share(order: Row, line: Row, count: int, name: str) -> Decimal:
        return rounded(line[name] * count / line["quantity"], order["places"])

    def _change(self, account: str, action: Action) -> None:
        store, order = self._store(account), self._order(account, action.order)
        known = ("test", "email", "age_in_days", "on_hold")
        order |= {name: value for name, value in action.change.items() if name in known}
        store.change(order)
