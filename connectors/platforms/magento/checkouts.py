"""Carts of a Magento shop.

https://developer.adobe.com/commerce/webapi/rest/tutorials/orders/ shows the steps for a customer's token, the schema of
the admin API (`quoteCartManagementV1`, `quoteCartItemRepositoryV1`, `checkoutShippingInformationManagementV1`) the same
calls for an integration.

A customer has one active cart, which the shop's own pages use as well: the call that creates one returns it. So a cart
with anything that is not being ordered is left alone, and what a calculation puts into it is taken out again. No call
sets a price (seen in code, `CartItemPersister`): the shop charges its own, and a line with another price is refused.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.platforms.magento.client import Row, ShopClient, row_ids
from connectors.platforms.magento.error_messages import error_message
from connectors.platforms.magento.regions import region_of
from connectors.platforms.magento.search import Filter
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.values import text
from connectors.sdk.checkouts import Cart, CheckoutLine, CheckoutQuote, CheckoutRefused, Checkouts, ShippingOption
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import ConnectorError, NeedsAttention
from connectors.sdk.records import AddressRecord
from connectors.sdk.responses import RequestRejected

CARTS = "/carts"
# Prices with tax that the shop divides may differ by this much from the storefront's.
TOLERANCE = Decimal("0.01")
OTHER_CART = "The customer has another cart in the shop. Order it or empty it there, then try again."


class ShopCheckouts(Checkouts[ShopClient]):
    one_cart_per_customer = True

    def __init__(self, client: ShopClient) -> None:
        super().__init__(client)
        # The items that were in the cart before, and `sku_key` → quantity of what was put into it.
        self._kept: set[int] = set()
        self._added: dict[str, int] = {}

    def calculate(self, cart: Cart) -> CheckoutQuote:
        with _rejections():
            items, prices = self._items(cart.lines)
            number = str(self._number(self._call("POST", f"/customers/{int(cart.customer_id)}/carts")))
            wanted = {key: item["qty"] for key, item in items.items()}
            stored = self._stored(number)
            found = _quantities(stored, "qty")
            if len(found) != len(stored) or any(wanted.get(key) != quantity for key, quantity in found.items()):
                raise CheckoutRefused(OTHER_CART)
        # Also an item whose answer is lost, so by SKU and quantity.
        self._kept = set(row_ids(stored, "item_id"))
        self._added = {key: quantity for key, quantity in wanted.items() if key not in found}
        try:
            with _rejections():
                for key in self._added:
                    body = {"cartItem": items[key] | {"quote_id": number}}
                    self._call("POST", f"{CARTS}/{number}/items", body)
                return self._quote(number, cart, wanted, prices)
        except (CheckoutRefused, ConnectorError):
            self.clean_up(number)
            raise

    def discard(self, shop_cart: str) -> None:
        with _rejections():
            for item in self._stored(shop_cart):
                number, quantity = whole_number(item["item_id"]), Decimal(str(item["qty"]))
                if number not in self._kept and self._added.get(sku_key(text(item.get("sku")))) == quantity:
                    self._remove(shop_cart, number)

    def find_order(self, shop_cart: str) -> str | None:
        rows, _ = self.client.search("/orders", [Filter("quote_id", shop_cart)], sort=("entity_id",), size=1)
        return next((str(number) for number in row_ids(rows, "entity_id")), None)

    def is_order_of(self, order_id: str, cart: Cart) -> bool:
        with _rejections():
            items, _ = self._items(cart.lines)
            rows, _ = self.client.search("/orders", [Filter("entity_id", order_id)], sort=("entity_id",), size=1)
            lines = [each for row in rows for each in row["items"] if not each.get("parent_item_id")]
            return _quantities(lines, "qty_ordered") == {key: item["qty"] for key, item in items.items()}

    def place_order(self, shop_cart: str) -> str:
        body = {"paymentMethod": {"method": self.client.settings.b2b_payment_method}}
        with _rejections():
            return str(self._number(self._call("PUT", f"{CARTS}/{shop_cart}/order", body)))

    def payment_url(self, shop_cart: str) -> str:
        """The checkout page, which shows signed-in customers their cart."""
        view = self.client.b2b_view
        return f"{view.get('secure_base_link_url') or view['secure_base_url']}checkout/"

    def _items(self, lines: list[CheckoutLine]) -> tuple[dict[str, Row], list[tuple[str, CheckoutLine]]]:
        """`sku_key` → the item without its cart, and the lines with that key."""
        products = self.client.products_by_id({each for line in lines for each in (line.product_id, line.variant_id)})
        quantities = Counter[str]()
        for line in lines:
            quantities[line.variant_id] += line.quantity
        items: dict[str, Row] = {}
        keys: dict[str, str] = {}
        for variant_id, quantity in quantities.items():
            product_id = next(line.product_id for line in lines if line.variant_id == variant_id)
            if variant_id not in products or product_id not in products:
                raise CheckoutRefused("The shop has deleted a product of the cart.")
            sold, chosen = products[product_id], products[variant_id]
            key = keys[variant_id] = sku_key(chosen["sku"])
            items[key] = {"sku": sold["sku"], "qty": quantity}
            if sold["type_id"] == "configurable":
                options = {"configurable_item_options": self._options(sold, chosen)}
                items[key]["product_option"] = {"extension_attributes": options}
        return items, [(keys[line.variant_id], line) for line in lines]

    def _options(self, sold: Row, chosen: Row) -> list[Row]:
        """The options of a configurable product that choose one of its parts."""
        declared = (sold.get("extension_attributes") or {}).get("configurable_product_options") or ()
        wanted = [str(each["attribute_id"]) for each in declared]
        rows = self.client.fetch_by_values("/products/attributes", "attribute_id", wanted)
        codes = {str(row["attribute_id"]): row["attribute_code"] for row in rows}
        values = {each["attribute_code"]: each["value"] for each in chosen.get("custom_attributes") or ()}
        return [{"option_id": each, "option_value": int(values[codes[each]])} for each in wanted]

    def _remove(self, number: str, item_id: int | None) -> None:
        try:
            self._call("DELETE", f"{CARTS}/{number}/items/{item_id}")
        except RequestRejected as error:
            if error.status != 404:
                raise

    def _stored(self, number: str) -> list[Row]:
        try:
            rows = self._call("GET", f"{CARTS}/{number}/items")
        except RequestRejected as error:
            if error.status == 404:  # it became an order
                return []
            raise
        if not isinstance(rows, list) or len(row_ids(rows, "item_id")) != len(rows):
            self.client.raise_malformed_response(CARTS)
        return rows

    def _quote(
        self, number: str, cart: Cart, contents: dict[str, int], prices: list[tuple[str, CheckoutLine]]
    ) -> CheckoutQuote:
        path = f"{CARTS}/{number}"
        billing, shipping = self._address(cart.billing, cart.email), self._address(cart.shipping, cart.email)
        offered = self._call("POST", f"{path}/estimate-shipping-methods", {"address": shipping})
        methods = [each for each in offered if each.get("available")]
        wanted = next((each for each in methods if _method_id(each) == cart.shipping_option), None)
        if wanted is not None:
            information = {
                "shipping_address": shipping,
                "billing_address": billing,
                "shipping_carrier_code": wanted["carrier_code"],
                "shipping_method_code": wanted["method_code"],
            }
            details = self._call("POST", f"{path}/shipping-information", {"addressInformation": information})
            totals = details["totals"]
            self._check_payment(details["payment_methods"])
        else:
            self._call("POST", f"{path}/billing-address", {"address": billing})
            totals = self._call("POST", f"{path}/totals-information", {"addressInformation": {"address": shipping}})
        if totals.get("quote_currency_code") != cart.currency:
            raise CheckoutRefused(f"The shop sells in {totals.get('quote_currency_code')}, not in {cart.currency}.")
        stored = self._stored(number)
        if _quantities(stored, "qty") != contents:  # the customer put something into it meanwhile
            raise CheckoutRefused(OTHER_CART)
        _check_prices(stored, totals, prices)
        return CheckoutQuote(
            shop_cart=number,
            options=[ShippingOption(id=_method_id(each), name=_name(each), net=_net(each)) for each in methods],
            option=cart.shipping_option if wanted is not None else "",
            subtotal_net=_amount(totals, "subtotal_with_discount"),
            shipping_net=_amount(totals, "shipping_amount"),
            tax=_amount(totals, "tax_amount"),
            total=_amount(totals, "grand_total"),
            cart_was_empty=not self._kept,
        )

    def _check_payment(self, offered: list[Row]) -> None:
        wanted = self.client.settings.b2b_payment_method
        codes = [str(each.get("code")) for each in offered]
        if wanted not in codes:
            raise NeedsAttention(
                f"The shop offers no payment by {wanted} for this cart, but by {', '.join(codes) or 'nothing'}.",
                fix="Choose one of these as “Payment method of B2B orders” in the connection to Magento.",
            )

    def _address(self, address: AddressRecord, email: str) -> Row:
        return {
            "firstname": address.first_name,
            "lastname": address.last_name,
            "company": address.company,
            "street": [line for line in (address.street, address.street2) if line],
            "city": address.city,
            "postcode": address.postcode,
            "country_id": address.country,
            "telephone": address.phone,
            "email": email,
            **region_of(self.client, address.country, address.region),
        }

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        """A call in the storefront's store view: the cart and its order belong to it."""
        return self.client.http.request(method, f"/rest/{self.client.b2b_view['code']}/V1{path}", body=body).json()

    def _number(self, answer: Any) -> int:
        number = whole_number(answer)
        if number is None:
            self.client.raise_malformed_response(CARTS)
        return number


