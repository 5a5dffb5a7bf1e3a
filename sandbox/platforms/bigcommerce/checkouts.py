"""Carts and checkouts: `/v3/carts`, `/v3/checkouts`.

A cart is its checkout. Documented: a cart needs lines; a billing address needs email address and country; an order
needs a billing address and, for what is shipped, a consignment with a shipping option; it is incomplete (status 0);
any number of orders can be made of one cart. Assumed: the shipping options and their costs; that prices are without
tax.
"""

import uuid
from decimal import Decimal
from typing import Any

from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce import modifiers
from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.order_lines import DIGITAL, add_lines, line_of
from sandbox.platforms.bigcommerce.order_totals import OrderTotals
from sandbox.platforms.bigcommerce.orders import placed
from sandbox.platforms.bigcommerce.responses import ApiError, V2ApiError, item_response, no_content
from sandbox.platforms.bigcommerce.store import Store
from sandbox.tables import Row

# Type, description, cost without tax.
OPTIONS = (("shipping_flatrate", "Flat Rate", "12"), ("shipping_byweight", "Ship by Weight", "8.50"))
REQUIRED = ("first_name", "last_name", "address1", "city", "country_code", "email")


def create_cart(request: ApiRequest) -> Response:
    store, body = request.store, _object(request.body)
    lines = body.get("line_items")
    if not isinstance(lines, list) or not lines:
        raise ApiError(422, "A cart needs line items", {"line_items": "is required"})
    customer = body.get("customer_id", 0)
    if customer and customer not in store.customers:
        raise ApiError(422, "The customer was not found", {"customer_id": f"{customer} was not found"})
    order: Row = {"customer_id": customer, "currency": (body.get("currency") or {}).get("code", store.currency)}
    try:
        add_lines(order, [_line(store, each) for each in lines])
    except V2ApiError as error:
        raise ApiError(422, str(error), {"line_items": str(error)}) from error
    number = str(uuid.uuid4())
    for line in order["lines"]:
        line["item_id"] = str(uuid.uuid4())
    store.carts[number] = {"id": number, "order": order, "billing": None, "consignments": {}}
    return item_response(_cart_view(store.carts[number]), 201)


def _line(store: Store, body: Any) -> Row:
    fields = _object(body)
    line = line_of(store, fields)
    given = fields.get("option_selections")
    line["chosen"] = modifiers.chosen(store, line["product_id"], given, name="option_id", value="option_value")
    if fields.get("list_price") is not None:
        line |= {"price": str(Decimal(str(fields["list_price"])))}
    return line | {"tax_rate": "20"}


def delete_cart(request: ApiRequest) -> Response:
    _cart(request)
    del request.store.carts[str(request.path["cart_id"])]
    return no_content()


def redirect_urls(request: ApiRequest) -> Response:
    number = _cart(request)["id"]
    address = f"https://store-{request.store.name}.example/cart.php?action=load&id={number}"
    urls = {"cart_url": address, "checkout_url": f"{address}&checkout", "embedded_checkout_url": f"{address}&embedded"}
    return item_response(urls, 201)


def billing_address(request: ApiRequest) -> Response:
    cart, body = _cart(request), _object(request.body)
    for name in ("email", "country_code"):
        if not body.get(name):
            raise ApiError(422, "The address is incomplete", {name: "is required"})
    cart["billing"] = body
    return item_response(_checkout_view(cart))


def add_consignments(request: ApiRequest) -> Response:
    cart = _cart(request)
    if not isinstance(request.body, list) or not request.body:
        raise ApiError(422, "Consignments are required", {"": "must be a list"})
    for each in request.body:
        fields = _object(each)
        address = _object(fields.get("address"))
        for name in ("email", "country_code"):
            if not address.get(name):
                raise ApiError(422, "The address is incomplete", {name: "is required"})
        _check_items(cart, fields.get("line_items"))
        number = uuid.uuid4().hex
        options = [
            {"id": uuid.uuid4().hex, "type": kind, "description": name, "cost": float(cost), "transit_time": ""}
            for kind, name, cost in OPTIONS
        ]
        cart["consignments"][number] = {"id": number, "address": address, "options": options, "chosen": None}
    return item_response(_checkout_view(cart))


def change_consignment(request: ApiRequest) -> Response:
    cart = _cart(request)
    consignment = cart["consignments"].get(str(request.path["consignment_id"]))
    if consignment is None:
        raise ApiError(404, "The consignment was not found")
    wanted = _object(request.body).get("shipping_option_id")
    chosen = next((each for each in consignment["options"] if each["id"] == wanted), None)
    if chosen is None:
        raise ApiError(422, "The shipping option is not available", {"shipping_option_id": "is not available"})
    consignment["chosen"] = chosen
    return item_response(_checkout_view(cart))


