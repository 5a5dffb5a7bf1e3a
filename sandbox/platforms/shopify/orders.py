"""Orders: how the vendor's rules make amounts of what was bought, and resolvers of the results.

Prices contain tax if the order says so; discounts are allocated to lines by what they cost; the tax of a line is that
of its discounted price. Source: https://shopify.dev/docs/api/admin-graphql/2026-07/objects/Order
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sandbox.money import ZERO, places_of, rounded, shared
from sandbox.order_parts import LineParts, OrderParts
from sandbox.platforms.shopify.catalog import by_id, in_order, listed, require
from sandbox.platforms.shopify.schema import Context, Resolver, Row
from sandbox.platforms.shopify.search import matching
from sandbox.platforms.shopify.store import Store

HUNDRED = Decimal(100)
# Orders older than this many days need the scope read_all_orders.
DAYS = 60


def placed(store: Store, parts: OrderParts) -> Row:
    """A new order, as the vendor computes it."""
    places = parts.places
    lines = [_line(store, line, parts) for line in parts.lines]
    discounts = _allocate(lines, parts)
    for line in lines:
        line["tax"] = _tax(line["after"], line["rate"], parts)
    shipping = [_charge(store, each, parts) for each in parts.charges if each.kind == "shipping"]
    fees = [_charge(store, each, parts) for each in parts.charges if each.kind != "shipping"]
    goods = sum((line["after"] for line in lines), ZERO)
    rest = sum((each["price"] for each in (*shipping, *fees)), ZERO)
    tax = sum((each["tax"] for each in (*lines, *shipping, *fees)), ZERO)
    taxed_apart = tax if not parts.prices_include_tax else sum((each["tax"] for each in fees), ZERO)
    number = store.next_id("Order", 2001)
    order = {
        "__typename": "Order",
        "id": number,
        "name": f"#{number - 1000}",
        "parts": parts,
        "places": places,
        "lines": lines,
        "shipping": shipping,
        "fees": fees,
        "discounts": discounts,
        "total": goods + rest + taxed_apart,
        "goods": goods,
        "tax": tax,
        "fulfillments": [],
        "refunds": [],
        "transactions": [],
        "cancelledAt": None,
    }
    if parts.paid:
        _pay(store, order, parts)
    return order


def _line(store: Store, line: LineParts, parts: OrderParts) -> Row:
    variant = next((row for row in store.variants.values() if line.sku and row["sku"] == line.sku), None)
    total = line.price * line.quantity
    return {
        "__typename": "LineItem",
        "id": store.next_id("LineItem", 70001),
        "sku": line.sku,
        "name": line.name or line.sku or "Custom item",
        "vendor": line.vendor or None,
        "variant": None if line.kind == "custom" or variant is None else variant["id"],
        "kind": line.kind,
        "quantity": line.quantity,
        "removed": 0,
        "refunded": 0,
        "shipped": 0,
        "price": line.price,
        "total": total,
        "after": total - line.discount,
        "rate": line.tax_rate,
        "allocations": [(0, line.discount)] if line.discount else [],
    }


def _allocate(lines: list[Row], parts: OrderParts) -> list[Row]:
    """Share out what is taken off the whole order; returns the discounts by index."""
    found = []
    if any(line["allocations"] for line in lines):
        found.append({"__typename": "ManualDiscountApplication", "index": 0, "title": "Line discount"})
    for value, row in (
        (parts.discount, {"__typename": "AutomaticDiscountApplication", "title": "Spring"}),
        (parts.coupon, {"__typename": "DiscountCodeApplication", "code": parts.coupon_code}),
    ):
        if not value:
            continue
        index = len(found)
        found.append({**row, "index": index})
        for line, share in zip(lines, shared(value, [each["after"] for each in lines], parts.places), strict=True):
            if share:
                line["allocations"].append((index, share))
                line["after"] -= share
    return [{**row, "id": row["index"], "targetType": "LINE_ITEM"} for row in found]


def _tax(amount: Decimal, rate: Decimal, parts: OrderParts) -> Decimal:
    if parts.prices_include_tax:
        return rounded(amount - amount / (1 + rate / HUNDRED), parts.places)
    return rounded(amount * rate / HUNDRED, parts.places)


def _charge(store: Store, charge: Any, parts: OrderParts) -> Row:
    rate = charge.tax_rate
    apart = charge.kind != "shipping"
    tax = rounded(charge.amount * rate / HUNDRED, parts.places) if apart else _tax(charge.amount, rate, parts)
    name = "ShippingLine" if charge.kind == "shipping" else "AdditionalFee"
    return {
        "__typename": name,
        "id": store.next_id(name, 501),
        "title": charge.name or "Standard",
        "name": charge.name or "Fee",
        "price": charge.amount,
        "rate": rate,
        "tax": tax,
    }


def _pay(store: Store, order: Row, parts: OrderParts) -> None:
    left = order["total"]
    for gateway, value in (
        ("gift_card", parts.gift_certificate),
        ("shopify_store_credit", parts.store_credit),
        ("shopify_payments", left - parts.gift_certificate - parts.store_credit),
    ):
        if value:
            order["transactions"].append(
                {
                    "__typename": "OrderTransaction",
                    "id": store.next_id("OrderTransaction", 901),
                    "kind": "SALE",
                    "status": "SUCCESS",
                    "gateway": gateway,
                    "amount": value,
                }
            )


def paid(order: Row) -> Decimal:
    return sum((each["amount"] for each in order["transactions"]), ZERO)


def refunded(order: Row) -> Decimal:
    return sum((each["total"] for each in order["refunds"]), ZERO)


def bag(order: Row, amount: Decimal) -> Row:
    """An amount in both currencies."""
    parts = order["parts"]
    own = rounded(amount / parts.rate, places_of(order["shop_currency"]))
    return {
        "presentmentMoney": {"amount": _text(amount, order["places"]), "currencyCode": parts.currency},
        "shopMoney": {"amount": _text(own, places_of(order["shop_currency"])), "currencyCode": order["shop_currency"]},
    }


def _text(amount: Decimal, places: int) -> str:
    """Amounts have at least one place: 10.0, 10.5, 10.55."""
    text = f"{rounded(amount, places):f}"
    return text.rstrip("0").ljust(text.index(".") + 2, "0") if "." in text else f"{text}.0"


def _taxes(order: Row, row: Row) -> list[Row]:
    if not row["rate"]:
        return []
    return [{"title": "VAT", "rate": float(row["rate"] / HUNDRED), "priceSet": bag(order, row["tax"])}]


def _allocations(order: Row, row: Row) -> list[Row]:
    named = {each["index"]: each for each in order["discounts"]}
    return [
        {"allocatedAmountSet": bag(order, value), "discountApplication": named[index]}
        for index, value in row.get("allocations", ())
    ]


def line_view(order: Row, line: Row, context: Context) -> Row:
    store = context.store
    needs_shipping = line["kind"] not in ("digital", "virtual", "gift_certificate")
    current = line["quantity"] - line["removed"] - line["refunded"]
    variant = store.variants.get(line["variant"])
    return {
        **{name: line[name] for name in ("__typename", "id", "sku", "name", "vendor", "quantity")},
        "title": line["name"],
        "currentQuantity": current,
        "unfulfilledQuantity": max(0, line["quantity"] - line["shipped"] - line["removed"] - line.get("cancelled", 0)),
        "nonFulfillableQuantity": 0 if needs_shipping else line["quantity"],
        "requiresShipping": needs_shipping,
        "isGiftCard": line["kind"] == "gift_certificate",
        "variant": variant,
        "product": store.products.get(variant["product"]) if variant else None,
        "customAttributes": [],
        "originalUnitPriceSet": bag(order, line["price"]),
        "originalTotalSet": bag(order, line["total"]),
        "taxLines": _taxes(order, line),
        "discountAllocations": _allocations(order, line),
        "duties": [],
    }


def _charge_view(order: Row, row: Row) -> Row:
    return {
        **{name: row[name] for name in ("__typename", "id", "title", "name")},
        "code": row["title"],
        "isRemoved": False,
        "price": bag(order, row["price"]),
        "originalPriceSet": bag(order, row["price"]),
        "taxLines": _taxes(order, row),
        "discountAllocations": [],
    }


def financial_status(order: Row) -> str:
    given, back = paid(order), refunded(order)
    if back:
        return "REFUNDED" if back >= given else "PARTIALLY_REFUNDED"
    return "PAID" if given >= order["total"] else "PARTIALLY_PAID" if given else "PENDING"


def fulfillment_status(order: Row) -> str:
    goods = [line for line in order["lines"] if line["kind"] not in ("digital", "virtual", "gift_certificate")]
    left = [line["quantity"] - line["removed"] - line.get("cancelled", 0) - line["shipped"] for line in goods]
    if order.get("on_hold") and any(each > 0 for each in left):
        return "ON_HOLD"
    if not any(line["shipped"] for line in goods):
        return "UNFULFILLED"
    return "PARTIALLY_FULFILLED" if any(each > 0 for each in left) else "FULFILLED"


def _address(order: Row, place: int) -> Row | None:
    found = order["parts"].addresses[place : place + 1]
    if not found:
        return None
    row = found[0]
    return {
        "id": order["id"] * 10 + place,
        "firstName": row.get("first_name"),
        "lastName": row.get("last_name"),
        "company": row.get("company"),
        "address1": row.get("street"),
        "city": row.get("city"),
        "zip": row.get("postcode"),
        "countryCodeV2": row.get("country", "GB"),
        "phone": row.get("phone"),
    }


def order_view(order: Row, context: Context) -> Row:
    """The order with the vendor's names; connections are resolved from the row itself."""
    parts: OrderParts = order["parts"]
    gone = (line["after"] * (line["removed"] + line["refunded"]) / line["quantity"] for line in order["lines"])
    removed = sum(gone, ZERO)
    shipping = sum((each["price"] for each in order["shipping"]), ZERO)
    discounts = sum((value for line in order["lines"] for _, value in line["allocations"]), ZERO)
    return {
        **{name: order[name] for name in ("__typename", "id", "name", "createdAt", "updatedAt", "cancelledAt")},
        "_row": order,
        "processedAt": order["createdAt"],
        "closedAt": None,
        "displayFinancialStatus": financial_status(order),
        "displayFulfillmentStatus": fulfillment_status(order),
        "currencyCode": order["shop_currency"],
        "presentmentCurrencyCode": parts.currency,
        "taxesIncluded": parts.prices_include_tax,
        "dutiesIncluded": False,
        "note": parts.note or None,
        "email": order.get("email"),
        "phone": None,
        "clientIp": None,
        "cartToken": None,
        "sourceName": "web",
        "tags": [],
        "paymentGatewayNames": sorted({each["gateway"] for each in order["transactions"]}),
        "edited": any(line["removed"] for line in order["lines"]),
        "test": order.get("test", False),
        "customer": context.store.customers.get(parts.customer),
        "purchasingEntity": _purchaser(order, context.store),
        "billingAddress": _address(order, 0),
        "shippingAddress": _address(order, 1) or _address(order, 0),
        "totalPriceSet": bag(order, order["total"]),
        "currentTotalPriceSet": bag(order, order["total"] - removed),
        "totalTaxSet": bag(order, order["tax"]),
        "subtotalPriceSet": bag(order, order["goods"]),
        "totalDiscountsSet": bag(order, discounts),
        "totalShippingPriceSet": bag(order, shipping),
        "totalReceivedSet": bag(order, paid(order)),
        "totalRefundedSet": bag(order, refunded(order)),
        "totalTipReceivedSet": bag(order, ZERO),
        "totalCashRoundingAdjustment": {"paymentSet": bag(order, ZERO), "refundSet": bag(order, ZERO)},
        "additionalFees": [_charge_view(order, each) for each in order["fees"]],
        "metafields": {},
    }