@contextmanager
def _rejections() -> Iterator[None]:
    """What the shop refuses, in its own words. An answer without what is documented is refused too."""
    try:
        yield
    except RequestRejected as error:
        raise CheckoutRefused(f"The shop refused the cart: {error_message(error)[:200]}") from error
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        if isinstance(error, CheckoutRefused):
            raise
        raise NeedsAttention("The shop's answer about the cart is not as documented.") from error


def _check_prices(stored: list[Row], totals: Row, prices: list[tuple[str, CheckoutLine]]) -> None:
    keys = {each["item_id"]: sku_key(text(each.get("sku"))) for each in stored}
    charged = {keys.get(each.get("item_id"), ""): _amount(each, "price") for each in totals.get("items") or ()}
    for key, line in prices:
        if line.unit_price is not None and abs(charged[key] - line.unit_price) > TOLERANCE:
            raise CheckoutRefused(
                f"The shop sells {key} at {charged[key]}, the storefront at {line.unit_price}. "
                "Synchronize the prices of the shop with the storefront."
            )


def _quantities(rows: Iterable[Row], name: str) -> dict[str, Decimal]:
    """`sku_key` → how many of it the rows contain."""
    found: dict[str, Decimal] = {}
    for row in rows:
        key = sku_key(text(row.get("sku")))
        found[key] = found.get(key, Decimal(0)) + _amount(row, name)
    return found


def _method_id(row: Row) -> str:
    return f"{row.get('carrier_code')}_{row.get('method_code')}"


def _name(row: Row) -> str:
    return " – ".join(part for part in (text(row.get("carrier_title")), text(row.get("method_title"))) if part)


def _net(row: Row) -> Decimal:
    return _amount(row, "price_excl_tax")


def _amount(row: Row, name: str) -> Decimal:
    return Decimal(str(row[name]))
