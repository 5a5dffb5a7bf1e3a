"""What payloads of several streams tell of a variant."""

from catalog.items import PriceItem, VariantItem
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord

SOLD_STATUSES = ("live", "suspended")


def label(item: VariantItem) -> str:
    """The name of a variant in issues: its SKU, or else its options or its place."""
    return item.sku or ", ".join(each["value"] for each in item.options) or f"number {item.position + 1}"


def sku_of(item: VariantItem) -> str:
    """SkipRecord for a variant without SKU."""
    if not item.sku:
        raise SkipRecord(issues.SKU_MISSING(count=1, names=label(item)))
    return item.sku


def default_price(item: VariantItem, price_list: str) -> PriceItem | None:
    """The price of a single piece in the list named, or else in the first."""
    single = (each for each in item.prices if each.min_quantity == 1)
    return next((each for each in single if price_list in ("", each.price_list)), None)