def _purchaser(order: Row, store: Store) -> Row | None:
    customer = store.customers.get(order["parts"].customer)
    if customer is None:
        return None
    company = customer.get("company")
    return {"__typename": "PurchasingCompany", "company": company} if company else customer


def _visible(context: Context) -> list[Row]:
    require(context, "read_orders", "orders")
    rows = context.store.orders.values()
    if "read_all_orders" not in context.store.scopes:
        rows = [row for row in rows if row["age_in_days"] <= DAYS]
    return [order_view(row, context) for row in rows]


def _orders(_: Any, arguments: Row, context: Context) -> list[Row]:
    return in_order(matching(_visible(context), arguments.get("query")), arguments)


def _order(_: Any, arguments: Row, context: Context) -> Row | None:
    number = arguments["id"].rpartition("/")[2]
    return next((row for row in _visible(context) if str(row["id"]) == number), None)


def find(context: Context, identifier: str) -> Row | None:
    """An order, or a part of one, by its global ID."""
    return _order(None, {"id": identifier}, context)


def _customers(_: Any, arguments: Row, context: Context) -> list[Row]:
    require(context, "read_customers", "customers")
    return in_order(matching(context.store.customers.values(), arguments.get("query")), arguments)


def _limited(rows: Sequence[Row], arguments: Row) -> list[Row]:
    return list(rows[: arguments.get("first")])


