"""Orders made of parts, in no vendor's terms: what a shopper bought, at which prices, with which charges and discounts.

A simulated platform turns the parts into an order by its vendor's rules (`sandbox.sales`). Amounts are text, in the
currency of the order. `prices_include_tax` tells how to read prices, charges and discounts.
"""

from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, Self

from sandbox.money import ZERO, amount_of, places_of

# What a line can be. `set` is a bundle whose parts have prices of their own, `fixed_set` one with a price of its own.
KINDS = (
    "product", "custom", "variant", "digital", "virtual", "gift_certificate", "set", "fixed_set",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PartOfSet:
    """One product of a set: `quantity` for one set, `price` of one piece (none in a fixed set)."""

    sku: str
    quantity: int = 1
    price: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class LineParts:
    """One line. `price` and `wrapping` are for one piece, `discount` is for the whole line, `tax_rate` is a percentage.

    `sku` names a product of the shop, or is free text for a custom line; `address` is the place of the address that
    the line goes to. A set has `parts`, which may be `shipped_together`.
    """

    sku: str = ""
    quantity: int = 1
    price: Decimal = ZERO
    tax_rate: Decimal = ZERO
    discount: Decimal = ZERO
    kind: str = "product"
    name: str = ""
    wrapping: Decimal = ZERO
    address: int = 0
    vendor: str = ""
    parts: tuple[PartOfSet, ...] = ()
    shipped_together: bool = False


@dataclass(frozen=True, slots=True)
class ChargeParts:
    """An amount besides the lines: `shipping`, `handling` or `fee`."""

    kind: str
    amount: Decimal
    tax_rate: Decimal = ZERO
    name: str = ""
    address: int = 0


@dataclass(frozen=True, slots=True)
class OrderParts:
    """One order. `rate` is the price of one unit of the shop's currency in the order's; without `currency` the shop's
    is used. `discount` is taken off the whole order by hand, `coupon` by a code. Store credit and gift certificates are
    means of payment.
    """

    lines: tuple[LineParts, ...]
    charges: tuple[ChargeParts, ...] = ()
    currency: str = ""
    rate: Decimal = Decimal(1)
    prices_include_tax: bool = False
    tax_before_discount: bool = False
    discount: Decimal = ZERO
    coupon: Decimal = ZERO
    coupon_code: str = ""
    store_credit: Decimal = ZERO
    gift_certificate: Decimal = ZERO
    addresses: tuple[dict[str, str], ...] = ()
    customer: int = 0
    note: str = ""
    paid: bool = True

    @classmethod
    def parsed(cls, body: Any) -> Self:
        """Read an order from JSON. Raises ValueError that names the field."""
        values = _values(cls, body, "order")
        values["lines"] = tuple(line_parts(each) for each in _list(body, "lines"))
        values["charges"] = tuple(_charge(each) for each in _list(body, "charges"))
        values["addresses"] = tuple(_list(body, "addresses"))
        if not values["lines"]:
            raise ValueError("lines must have at least one line")
        return cls(**values)

    def in_currency(self, currency: str) -> Self:
        """The order with the shop's currency, unless it has one of its own."""
        return self if self.currency else replace(self, currency=currency)

    @property
    def places(self) -> int:
        return places_of(self.currency)


def line_parts(body: Any) -> LineParts:
    """Read a line from JSON. Raises ValueError that names the field."""
    values = _values(LineParts, body, "line")
    values["parts"] = tuple(PartOfSet(**_values(PartOfSet, each, "part")) for each in _list(body, "parts"))
    line = LineParts(**values)
    if line.kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    if line.quantity < 1:
        raise ValueError("quantity must be at least 1")
    if bool(line.parts) != (line.kind in ("set", "fixed_set")):
        raise ValueError("sets, and only sets, have parts")
    return line


def _charge(body: Any) -> ChargeParts:
    charge = ChargeParts(**_values(ChargeParts, body, "charge"))
    if charge.kind not in ("shipping", "handling", "fee"):
        raise ValueError("a charge must be shipping, handling or a fee")
    return charge


def _list(body: dict[str, Any], name: str) -> list[Any]:
    given = body.get(name, [])
    if not isinstance(given, list):
        raise ValueError(f"{name} must be a list")
    return given


def _values(kind: type, body: Any, name: str) -> dict[str, Any]:
    """The fields of a dataclass given in JSON, with amounts as decimals."""
    if not isinstance(body, dict):
        raise ValueError(f"{name} must be an object")
    known = {field.name: field for field in fields(kind)}
    if unknown := [each for each in body if each not in known]:
        raise ValueError(f"{name} has no field {unknown[0]}")
    values = {}
    for each, value in body.items():
        if known[each].type is Decimal:
            values[each] = amount_of(value, each)
        elif known[each].type in (str, int, bool):
            if type(value) is not known[each].type:
                raise ValueError(f"{each} has the wrong type")
            values[each] = value
    return values
