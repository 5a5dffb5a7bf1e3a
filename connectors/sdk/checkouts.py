"""Checkouts of a shop that a B2B storefront calculates and completes while a person waits.

An adapter names its class in `Adapter.checkouts`. Amounts are in the major unit of the currency; `net` is without tax.
"""

import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Generic, TypeVar

from connectors.sdk.errors import ConnectorError
from connectors.sdk.records import AddressRecord

logger = logging.getLogger(__name__)

ClientT = TypeVar("ClientT")


class CheckoutRefused(ValueError):
    """The shop cannot sell this. The text says why and what to do, without personal data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutLine:
    """A line of a cart. IDs are the shop's; without a `unit_price` (net) the shop's own price is used."""

    product_id: str
    variant_id: str
    quantity: int
    unit_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What is to be bought. `customer_id` is the shop's; `shipping_option` the ID of the chosen option, or empty."""

    customer_id: str
    email: str
    currency: str
    billing: AddressRecord
    shipping: AddressRecord
    shipping_option: str = ""
    lines: list[CheckoutLine] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingOption:
    id: str
    name: str
    net: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutQuote:
    """What the shop computed. `shop_cart` is the shop's cart, which can be completed; `cart_was_empty`: a customer's
    one cart, which contained nothing before."""

    shop_cart: str
    options: list[ShippingOption]
    option: str
    subtotal_net: Decimal
    shipping_net: Decimal
    tax: Decimal
    total: Decimal
    cart_was_empty: bool = False


class Checkouts(ABC, Generic[ClientT]):
    """Carts of a shop.

    `one_cart_per_customer`: all carts of a customer are the same cart of the shop, which the shop's own pages use too.
    So one that was only calculated is discarded at once, calls about a customer wait for each other, and a cart is
    calculated again just before it is ordered.
    """

    one_cart_per_customer: ClassVar[bool] = False

    def __init__(self, client: ClientT) -> None:
        self.client = client

    @abstractmethod
    def calculate(self, cart: Cart) -> CheckoutQuote:
        """Create a cart at the shop, and let it compute shipping options, tax and total. Raises CheckoutRefused."""

    @abstractmethod
    def discard(self, shop_cart: str) -> None:
        """Delete a cart that will not be completed; one that does not exist is no error.

        With `one_cart_per_customer`: take out what `calculate` of this object put into it, and nothing else.
        """

    def clean_up(self, shop_cart: str) -> None:
        """`discard` after something more important. A failure is only logged."""
        try:
            self.discard(shop_cart)
        except (CheckoutRefused, ConnectorError) as error:
            logger.warning("Cart %s of the shop was not discarded: %s", shop_cart, type(error).__name__)

    @abstractmethod
    def find_order(self, shop_cart: str) -> str | None:
        """The ID of the order that was made of a cart; None if there is none."""

    def is_order_of(self, order_id: str, cart: Cart) -> bool:
        """Whether an order contains what is in the cart and nothing else: with `one_cart_per_customer`, the customer
        may have ordered other things in the shop."""
        return True

    @abstractmethod
    def place_order(self, shop_cart: str) -> str:
        """Make an order of the cart, which is paid outside the shop, and return its ID. Not safe to repeat: look with
        `find_order` first."""

    @abstractmethod
    def payment_url(self, shop_cart: str) -> str:
        """Where the customer pays for the cart in the shop."""
