"""Uses the client `bigc`; prints what it found."""

import json

import to_sandbox  # noqa: F401 - before the client
from bigc import BigCommerceAPI
from bigc.exceptions import BigCommerceException

api = BigCommerceAPI("alpha", "token")
lamp = {"name": "Lamp", "type": "physical", "weight": 1, "price": 20, "categories": []}
names = [("LAMP-RED", "Red"), ("LAMP-BLUE", "Blue")]
lamp["variants"] = [
    {"sku": sku, "option_values": [{"option_display_name": "Color", "label": label}]} for sku, label in names
]
product = api.products_v3.create(lamp)
changed = api.products_v3.update(product["id"], {"price": 30})
spare = api.products_v3.create(lamp | {"name": "Spare lamp", "variants": []})
api.products_v3.delete(spare["id"])


def error_of(call):
    try:
        call()
    except BigCommerceException as error:
        return error
    return None


rejected = error_of(lambda: api.products_v3.create(lamp | {"variants": []}))
orders = list(api.orders_v2.all())
order = next(each for each in orders if each["status_id"] in (2, 11))
line = next(iter(api.orders_v2.all_products(order["id"])))
items = [{"item_type": "PRODUCT", "item_id": line["id"], "quantity": 1}]
quote = api.orders_v3.get_refund_quote(order["id"], {"items": items})
method = quote["refund_methods"][0][0]
payment = {"provider_id": method["provider_id"], "amount": method["amount"], "offline": method["offline"]}
refund = api.orders_v3.create_refund(order["id"], {"items": items, "payments": [payment]})
api.webhooks_v3.create({"scope": "store/order/*", "destination": "https://hub.example/hook", "is_active": True})
print(
    json.dumps(
        {
            "customers": [each["email"] for each in api.customers_v3.all()],
            "orders": sorted(each["id"] for each in orders),
            "refund": [refund["id"]],
            "refunds": [each["id"] for each in api.orders_v3.all_refunds()],
            "product": [changed["id"], changed["price"]],
            "variants": [each["sku"] for each in api.product_variants_v3.all(product["id"])],
            "removed": type(error_of(lambda: api.products_v3.get(spare["id"]))).__name__,
            "rejected": [type(rejected).__name__, sorted(rejected.errors)],
            "currencies": [each["currency_code"] for each in api.currencies_v2.all()],
            "hooks": [each["scope"] for each in api.webhooks_v3.all()],
        }
    )
)
