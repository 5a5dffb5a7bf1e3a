"""API schemas of carts that B2B storefronts let the shop compute and complete.

Names that SparkLayer documents are `cart_id`, `customer`, `currency_code`, the addresses, `shipping_line`, `line_items`
and `ignite_state`, and in the answer `available_shipping_methods`, `totals` and `ignite_state`. What is inside them is
assumed, so several spellings are read.
"""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from ninja import Field, Schema
from pydantic import AliasChoices, BeforeValidator, StringConstraints

from common.storable import Line
from connectors.api_schemas import StorefrontAddressIn
from connectors.sdk.checkouts import CheckoutQuote
from connectors.services.storefront_checkouts import CompletedCart, StorefrontCart, StorefrontLine

Line200 = Annotated[Line, StringConstraints(max_length=200)]
UPFRONT = ("upfrontPayment", "platform_upfront")


def _number(value: Any) -> Any:
    """The number of an amount, which may be an object of number and currency."""
    return value.get("number") if isinstance(value, dict) else value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Price = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, le=10**9)]
Id = Annotated[Line200, BeforeValidator(_text)]


class CartCustomerIn(Schema):
    external_id: Annotated[Id, StringConstraints(min_length=1)]


class CartLineIn(Schema):
    external_id: Id = Field("", validation_alias=AliasChoices("external_id", "variant_external_id", "variant_id"))
    sku: Id = ""
    quantity: int = Field(ge=1, le=1_000_000)
    price: Price | None = Field(None, validation_alias=AliasChoices("price", "unit_price"))

    def to_line(self) -> StorefrontLine:
        return StorefrontLine(external_id=self.external_id, sku=self.sku, quantity=self.quantity, unit_price=self.price)


class ShippingLineIn(Schema):
    id: Id = Field("", validation_alias=AliasChoices("id", "external_id", "handle", "code"))


class StateIn(Schema):
    """What we returned last time."""

    shop_cart: Line200 = ""
    total: Price | None = None


class CartIn(Schema):
    """A cart of the storefront. Unknown fields are ignored."""

    cart_id: UUID
    customer: CartCustomerIn
    currency_code: Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{3}$")]
    billing_address: StorefrontAddressIn
    shipping_address: StorefrontAddressIn | None = None
    shipping_line: ShippingLineIn | None = None
    line_items: list[CartLineIn] = Field(min_length=1, max_length=500)
    payment_type: Line200 = Field("", validation_alias=AliasChoices("payment_type", "payment_method"))
    ignite_state: StateIn | None = None

    @property
    def pay_upfront(self) -> bool:
        return self.payment_type in UPFRONT

    def to_cart(self) -> StorefrontCart:
        return StorefrontCart(
            cart_id=self.cart_id,
            customer=self.customer.external_id,
            currency=self.currency_code,
            billing=self.billing_address.to_record(),
            shipping=(self.shipping_address or self.billing_address).to_record(),
            shipping_option=self.shipping_line.id if self.shipping_line else "",
            lines=[line.to_line() for line in self.line_items],
        )


class ShippingMethodOut(Schema):
    id: str
    title: str
    price: str


class TotalsOut(Schema):
    """Without tax, but `tax` and `total`."""

    subtotal: str
    shipping: str
    tax: str
    total: str


class StateOut(Schema):
    shop_cart: str
    total: str


class QuoteOut(Schema):
    available_shipping_methods: list[ShippingMethodOut]
    totals: TotalsOut
    ignite_state: StateOut = Field(description="Send it with the next call about the cart.")

    @classmethod
    def of(cls, quote: CheckoutQuote, *, signed_cart: str) -> "QuoteOut":
        totals = {
            "subtotal": quote.subtotal_net, "shipping": quote.shipping_net, "tax": quote.tax, "total": quote.total,
        }  # fmt: skip
        return cls(
            available_shipping_methods=[
                ShippingMethodOut(id=each.id, title=each.name, price=str(each.net)) for each in quote.options
            ],
            totals=TotalsOut(**{name: str(amount) for name, amount in totals.items()}),
            ignite_state=StateOut(shop_cart=signed_cart, total=str(quote.total)),
        )


class CompletedOut(Schema):
    """Either the order that the shop made, or where the customer pays."""

    order_external_id: str | None = None
    redirect_url: str | None = None

    @classmethod
    def of(cls, completed: CompletedCart) -> "CompletedOut":
        return cls(order_external_id=completed.order_id or None, redirect_url=completed.redirect_url or None)
