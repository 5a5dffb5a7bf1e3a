"""Helpers for variants in the payloads of several streams."""

from catalog.items import VariantItem
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.values import variant_label


def label(item: VariantItem) -> str:
    """The name of a variant in issues: its SKU, else its options, else its position."""
    return item.sku or variant_label(item)


def sku_of(item: VariantItem) -> str:
    """SkipRecord for a variant without SKU."""
    if not item.sku:
        raise SkipRecord(issues.SKU_MISSING(count=1, names=label(item)))
    return item.sku