def create_order(request: ApiRequest) -> Response:
    cart = _cart(request)
    shipped = any(line.get("kind") != DIGITAL for line in cart["order"]["lines"])
    consignments = list(cart["consignments"].values())
    if cart["billing"] is None or (shipped and not (consignments and all(each["chosen"] for each in consignments))):
        raise ApiError(422, "The checkout is not complete: an address or a shipping option is missing")
    for address in (cart["billing"], *(each["address"] for each in consignments)):
        for name in REQUIRED:
            if not address.get(name):
                raise ApiError(422, "The address is incomplete", {name: "is required"})
    order = _priced(cart)
    order |= {"billing_address": _v2_address(cart["billing"]), "status_id": 0, "cart_id": cart["id"]}
    order["addresses"] = tuple(_v2_address(each["address"]) for each in consignments)
    return json_response({"data": {"id": placed(request.store, order)["id"]}, "meta": {}})


def _priced(cart: Row) -> Row:
    """The order that the cart would become."""
    charges = [
        {
            "kind": "shipping",
            "name": each["chosen"]["description"],
            "amount": str(each["chosen"]["cost"]),
            "tax_rate": "20",
        }
        for each in cart["consignments"].values()
        if each["chosen"]
    ]
    lines = tuple({name: value for name, value in line.items() if name != "item_id"} for line in cart["order"]["lines"])
    return {**cart["order"], "lines": lines, "charges": tuple(charges)}


def _cart_view(cart: Row) -> Row:
    items: dict[str, list[Row]] = {
        "physical_items": [],
        "digital_items": [],
        "gift_certificates": [],
        "custom_items": [],
    }
    for line in cart["order"]["lines"]:
        kind = "digital_items" if line.get("kind") == DIGITAL else "physical_items"
        items[kind].append(
            {
                "id": line["item_id"],
                "sku": line["sku"],
                "quantity": line["quantity"],
                "list_price": float(line["price"]),
            }
            | {name: line[name] for name in ("product_id", "variant_id", "name")}
        )
    return {
        "id": cart["id"],
        "customer_id": cart["order"]["customer_id"],
        "currency": {"code": cart["order"]["currency"]},
        "line_items": items,
    }


def _checkout_view(cart: Row) -> Row:
    totals = OrderTotals.of(_priced(cart))
    taxes = totals.subtotal.tax + totals.shipping.tax
    return {
        "id": cart["id"],
        "cart": _cart_view(cart),
        "billing_address": cart["billing"],
        "consignments": [
            {
                "id": each["id"],
                "address": each["address"],
                "available_shipping_options": each["options"],
                "selected_shipping_option": each["chosen"],
            }
            for each in cart["consignments"].values()
        ],
        "subtotal_ex_tax": float(totals.subtotal.ex_tax),
        "subtotal_inc_tax": float(totals.subtotal.inc_tax),
        "shipping_cost_total_ex_tax": float(totals.shipping.ex_tax),
        "shipping_cost_total_inc_tax": float(totals.shipping.inc_tax),
        "handling_cost_total_ex_tax": 0,
        "handling_cost_total_inc_tax": 0,
        "tax_total": float(taxes),
        "grand_total": float(totals.total.inc_tax),
    }


def _v2_address(address: Row) -> Row:
    names = {
        "street_1": "address1", "street_2": "address2", "state": "state_or_province", "zip": "postal_code",
        "country_iso2": "country_code",
    }  # fmt: skip
    plain = ("first_name", "last_name", "company", "city", "phone", "email")
    return {name: address.get(name, "") for name in plain} | {
        name: address.get(given, "") for name, given in names.items()
    }


def _check_items(cart: Row, items: Any) -> None:
    known = {line["item_id"]: line["quantity"] for line in cart["order"]["lines"]}
    for each in items if isinstance(items, list) and items else [{}]:
        if known.get(_object(each).get("item_id")) != each.get("quantity"):
            raise ApiError(422, "The items are not those of the cart", {"line_items": "item_id and quantity"})


def _cart(request: ApiRequest) -> Row:
    cart: Row | None = request.store.carts.get(str(request.path["cart_id"]))
    if cart is None:
        raise ApiError(404, "The cart was not found")
    return cart


def _object(value: Any) -> Row:
    if not isinstance(value, dict):
        raise ApiError(422, "The body must be an object", {"": "must be an object"})
    return value


OPERATIONS = [
    Operation("POST", "/v3/carts", create_cart),
    Operation("DELETE", "/v3/carts/{cart_id}", delete_cart),
    Operation("POST", "/v3/carts/{cart_id}/redirect_urls", redirect_urls),
    Operation("POST", "/v3/checkouts/{cart_id}/billing-address", billing_address),
    Operation("POST", "/v3/checkouts/{cart_id}/consignments", add_consignments),
    Operation("PUT", "/v3/checkouts/{cart_id}/consignments/{consignment_id}", change_consignment),
    Operation("POST", "/v3/checkouts/{cart_id}/orders", create_order),
]
