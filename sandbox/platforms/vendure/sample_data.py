"""Customers and orders that a simulated server has from the start."""

from sandbox import customers_and_orders
from sandbox.platforms.base import Options
from sandbox.platforms.vendure import orders
from sandbox.platforms.vendure.lists import Row
from sandbox.platforms.vendure.shop import Shop, time_text

GROUP = {"id": "1", "name": "Trade"}


def seed(shop: Shop, name: str, options: Options) -> None:
    people = [_customer(shop, each) for each in customers_and_orders.customers(name, options.customers)]
    sold = [each for each in shop.variants.values() if each["sku"] and each["priceWithTax"]]
    for number, each in enumerate(customers_and_orders.orders(name, options.orders, len(people), len(sold))):
        if each.stage == "incomplete":
            _cart(shop, time_text(each.created))
            continue
        goods = [(sold[place], quantity) for place, quantity in dict(each.lines).items()]
        order = orders.place(shop, people[each.customer], goods, coupon=number % 4 == 0, at=each.created)
        parts = [{"orderLineId": line["id"], "quantity": line["quantity"]} for line in order["lines"]]
        if each.stage == "shipped":
            made = shop.add(
                "fulfillments", createdAt=time_text(each.modified), updatedAt=time_text(each.modified),
                state="Shipped", method="DHL", trackingCode=f"TRACK-{order['id']}", lines=parts,
            )  # fmt: skip
            order |= {"fulfillments": [made], "state": "Shipped"}
            orders.log(shop, order, "ORDER_FULFILLMENT_TRANSITION", {}, time_text(each.modified))
        if each.stage == "cancelled":
            orders.cancel(shop, order, parts)
            order["updatedAt"] = order["history"][-1]["createdAt"] = time_text(each.modified)


def _customer(shop: Shop, each: customers_and_orders.Customer) -> Row:
    created, modified = time_text(each.created), time_text(each.modified)
    row = shop.add(
        "customers", createdAt=created, updatedAt=modified, title="", firstName=each.first_name,
        lastName=each.last_name, phoneNumber=each.phone, emailAddress=each.email,
        groups=[GROUP] if each.company else [], customFields={"accountNumber": each.account_number},
    )  # fmt: skip
    address = {
        "id": shop.number("addresses"), "updatedAt": created, "fullName": f"{each.first_name} {each.last_name}",
        "company": each.company, "streetLine1": each.street, "streetLine2": None, "city": each.city,
        "province": "", "postalCode": each.postcode, "country": {"id": "1", "code": "GB", "name": "United Kingdom"},
        "phoneNumber": each.phone, "defaultShippingAddress": True, "defaultBillingAddress": True,
    }  # fmt: skip
    row["addresses"] = [address]
    return row


def _cart(shop: Shop, time: str) -> None:
    cart = shop.add(
        "orders", createdAt=time, updatedAt=time, orderPlacedAt=None, type="Regular", state="AddingItems", active=True,
        currencyCode=shop.currency, customer=None, shippingAddress={}, billingAddress={}, couponCodes=[],
        promotions=[], surcharges=[], fulfillments=[], history=[], lines=[], payments=[],
    )  # fmt: skip
    cart["code"] = f"CART{cart['id']}"
    orders.compute(cart)