def _fulfillments(row: Row, arguments: Row, context: Context) -> list[Row]:
    order = row["_row"]
    lines = {line["id"]: line for line in order["lines"]}
    found = []
    for each in order["fulfillments"]:
        items = [
            {"id": each["id"] * 100 + place, "quantity": count, "lineItem": line_view(order, lines[key], context)}
            for place, (key, count) in enumerate(each["lines"].items())
        ]
        tracking = [{"company": each["company"], "number": number, "url": None} for number in each["numbers"]]
        found.append({**each, "trackingInfo": tracking, "fulfillmentLineItems": listed(items)})
    return _limited(found, arguments)


def _refunds(row: Row, arguments: Row, context: Context) -> list[Row]:
    order = row["_row"]
    lines = {line["id"]: line for line in order["lines"]}
    found = []
    for each in order["refunds"]:
        items: dict[int, Row] = defaultdict(dict)
        for key, (count, subtotal, tax) in each["lines"].items():
            items[key] = {
                "id": key,
                "quantity": count,
                "restockType": each["restock"],
                "lineItem": line_view(order, lines[key], context),
                "subtotalSet": bag(order, subtotal),
                "totalTaxSet": bag(order, tax),
            }
        no_tax = bag(order, ZERO)
        shipping = [{"id": 1, "subtotalAmountSet": bag(order, each["shipping"]), "taxAmountSet": no_tax}]
        extra = [{"id": 1, "reason": None, "amountSet": bag(order, each["adjustment"]), "taxAmountSet": no_tax}]
        found.append(
            {
                **{name: each[name] for name in ("__typename", "id", "createdAt")},
                "note": None,
                "totalRefundedSet": bag(order, each["total"]),
                "refundLineItems": listed(list(items.values())),
                "refundShippingLines": listed(shipping if each["shipping"] else []),
                "orderAdjustments": listed(extra if each["adjustment"] else []),
            }
        )
    return _limited(found, arguments)


