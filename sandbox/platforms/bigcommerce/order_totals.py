"""What an order costs: prices with and without tax of lines and charges, and the totals.

Prices are kept as they were entered, with or without tax (`is_tax_inclusive_pricing`). The values on that side are
exact, those on the other side are worked out from the tax. By the vendor's reference for V2 orders:

- `price_tax` is `price_inc_tax - price_ex_tax`; a line's `total_ex_tax` and `total_inc_tax` are before discounts, its
  `total_tax` is that of the discounted price: `(price_ex_tax - discount) * tax_rate`;
- `discounted_total_inc_tax` is the line after all discounts, with tax;
- the subtotal counts products and fees before discounts; the total counts subtotal, shipping, handling and wrapping,
  less discounts. A printed order shows that `coupon_discount` and `discount_amount` are both taken off, and that
  `subtotal_tax` is the tax of the discounted lines. Another printed line shows a manual discount that leaves its tax
  alone: an order can be placed either way (`tax_before_discount`).

Assumed: tax is rounded for each line and charge; a discount of the order is shared over lines in proportion to their
totals; store credit, gift certificates and refunds leave the total alone, since they are payments.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from sandbox.money import ZERO, places_of, rounded, shared
from sandbox.tables import Row

HUNDRED = Decimal(100)
PRICE_PLACES = 4


@dataclass(frozen=True, slots=True)
class Amount:
    """One amount with and without tax. `tax` is less than their difference if a discount lowers it."""

    ex_tax: Decimal = ZERO
    inc_tax: Decimal = ZERO
    tax: Decimal = ZERO
    discount: Decimal = ZERO

    @classmethod
    def of(cls, entered: Decimal, rate: Decimal, places: int, order: Row, *, discount: Decimal = ZERO) -> Self:
        """The amount that was entered with or without tax, whichever the order says."""
        inclusive = order.get("prices_include_tax", False)
        entered = rounded(entered, places)
        whole = _tax(entered, rate, places, inclusive=inclusive)
        taxed = (
            whole if order.get("tax_before_discount") else _tax(entered - discount, rate, places, inclusive=inclusive)
        )
        if inclusive:
            return cls(entered - whole, entered, taxed, discount)
        return cls(entered, entered + whole, taxed, discount)

    def after_discount(self, *, inclusive: bool) -> "Amount":
        """The amount that is charged."""
        if inclusive:
            return Amount(self.inc_tax - self.discount - self.tax, self.inc_tax - self.discount, self.tax)
        return Amount(self.ex_tax - self.discount, self.ex_tax - self.discount + self.tax, self.tax)

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(
            self.ex_tax + other.ex_tax,
            self.inc_tax + other.inc_tax,
            self.tax + other.tax,
            self.discount + other.discount,
        )


def _tax(entered: Decimal, rate: Decimal, places: int, *, inclusive: bool) -> Decimal:
    return rounded(entered * rate / ((HUNDRED + rate) if inclusive else HUNDRED), places)


def total_of(amounts: Iterable[Amount]) -> Amount:
    return sum(amounts, Amount())


def places(order: Row) -> int:
    return places_of(order.get("currency", ""))


def discounts(line: Row) -> Decimal:
    return sum((Decimal(each["amount"]) for each in line.get("discounts", ())), ZERO)


def line_amount(order: Row, line: Row) -> Amount:
    """A line's total before discounts, with its discounts."""
    entered = Decimal(line["price"]) * line["quantity"]
    return Amount.of(entered, rate_of(line), places(order), order, discount=discounts(line))


def line_price(order: Row, line: Row) -> Amount:
    """The price of one piece. The side that was not entered has four decimal places."""
    return Amount.of(Decimal(line["price"]), rate_of(line), PRICE_PLACES, order)


def wrapping_amount(order: Row, line: Row) -> Amount:
    """Gift wrapping of all pieces of a line."""
    entered = Decimal(line.get("wrapping", 0)) * line["quantity"]
    return Amount.of(entered, rate_of(order.get("wrapping_tax", {})), places(order), order)


def charges(order: Row, kind: str) -> list[Row]:
    """The charges of a kind: `shipping`, `handling` or `fee`."""
    return [each for each in order.get("charges", ()) if each["kind"] == kind]


def charge_amount(order: Row, charge: Row) -> Amount:
    return Amount.of(Decimal(charge["amount"]), rate_of(charge), places(order), order)


def rate_of(row: Row) -> Decimal:
    return Decimal(row.get("tax_rate", 0))


@dataclass(frozen=True, slots=True)
class OrderTotals:
    """The totals of an order. `subtotal` is before discounts, `total` is what was charged."""

    subtotal: Amount
    shipping: Amount
    handling: Amount
    wrapping: Amount
    total: Amount
    coupons: Decimal
    other_discounts: Decimal

    @classmethod
    def of(cls, order: Row) -> Self:
        inclusive = order.get("prices_include_tax", False)
        fees = [charge_amount(order, each) for each in charges(order, "fee")]
        subtotal = total_of([line_amount(order, line) for line in order["lines"]] + fees)
        shipping, handling = (
            total_of(charge_amount(order, each) for each in charges(order, kind)) for kind in ("shipping", "handling")
        )
        wrapping = total_of(wrapping_amount(order, line) for line in order["lines"])
        applied = [each for line in order["lines"] for each in line.get("discounts", ())]
        coupons = sum((Decimal(each["amount"]) for each in applied if each.get("code")), ZERO)
        return cls(
            subtotal=subtotal,
            shipping=shipping,
            handling=handling,
            wrapping=wrapping,
            total=(subtotal + shipping + handling + wrapping).after_discount(inclusive=inclusive),
            coupons=coupons,
            other_discounts=subtotal.discount - coupons,
        )


def shared_discount(order: Row, amount: Decimal, discount: Row) -> None:
    """Take a discount off the order: each line gets its share, after the discounts that it has already."""
    left = [
        rounded(Decimal(line["price"]) * line["quantity"], places(order)) - discounts(line) for line in order["lines"]
    ]
    for line, part in zip(order["lines"], shared(amount, left, places(order)), strict=True):
        if part:
            line.setdefault("discounts", []).append({**discount, "amount": str(part)})
