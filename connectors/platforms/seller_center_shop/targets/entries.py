"""Entries of the shop's queue: a variant's identity, stock and price."""

from decimal import Decimal

from catalog.items import VariantItem
from connectors.platforms.seller_center_shop.client import Entry, IdsBySku
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Outcome, References
from connectors.sdk.values import default_price, variant_label
from hub.kinds import Kind

STATUSES = {"live": "active", "suspended": "inactive"}


def identity(variant: VariantItem, refs: References) -> Entry:
    """The fields that identify a variant. SkipRecord without a SKU: the shop's responses contain nothing else."""
    if not variant.sku:
        raise SkipRecord(issues.SKU_MISSING(count=1, names=variant_label(variant)))
    product_id, config_id = refs.get(Kind.VARIANT, variant.id), refs.get(Kind.PRODUCT, variant.product_id)
    linked = {"product_id": product_id, "config_id": config_id} if product_id and config_id else {}
    return {"seller_sku": variant.sku} | linked


def with_ids(entry: Entry, known: IdsBySku) -> Entry:
    """The entry with the shop's IDs, if they are known."""
    ids = known.get(entry["seller_sku"])
    return entry if ids is None else entry | {"product_id": ids[0], "config_id": ids[1]}


def quantity(variant: VariantItem) -> Entry:
    """Whole units in all locations; nothing if stock is not tracked."""
    return {"stock": int(sum((each.quantity for each in variant.stock), Decimal(0)))} if variant.stock else {}


def amounts(variant: VariantItem, price_list: str) -> Entry:
    """`price` is the price before a reduction, `special_price` the one after it. Nothing without a price."""
    default = default_price(variant, price_list)
    if default is None:
        return {}
    if default.list_amount is None or default.list_amount <= default.amount:
        return {"price": _money(default.amount), "special_price": None}
    return {"price": _money(default.list_amount), "special_price": _money(default.amount)}


def removal_outcome(external_id: str) -> Outcome:
    """The outcome of removing an item. If the response to its creation was lost, its ID is unknown and it cannot be
    removed."""
    if external_id:
        return Outcome(external_id=external_id)
    return Outcome(error=SkipRecord(issues.OUTCOME_UNKNOWN()))


def _money(amount: Decimal) -> str:
    """An amount in the vendor's format: a string with two decimals, or more if needed."""
    rounded = round(amount, 2)
    return f"{rounded:.2f}" if rounded == amount else f"{amount.normalize():f}"
