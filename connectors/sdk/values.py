"""Values of our items in the form that several platforms share."""

from collections.abc import Iterable
from decimal import Decimal
from typing import overload

from catalog.items import PriceItem, VariantItem
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord

# Products in any other status are not for sale: a target removes them, or never creates them.
SOLD_STATUSES = ("live", "suspended")


@overload
def json_number(value: Decimal) -> int | float: ...
@overload
def json_number(value: None) -> None: ...
def json_number(value: Decimal | None) -> int | float | None:
    """A JSON number; whole numbers have no fraction, so that 5 and 5.000 are the same payload."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def variant_label(variant: VariantItem) -> str:
    """The name of a variant that may have no SKU: its option values, or else its position."""
    return ", ".join(each["value"] for each in variant.options) or f"number {variant.position + 1}"


def prices_in(variant: VariantItem, price_list: str) -> list[PriceItem]:
    """The prices in the list with this code, by quantity; if `price_list` is empty, in the first list for everybody.

    A list for customer groups is used only if it is named: its prices must not be shown to others.
    """
    code = price_list or next((each.price_list for each in variant.prices if not each.customer_groups), None)
    return [each for each in variant.prices if each.price_list == code]


def default_price(variant: VariantItem, price_list: str) -> PriceItem | None:
    """The price of a single piece in the list with this code; if `price_list` is empty, in the first list for everybody
    that has one. SkipRecord if it is below zero and the variant for sale."""
    single = (each for each in variant.prices if each.min_quantity == 1)
    found = next(
        (each for each in single if (each.price_list == price_list if price_list else not each.customer_groups)), None
    )
    if found is not None:
        refuse_negative(variant, [found])
    return found


def refuse_negative(variant: VariantItem, prices: Iterable[PriceItem]) -> None:
    """SkipRecord if a price of a variant for sale is below zero: some targets take it, others reject a whole batch."""
    if variant.status in SOLD_STATUSES and any(each.amount < 0 for each in prices):
        raise SkipRecord(issues.PRICE_NEGATIVE(names=variant.sku or variant_label(variant)))


def cut(text: str, length: int) -> str:
    """The beginning of a text, up to the end of a word if that costs at most a quarter of it."""
    if len(text) <= length:
        return text
    head = text[:length]
    if text[length].isspace():
        return head.rstrip()
    at = max(head.rfind(separator) for separator in (" ", ",", ";", "/"))
    return head[:at].rstrip(" ,;/") if at >= length * 3 // 4 else head
