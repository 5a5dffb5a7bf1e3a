"""Carts and checkouts of a BigCommerce store.

https://docs.bigcommerce.com/developer/api-reference/rest/admin/management/carts and …/checkouts: a cart is its
checkout; addresses, consignments and shipping options are added one by one; an order made of a checkout is incomplete
until its status changes. Orders can be made of the same cart any number of times, so the caller looks before.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.platforms.bigcommerce.client import Row, SourceClient, raise_malformed_response
from connectors.platforms.bigcommerce.sources.modifiers import names, required_of
from connectors.platforms.bigcommerce.values import address_fields
from connectors.sdk.checkouts import Cart, CheckoutQuote, CheckoutRefused, Checkouts, ShippingOption
from connectors.sdk.responses import RequestRejected

CARTS, CHECKOUTS, ORDERS = "/carts", "/checkouts", "/orders"
OPTIONS = {"include": "consignments.available_shipping_options"}
# The customer has completed the checkout, and the payment is yet to be confirmed.
AWAITING_PAYMENT = 7


class StoreCheckouts(Checkouts[SourceClient]):
    def calculate(self, cart: Cart) -> CheckoutQuote:
        try:
            return self._calculate(cart)
        except RequestRejected as error:
            body = error.body if isinstance(error.body, dict) else {}
            if required := required_of(self.client, (int(line.product_id) for line in cart.lines)):
                raise CheckoutRefused(
                    f"The store requires choices that cannot be made here: {names(required)}. Remove these products."
                ) from error
            raise CheckoutRefused(
                f"The store refused the cart: {str(body.get('title') or error.status)[:200]}"
            ) from error

    def _calculate(self, cart: Cart) -> CheckoutQuote:
        channel = self.client.settings.b2b_channel_id
        body = _cart_body(cart) | ({} if channel is None else {"channel_id": channel})
        created = self._data("POST", CARTS, body)
        number = str(created.get("id"))
        path = f"{CHECKOUTS}/{number}"
        checkout = self._data("POST", f"{path}/billing-address", address_fields(cart.billing) | {"email": cart.email})
        items = [
            {"item_id": item["id"], "quantity": item["quantity"]}
            for item in (created.get("line_items") or {}).get("physical_items") or ()
        ]
        options: list[ShippingOption] = []
        chosen = ""
        if items:
            consignment = {"address": address_fields(cart.shipping) | {"email": cart.email}, "line_items": items}
            checkout = self._data("POST", f"{path}/consignments", [consignment], OPTIONS)
            [stored] = checkout.get("consignments") or [{}]
            offered = stored.get("available_shipping_options") or []
            options = [_option(each) for each in offered]
            # The store's IDs of options change with each cart, their descriptions do not.
            wanted = next((row for row in offered if _option(row).id == cart.shipping_option), None)
            if wanted is not None:
                chosen = cart.shipping_option
                body = {"shipping_option_id": wanted["id"]}
                checkout = self._data("PUT", f"{path}/consignments/{stored['id']}", body, OPTIONS)
        return CheckoutQuote(
            shop_cart=number,
            options=options,
            option=chosen,
            subtotal_net=_amount(checkout, "subtotal_ex_tax"),
            shipping_net=_amount(checkout, "shipping_cost_total_ex_tax")
            + _amount(checkout, "handling_cost_total_ex_tax"),
            tax=_amount(checkout, "tax_total"),
            total=_amount(checkout, "grand_total"),
        )

    def discard(self, shop_cart: str) -> None:
        try:
            self.client.call("DELETE", f"{CARTS}/{shop_cart}")
        except RequestRejected as error:
            if error.status != 404:
                raise

    def find_order(self, shop_cart: str) -> str | None:
        """Also an incomplete one, whose status was not changed because the call before was interrupted."""
        for query in ({"cart_id": shop_cart}, {"cart_id": shop_cart, "status_id": 0}):
            for row in self.client.v2_list(ORDERS, **query):
                if not row.get("status_id"):
                    self._confirm(row["id"])
                return str(row["id"])
        return None

    def place_order(self, shop_cart: str) -> str:
        number = self._data("POST", f"{CHECKOUTS}/{shop_cart}/orders", {}).get("id")
        if not isinstance(number, int):
            raise_malformed_response(CHECKOUTS)
        self._confirm(number)
        return str(number)

    def payment_url(self, shop_cart: str) -> str:
        url = self._data("POST", f"{CARTS}/{shop_cart}/redirect_urls", {}).get("checkout_url")
        if not isinstance(url, str) or not url.startswith("https://"):
            raise_malformed_response(CARTS)
        return url

    def _confirm(self, number: int) -> None:
        body = {"status_id": AWAITING_PAYMENT, "payment_method": "Manual"}
        self.client.http.request("PUT", f"/v2{ORDERS}/{number}", body=body)

    def _data(self, method: str, path: str, body: Any, params: Row | None = None) -> Row:
        answer = self.client.call(method, path, body=body, params=params).json()
        match answer:
            case {"data": dict(data)}:
                return data
        raise_malformed_response(path.split("/")[1])


def _cart_body(cart: Cart) -> Row:
    return {
        "customer_id": int(cart.customer_id),
        "currency": {"code": cart.currency},
        "line_items": [
            {"product_id": int(line.product_id), "variant_id": int(line.variant_id), "quantity": line.quantity}
            | ({} if line.unit_price is None else {"list_price": float(line.unit_price)})
            for line in cart.lines
        ],
    }


def _option(row: Row) -> ShippingOption:
    name = str(row.get("description") or row.get("type") or "")
    return ShippingOption(id=f"{row.get('type')}:{name}", name=name, net=_amount(row, "cost"))


def _amount(row: Row, name: str) -> Decimal:
    try:
        return Decimal(str(row[name]))
    except (KeyError, InvalidOperation):
        raise_malformed_response(CHECKOUTS)
