"""Values of our items as a store holds them."""

from collections.abc import Sequence
from decimal import Decimal

from catalog.items import PriceItem, VariantItem
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import References
from hub.kinds import Kind

SOLD_STATUSES = ("live", "suspended")
URL_LENGTH = 255


def number(value: Decimal | None) -> int | float | None:
    """As JSON has it, whole numbers without a fraction, so that 5 and 5.000 are the same payload."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def default_price(item: VariantItem, price_list: str) -> PriceItem | None:
    """For a single piece, of the list named or else of the first."""
    single = (each for each in item.prices if each.min_quantity == 1)
    return next((each for each in single if price_list in ("", each.price_list)), None)


def full_and_sale(price: PriceItem) -> tuple[Decimal, Decimal | None]:
    """A price before a reduction is the store's price, and the reduced one its sale price."""
    if price.list_amount is None or price.list_amount <= price.amount:
        return price.amount, None
    return price.list_amount, price.amount


def remote_variant_id(item: VariantItem, refs: References) -> int:
    """SkipRecord while the store does not have the variant."""
    remote_id = refs.get(Kind.VARIANT, item.id)
    if remote_id is None:
        raise SkipRecord(issues.NOT_AT_TARGET_YET(name=item.sku or str(item.id)))
    return int(remote_id)


def check_name(name: str, limit: int) -> None:
    """SkipRecord for a name that the store could not hold."""
    if not 0 < len(name) <= limit:
        raise SkipRecord(issues.NAME_LENGTH(name=name, length=len(name), limit=limit))


def names(items: Sequence[VariantItem]) -> str:
    """The first few of the variants, for the text of an issue."""
    return ", ".join(_variant_name(each) for each in items[:5])


def _variant_name(item: VariantItem) -> str:
    return item.sku or " / ".join(each["value"] for each in item.options) or f"number {item.position + 1}"