def _transactions(row: Row, arguments: Row, context: Context) -> list[Row]:
    order = row["_row"]
    return _limited([{**each, "amountSet": bag(order, each["amount"])} for each in order["transactions"]], arguments)


def _contacts(row: Row, arguments: Row, context: Context) -> list[Row]:
    require(context, "read_companies", "companyContactProfiles")
    return [{"id": row["id"], "company": row["company"]}] if row.get("company") else []


RESOLVERS: dict[str, dict[str, Resolver]] = {
    "QueryRoot": {"orders": _orders, "order": _order, "customers": _customers},
    "Order": {
        "lineItems": lambda row, arguments, context: listed(
            [line_view(row["_row"], each, context) for each in row["_row"]["lines"]]
        ),
        "shippingLines": lambda row, arguments, context: listed(
            [_charge_view(row["_row"], each) for each in row["_row"]["shipping"]]
        ),
        "discountApplications": lambda row, arguments, context: listed(row["_row"]["discounts"]),
        "fulfillments": _fulfillments,
        "refunds": _refunds,
        "transactions": _transactions,
    },
    "Fulfillment": {"trackingInfo": lambda row, arguments, context: _limited(row["trackingInfo"], arguments)},
    "Customer": {
        "addressesV2": lambda row, arguments, context: by_id(row["addresses"]),
        "companyContactProfiles": _contacts,
        "metafield": lambda row, arguments, context: None,
    },
}
