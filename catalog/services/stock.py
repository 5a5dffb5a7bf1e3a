"""Saves the stock of variants, with their products or without them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from catalog.items import VariantItem, load_variants
from catalog.models import Stock, StockLocation
from catalog.records import StockLevelsRecord, StockRecord, VariantRecord
from catalog.services.revisions import bump_revisions
from catalog.services.saved import SavedProduct, SavedVariant, record_difference
from hub.kinds import Kind
from hub.models import Master
from hub.queue import enqueue


@dataclass(slots=True)
class StockDraft:
    """A record with the ID of its variant."""

    record: StockLevelsRecord
    variant_id: int


@transaction.atomic
def save_stock_levels(
    *,
    seller_id: int,
    drafts: Sequence[StockDraft],
    groups: Collection[str],
    origin: int | None,
    now: datetime,
    sole_stock_source: bool,
) -> dict[int, SavedProduct]:
    """Save the stock of variants that exist, as `save_products` does (C7). Variant ID → what became of it.

    Minimum levels and restock dates are kept: they belong to the product.
    """
    known = load_variants([draft.variant_id for draft in drafts])
    saved = {
        draft.variant_id: SavedProduct(known[draft.variant_id].product_id, created=False)
        for draft in drafts
        if draft.variant_id in known
    }
    variants = [
        SavedVariant(item.id, _with_kept_values(draft.record, item), item, saved[item.id])
        for draft in drafts
        if (item := known.get(draft.variant_id)) is not None
    ]
    save_stock(seller_id, variants, groups, sole_stock_source, now)
    changed = {variant.id for variant in variants if variant.result.changes}
    bump_revisions(sorted({known[pk].product_id for pk in changed}), now)
    enqueue(seller_id=seller_id, kind=Kind.VARIANT, item_ids=changed, origin=origin)
    return saved


def _with_kept_values(record: StockLevelsRecord, item: VariantItem) -> VariantRecord:
    before = {each.location: each for each in item.stock}

    def kept(stock: StockRecord) -> StockRecord:
        own = before.get(stock.location)
        return replace(stock, min_level=own.min_level, restock_date=own.restock_date) if own else stock

    return VariantRecord(external_id=record.external_id, sku=item.sku, stock=[kept(each) for each in record.stock])


def save_stock(
    seller_id: int, variants: Sequence[SavedVariant], groups: Collection[str], sole_source: bool, now: datetime
) -> None:
    """Save the stock, and remove that of locations that the source no longer has or tracks (C3)."""
    wanted = [
        (variant, stock, stock.quantity)
        for variant in variants
        for stock in variant.record.stock or ()
        if stock.quantity is not None
    ]
    if sole_source and Master.Group.STOCK in groups:
        _remove_stock(variants)
    locations = _locations(seller_id, {stock.location for _, stock, _ in wanted})
    rows = []
    for variant, stock, quantity in wanted:
        before = next(
            (
                (item.quantity, item.min_level, item.restock_date)
                for item in (variant.before.stock if variant.before else ())
                if item.location == stock.location
            ),
            None,
        )
        if before == (quantity, stock.min_level, stock.restock_date):
            continue
        if before is None and Master.Group.STOCK not in groups:
            continue  # the source of truth doesn't track this location
        found = {f"{variant.label}: stock {stock.location}": [before and str(before[0]), str(quantity)]}
        if not record_difference(variant.result, found, Master.Group.STOCK, groups):
            continue
        rows.append(
            Stock(
                seller_id=seller_id,
                variant_id=variant.id,
                location_id=locations[stock.location],
                quantity=quantity,
                min_level=stock.min_level,
                restock_date=stock.restock_date,
                updated_at=now,
            )
        )
        variant.result.touched_variants.add(variant.id)
    Stock.objects.bulk_create(
        # In one order, because two sources may write the stock of the same variants.
        sorted(rows, key=lambda row: (row.variant_id, row.location_id)),
        update_conflicts=True,
        unique_fields=["variant", "location"],
        update_fields=["quantity", "min_level", "restock_date", "updated_at"],
    )


def _remove_stock(variants: Iterable[SavedVariant]) -> None:
    """Remove the rows of locations that the records do not have. Records without stock keep theirs."""
    gone: set[tuple[int, str]] = set()
    for variant in variants:
        if variant.record.stock is None or variant.before is None:
            continue
        kept = {stock.location for stock in variant.record.stock if stock.quantity is not None}
        for item in variant.before.stock:
            if item.location not in kept:
                gone.add((variant.id, item.location))
                variant.result.touched_variants.add(variant.id)
                variant.result.changes[f"{variant.label}: stock {item.location}"] = [str(item.quantity), None]
    if gone:
        rows = Stock.objects.filter(variant__in={variant_id for variant_id, _ in gone})
        keys = rows.values_list("pk", "variant", "location__code")
        Stock.objects.filter(pk__in=[pk for pk, *key in keys if tuple(key) in gone]).delete()


def _locations(seller_id: int, codes: set[str]) -> dict[str, int]:
    """Code → ID of stock locations; missing ones are created."""

    def find() -> dict[str, int]:
        rows = StockLocation.objects.filter(seller_id=seller_id, code__in=codes)
        return dict(rows.values_list("code", "pk"))

    found = find()
    if missing := codes - found.keys():
        StockLocation.objects.bulk_create(
            [StockLocation(seller_id=seller_id, code=code) for code in sorted(missing)],
            ignore_conflicts=True,
        )
        found = find()
    return found
