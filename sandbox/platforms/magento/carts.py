"""Carts of customers, and how they become orders: `/V1/customers/{id}/carts`, `/V1/carts`, for an integration.

Documented (admin schema 2.4.7, tutorial of orders): a customer has one active cart, which is returned when another one
is created; an item names SKU, quantity and cart, that of a configurable product also its options; shipping methods are
estimated for an address; shipping information names an offered method and returns payment methods and totals; a cart
that became an order is not found any more. Seen in code: prices are the shop's own, and a cart is found while it is
active only. Assumed: the shipping methods and their costs, tax of 20 %, none on shipping, as for generated orders.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from starlette.requests import Request

from sandbox.money import ZERO
from sandbox.order_parts import LineParts
from sandbox.platforms.magento.generated_orders import TAX
from sandbox.platforms.magento.order_totals import number, top, total_order
from sandbox.platforms.magento.placing import finish, items_of, new_order
from sandbox.platforms.magento.products import product_of
from sandbox.platforms.magento.responses import ApiError, Row, required, unknown, validated
from sandbox.platforms.magento.stock_and_prices import ALL_GROUPS_ID
from sandbox.platforms.magento.store import ATTRIBUTES, Store, attribute
from sandbox.platforms.magento.websites import VIEWS

RIGHT = "Magento_Cart::manage"
PAYMENTS = {"checkmo": "Check / Money order", "purchaseorder": "Purchase Order"}
# Carrier, method, titles, cost; without a cost the carrier answers with an error.
METHODS = (
    ("flatrate", "flatrate", "Flat Rate", "Fixed", Decimal(5)),
    ("tablerate", "bestway", "Best Way", "Table Rate", Decimal("8.5")),
    ("ups", "11", "United Parcel Service", "UPS Standard", None),
)
SUMS = (
    "grand_total", "subtotal", "discount_amount", "shipping_amount", "tax_amount", "subtotal_incl_tax",
    "shipping_incl_tax",
)  # fmt: skip
COSTS = {f"{carrier}_{method}": cost for carrier, method, _, _, cost in METHODS if cost is not None}
ADDRESS = {
    "region": str,
    "region_id": int,
    "region_code": str,
    "country_id": str,
    "street": [str],
    "company": str,
    "telephone": str,
    "postcode": str,
    "city": str,
    "firstname": str,
    "lastname": str,
    "email": str,
    "same_as_billing": int,
    "customer_id": int,
    "customer_address_id": int,
    "save_in_address_book": int,
}
OPTIONS = {"configurable_item_options": [{"option_id!": str, "option_value": int}]}
ITEM = {"sku": str, "qty!": float, "quote_id!": str, "product_option": {"extension_attributes": OPTIONS}}
SHIPPING = {
    "shipping_address!": ADDRESS,
    "billing_address": ADDRESS,
    "shipping_carrier_code!": str,
    "shipping_method_code!": str,
}
PLACES: dict[str, list[Row]] = {
    "GB": [],
    "US": [{"id": "12", "code": "CA", "name": "California"}, {"id": "43", "code": "NY", "name": "New York"}],
}


def open_cart(store: Store, customer: int, view: str) -> int:
    if customer not in store.customers:
        raise unknown("customerId", customer)
    for cart in store.carts.values():
        if cart["customer_id"] == customer and cart["is_active"]:
            return int(cart["id"])
    key = max(store.carts, default=0) + 1
    store_id = VIEWS[view][0]
    store.carts[key] = {"id": key, "customer_id": customer, "is_active": True, "store_id": store_id, "items": []}
    return key


def cart_of(store: Store, key: int) -> Row:
    cart: Row | None = store.carts.get(key)
    if cart is None or not cart["is_active"]:
        raise unknown("cartId", key)
    return cart


def add_item(store: Store, key: int, body: Row) -> Row:
    given, cart = validated(body, {"cartItem!": ITEM})["cartItem"], cart_of(store, key)
    if given["qty"] <= 0:
        raise ApiError(400, 'Invalid value of "%value" provided for the %fieldName field.', value="0", fieldName="qty")
    product = chosen = product_of(store, given.get("sku", ""))
    if product["type_id"] == "configurable":
        option = (given.get("product_option") or {}).get("extension_attributes") or {}
        chosen = _chosen(store, product, option.get("configurable_item_options") or [])
    item = next((each for each in cart["items"] if each["sku"] == chosen["sku"]), None)
    quantity = given["qty"] + (item["qty"] if item else 0)
    sources = [store.sources.get((chosen["sku"].lower(), source), {}) for source in store.stock_sources]
    stock = sum(each.get("quantity", 0) for each in sources if each.get("status"))
    if chosen["sku"] not in store.unmanaged_skus and quantity > stock:
        raise ApiError(400, "The requested qty is not available")
    if item is None:
        item = {"item_id": store.allocate_id("cart_item"), "sku": chosen["sku"], "quote_id": str(key)}
        item |= {"name": product["name"], "product_type": product["type_id"]}
        cart["items"].append(item)
    item |= {"qty": quantity}
    item["price"] = float(_price(store, cart, item))
    return item


def _chosen(store: Store, product: Row, options: list[Row]) -> Row:
    codes = {str(number_): code for code, (number_, *_) in ATTRIBUTES.items()}
    wanted = {codes.get(each["option_id"], ""): str(each.get("option_value")) for each in options}
    extension = product["extension_attributes"]
    needed = {codes[each["attribute_id"]] for each in extension["configurable_product_options"]}
    for child in extension["configurable_product_links"]:
        row = store.products[child]
        if needed == set(wanted) and all(str(attribute(row, code)) == value for code, value in wanted.items()):
            return row
    raise ApiError(400, "You need to choose options for your item.")


def delete_item(store: Store, key: int, item_id: int) -> bool:
    cart = cart_of(store, key)
    kept = [each for each in cart["items"] if each["item_id"] != item_id]
    if len(kept) == len(cart["items"]):
        raise ApiError(404, "The %1 Cart doesn't contain the %2 item.", key, item_id)
    cart["items"] = kept
    return True


def estimate(store: Store, key: int, body: Row) -> list[Row]:
    address = validated(body, {"address!": ADDRESS})["address"]
    cart_of(store, key)
    return [_method(each) for each in METHODS] if address.get("country_id") else []


def _method(row: Any) -> Row:
    carrier, method, carrier_title, title, cost = row
    amount = float(cost or 0)
    return {
        "carrier_code": carrier,
        "method_code": method,
        "carrier_title": carrier_title,
        "method_title": title,
        "amount": amount,
        "base_amount": amount,
        "available": cost is not None,
        "error_message": "" if cost is not None else "This shipping method is not available.",
        "price_excl_tax": amount,
        "price_incl_tax": amount,
    }


def save_shipping(store: Store, key: int, body: Row) -> Row:
    given, cart = validated(body, {"addressInformation!": SHIPPING})["addressInformation"], cart_of(store, key)
    if not given["shipping_address"].get("country_id"):
        raise ApiError(400, "The shipping address is missing. Set the address and try again.")
    if not cart["items"]:
        raise ApiError(400, "The shipping method can't be set for an empty cart. Add an item to cart and try again.")
    carrier, method = given["shipping_carrier_code"], given["shipping_method_code"]
    if f"{carrier}_{method}" not in COSTS:
        raise ApiError(404, "Carrier with such method not found: %1, %2", carrier, method)
    cart |= {"shipping_address": given["shipping_address"], "method": f"{carrier}_{method}"}
    if given.get("billing_address"):
        cart["billing_address"] = given["billing_address"]
    payments = [{"code": code, "title": title} for code, title in PAYMENTS.items()]
    return {"payment_methods": payments, "totals": totals(store, key)}


def save_billing(store: Store, key: int, body: Row) -> int:
    given = validated(body, {"address!": ADDRESS, "useForShipping": bool})["address"]
    cart_of(store, key)["billing_address"] = given
    return store.allocate_id("address")


def totals_information(store: Store, key: int, body: Row) -> Row:
    shape = {"address!": ADDRESS, "shipping_method_code": str, "shipping_carrier_code": str}
    validated(body, {"addressInformation!": shape})
    return totals(store, key)


def totals(store: Store, key: int) -> Row:
    cart = cart_of(store, key)
    order = _order(store, cart)
    items = []
    for item, line in zip(cart["items"], top(order["items"]), strict=True):
        amounts = {
            name: line[name]
            for name in ("price", "row_total", "tax_amount", "tax_percent", "price_incl_tax", "row_total_incl_tax")
        }
        base = {f"base_{name}": line[f"base_{name}"] for name in ("price", "row_total", "tax_amount")}
        named = {"item_id": item["item_id"], "qty": item["qty"], "name": item["name"], "options": "[]"}
        items.append(named | amounts | base | {"weee_tax_applied_amount": None, "weee_tax_applied": None})
    return {name: order[name] for name in SUMS} | {
        "subtotal_with_discount": order["subtotal"] + order["discount_amount"],
        "base_currency_code": store.options.currency,
        "quote_currency_code": store.options.currency,
        "items_qty": sum(each["qty"] for each in cart["items"]),
        "items": items,
        "weee_tax_applied_amount": None,
        "total_segments": [{"code": "grand_total", "title": "Grand Total", "value": order["grand_total"]}],
    }


def place_order(store: Store, key: int, body: Row) -> int:
    given, cart = validated(body, {"paymentMethod": {"method!": str, "po_number": str}}), cart_of(store, key)
    for kind in ("billing", "shipping"):
        _check_address(cart.get(f"{kind}_address"), kind)
    if not cart["items"] or "method" not in cart:
        raise ApiError(400, "The shipping method is missing. Select the shipping method and try again.")
    method = (given.get("paymentMethod") or {}).get("method")
    if method not in PAYMENTS:
        raise ApiError(400, "The requested Payment Method is not available.")
    order = _order(store, cart)
    customer = store.customers[cart["customer_id"]]
    order |= {"customer_id": customer["id"], "customer_is_guest": 0, "customer_email": customer["email"]}
    order |= {"quote_id": key, "store_id": cart["store_id"], "payment": order["payment"] | {"method": method}}
    order["billing_address"] |= _stored(cart["billing_address"])
    finish(store, order, _stored(cart["shipping_address"]))
    shipping = order["extension_attributes"]["shipping_assignments"][0]["shipping"]
    shipping["method"] = cart["method"]
    cart["is_active"] = False
    return int(order["entity_id"])


def _check_address(address: Row | None, kind: str) -> None:
    if not address:
        raise ApiError(400, f"The {kind} address is missing. Set the address and try again.")
    for name in ("firstname", "lastname", "street", "city", "telephone", "country_id"):
        if not address.get(name):
            raise required(name)
    places = PLACES.get(address["country_id"])
    if places and not any(each["id"] == str(address.get("region_id")) for each in places):
        raise required("regionId")


def _stored(address: Row) -> Row:
    return {name: value for name, value in address.items() if name not in ("same_as_billing", "region_id")}


def _order(store: Store, cart: Row) -> Row:
    """The order that the cart would become, which is not stored."""
    order = new_order(store, 0, "new", store.clock.now())
    rules = store.rules_of(order)
    for item in cart["items"]:
        price = _price(store, cart, item)
        order["items"] += items_of(store, order, LineParts(item["sku"], int(item["qty"]), price, TAX), rules)
    total_order(order, COSTS[cart["method"]] if "method" in cart else ZERO, ZERO, rules)
    return order


def _price(store: Store, cart: Row, item: Row) -> Decimal:
    """The shop's price for the customer's group and this quantity."""
    product = product_of(store, item["sku"])
    groups = (store.customers[cart["customer_id"]]["group_id"], ALL_GROUPS_ID)
    tiers = [
        number(each, "value")
        for each in product.get("tier_prices") or ()
        if each["customer_group_id"] in groups and each["qty"] <= item["qty"]
    ]
    special = number({"value": attribute(product, "special_price")}, "value")
    return min([number(product, "price"), *tiers, *([special] if special else [])])


def country(code: str) -> Row:
    if code not in PLACES:
        raise unknown("countryId", code)
    names = {"full_name_locale": code, "full_name_english": code, "three_letter_abbreviation": code}
    places = {"available_regions": PLACES[code]} if PLACES[code] else {}
    return {"id": code, "two_letter_abbreviation": code} | names | places


Handler = Callable[[Request, Store], Awaitable[Any]]


def _plain(act: Callable[[Store, int], Any]) -> Handler:
    async def handle(request: Request, store: Store) -> Any:
        return act(store, request.path_params["number"])

    return handle


def _with_body(act: Callable[[Store, int, Row], Any]) -> Handler:
    async def handle(request: Request, store: Store) -> Any:
        return act(store, request.path_params["number"], await request.json())

    return handle


async def _open(request: Request, store: Store) -> int:
    return open_cart(store, request.path_params["number"], request.path_params["view"])


async def _delete_item(request: Request, store: Store) -> bool:
    return delete_item(store, request.path_params["number"], request.path_params["item"])


async def _country(request: Request, store: Store) -> Row:
    return country(request.path_params["code"])


# Countries need no right.
HANDLERS: list[tuple[str, str, str, Handler]] = [
    ("POST", "/customers/{number:int}/carts", RIGHT, _open),
    ("GET", "/carts/{number:int}/items", RIGHT, _plain(lambda store, key: cart_of(store, key)["items"])),
    ("POST", "/carts/{number:int}/items", RIGHT, _with_body(add_item)),
    ("DELETE", "/carts/{number:int}/items/{item:int}", RIGHT, _delete_item),
    ("POST", "/carts/{number:int}/estimate-shipping-methods", RIGHT, _with_body(estimate)),
    ("POST", "/carts/{number:int}/shipping-information", RIGHT, _with_body(save_shipping)),
    ("POST", "/carts/{number:int}/billing-address", RIGHT, _with_body(save_billing)),
    ("POST", "/carts/{number:int}/totals-information", RIGHT, _with_body(totals_information)),
    ("GET", "/carts/{number:int}/totals", RIGHT, _plain(totals)),
    ("PUT", "/carts/{number:int}/order", RIGHT, _with_body(place_order)),
    ("GET", "/directory/countries/{code}", "anonymous", _country),
]
