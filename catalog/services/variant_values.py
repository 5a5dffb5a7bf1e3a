"""Saves prices and stock of variants whose content comes from another source."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from catalog.items import load_variants
from catalog.models import PriceList
from catalog.records import VariantRecord
from catalog.services.products import save_variant_prices
from catalog.services.revisions import bump_revisions
from catalog.services.saved import SavedProduct, SavedVariant
from catalog.services.stock import save_stock
from hub.kinds import Kind
from hub.models import Master
from hub.queue import enqueue


@dataclass(slots=True)
class VariantDraft:
    """A record with the ID of its variant."""

    record: VariantRecord
    variant_id: int


@transaction.atomic
def save_variant_values(
    *,
    seller_id: int,
    drafts: Sequence[VariantDraft],
    groups: Collection[str],
    price_list: PriceList | None,
    origin: int | None,
    now: datetime,
    sole_stock_source: bool,
) -> dict[int, SavedProduct]:
    """Save prices and stock of variants that exist, as `save_products` does, and nothing else of the records.

    Variant ID → what became of it. Raises DataError for values that PostgreSQL rejects.
    """
    known = load_variants([draft.variant_id for draft in drafts])
    variants = [
        SavedVariant(item.id, draft.record, item, SavedProduct(item.product_id, created=False))
        for draft in drafts
        if (item := known.get(draft.variant_id)) is not None
    ]
    if Master.Group.PRICE in groups:
        save_variant_prices(seller_id, variants, price_list, origin, now)
    save_stock(seller_id, variants, groups, sole_stock_source, now)
    changed = [variant for variant in variants if variant.result.changes]
    products = {variant.result.product_id for variant in changed}
    bump_revisions(sorted(products), now)
    enqueue(seller_id=seller_id, kind=Kind.PRODUCT, item_ids=products, origin=origin)
    enqueue(seller_id=seller_id, kind=Kind.VARIANT, item_ids={variant.id for variant in changed}, origin=origin)
    return {variant.id: variant.result for variant in variants}
