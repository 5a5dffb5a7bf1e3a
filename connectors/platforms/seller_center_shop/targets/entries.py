"""Entries of the shop's queue: a variant's identity, stock and price."""

from collections.abc import Iterable
from decimal import Decimal

from catalog.items import VariantItem
from connectors.platforms.seller_center_shop.client import Entry, IdsBySku
from connectors.platforms.seller_center_shop.results import Result
from connectors.platforms.seller_center_shop.settings import Settings
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord
from connectors.sdk.operations import Outcome, References
from connectors.sdk.values import refuse_negative, variant_label
from hub.kinds import Kind

STATUSES = {"live": "active", "suspended": "inactive"}
NO_SPECIAL_PRICE: Entry = {"special_price": None, "special_from_date": None, "special_to_date": None}


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


def whole_stock(variant: VariantItem) -> int | None:
    """Whole units in all locations, never below zero; None if stock is not tracked."""
    return max(int(sum((each.quantity for each in variant.stock), Decimal(0))), 0) if variant.stock else None


def amounts(variant: VariantItem, settings: Settings) -> Entry:
    """`price` is the price before a reduction, `special_price` the one after it, which needs both its dates
    (product-api/updateprices). Nothing without a price."""
    single = (each for each in variant.prices if each.min_quantity == 1)
    default = next((each for each in single if settings.price_list in ("", each.price_list)), None)
    if default is None:
        return {}
    refuse_negative(variant, [default])
    if default.list_amount is None or default.list_amount <= default.amount:
        return {"price": _money(default.amount)} | NO_SPECIAL_PRICE
    return {
        "price": _money(default.list_amount),
        "special_price": _money(default.amount),
        "special_from_date": settings.special_price_from,
        "special_to_date": settings.special_price_to,
    }


def removal_outcome(external_id: str, result: Result | None = None) -> Outcome:
    """The outcome of removing an item. If the response to its creation was lost, its ID is unknown and it cannot be
    removed."""
    if external_id:
        return Outcome(external_id=external_id, error=rejection([result]))
    return Outcome(error=SkipRecord(issues.OUTCOME_UNKNOWN()))


def _money(amount: Decimal) -> str:
    """An amount in the vendor's format: a string with two decimals, or more if needed."""
    rounded = round(amount, 2)
    return f"{rounded:.2f}" if rounded == amount else f"{amount.normalize():f}"


def rejection(results: Iterable[Result | None]) -> SkipRecord | None:
    """The error of an item, from the results of its entries; None if none of them is a failure."""
    reasons = dict.fromkeys(
        f"{result.sku}: {result.error}" if result.sku else result.error for result in results if result and result.error
    )
    return SkipRecord(issues.REJECTED(reason="; ".join(reasons))) if reasons else None
