"""Saves items of a source that are variants of a product of another source, with the same SKU (B5).

An ERP often has an item for each SKU where the shop has a product with variants. Prices and stock of the item are saved
with the variant; the content of the variant and of its product remains the other source's.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db.models import Exists, OuterRef, Q

from catalog import services as catalog
from catalog.models import PriceList, Status, Variant
from catalog.records import ProductRecord, VariantRecord
from connectors.engine.applying.context import (
    VARIANT_ITEM,
    DuplicateClaims,
    ImportContext,
    Links,
    WriteResult,
    not_master_problem,
)
from hub import links
from hub.kinds import Kind
from hub.models import Link
from hub.records import Record
from synclog import services as synclog
from synclog.models import ItemEvent, ItemStatus
from synclog.services import ItemOutcome


def keys(records: Collection[Record]) -> list[tuple[str, str]]:
    """The keys of the links of those records that may be variants."""
    return [(VARIANT_ITEM, record.external_id) for record in records if _only_variant(record)]


def find(context: ImportContext, records: Sequence[Record], known: Links) -> dict[str, int]:
    """External ID → our ID of the variant, for the records that are variants here.

    A new record is one if its only variant has the SKU of one of several variants of a product, and the source has no
    other item for that variant. It stays one until its SKU or that of the variant changes; then it is matched again.
    Raises DuplicateClaims if two records have the same SKU.
    """
    wanted = {
        record.external_id: variant
        for record in records
        if (variant := _only_variant(record)) and variant.sku and (Kind.PRODUCT, record.external_id) not in known
    }
    if not wanted:
        return {}
    same_sku: set[tuple[str, int]] = set()
    on_offer: dict[str, int] = {}
    free: set[int] = set()
    for sku, variant_id, is_on_offer, is_free in _variants(context, {variant.sku for variant in wanted.values()}):
        same_sku.add((sku, variant_id))
        if is_on_offer:
            on_offer[sku] = variant_id
            free |= {variant_id} if is_free else set()
    found: dict[str, int] = {}
    moved: dict[str, str] = {}
    for external_id, variant in wanted.items():
        link = known.get((VARIANT_ITEM, external_id))
        linked = link.item_id if link and (variant.sku, link.item_id) in same_sku else None
        pk = on_offer.get(variant.sku, linked)
        if pk is not None and (pk == linked or pk in free):
            found[external_id] = pk
        if link is not None and link.item_id != found.get(external_id):
            moved[external_id] = variant.external_id
    if len(set(found.values())) < len(found):
        raise DuplicateClaims
    links.unlink(context.connection_id, VARIANT_ITEM, moved.keys())
    links.unlink(context.connection_id, Kind.VARIANT, moved.values())
    return found


def _variants(context: ImportContext, skus: Collection[str]) -> Iterable[tuple[str, int, bool, bool]]:
    """SKU, ID, whether it is on offer, and whether a new item may be linked to it, of the variants with these SKUs."""
    on_offer = Q(status__in=(Status.LIVE, Status.SUSPENDED))
    others = Variant.objects.filter(on_offer, product=OuterRef("product")).exclude(pk=OuterRef("pk"))
    linked = links.of_kind(context.connection_id, Kind.VARIANT).filter(item_id=OuterRef("pk"))
    rows = Variant.objects.filter(seller=context.seller_id, sku__in=skus)
    rows = rows.annotate(on_offer=on_offer, free=Exists(others) & ~Exists(linked))
    return rows.values_list("sku", "pk", "on_offer", "free")


def write_variant_items(
    context: ImportContext, records: Sequence[ProductRecord], variants: Mapping[str, int], price_list: PriceList | None
) -> list[WriteResult]:
    """Save prices and stock. `variants`: external ID → our ID of the variant."""
    items = [
        (record, variant, variants[record.external_id]) for record in records if (variant := _only_variant(record))
    ]
    saved = _save(context, {pk: variant for _, variant, pk in items}, price_list)
    return [
        WriteResult(
            record=record,
            item_id=pk,
            kind=VARIANT_ITEM,
            changes=saved[pk].changes,
            links={(Kind.VARIANT, variant.external_id): pk},
            complete=not saved[pk].conflicts,
            problems=[not_master_problem(context, group, names) for group, names in saved[pk].conflicts.items()],
            state=ItemStatus.State.SKIPPED
            if saved[pk].conflicts and not saved[pk].changes
            else ItemStatus.State.SYNCED,
        )
        for record, variant, pk in items
    ]


def remove_variant_items(context: ImportContext, missing: Sequence[Link]) -> None:
    """Remove the prices and, if no other source has any, the stock of items that the source no longer has (C3)."""
    nothing = {link.item_id: VariantRecord(external_id=link.external_id, price=[], stock=[]) for link in missing}
    saved = _save(context, nothing, context.price_list)
    links.mark_missing(
        links.of_kind(context.connection_id, VARIANT_ITEM).filter(pk__in=[link.pk for link in missing]),
        fetched_at=context.now,
    )
    outcomes = [
        ItemOutcome(
            kind=Kind.VARIANT,
            item_id=pk,
            state=ItemStatus.State.REMOVED,
            action=ItemEvent.Action.UPDATED if result.changes else None,
            message="No longer in the source.",
            changes=result.changes,
        )
        for pk, result in saved.items()
    ]
    synclog.record_outcomes(
        job=context.job, seller_id=context.seller_id, run_id=context.run_id, now=context.now, outcomes=outcomes
    )
    synclog.resolve_by_external_ids(
        log=context.log, external_ids=[f"{Kind.PRODUCT}:{link.external_id}" for link in missing], now=context.now
    )


def _save(
    context: ImportContext, records: Mapping[int, VariantRecord], price_list: PriceList | None
) -> dict[int, catalog.SavedProduct]:
    return catalog.save_variant_values(
        seller_id=context.seller_id,
        drafts=[catalog.VariantDraft(record, pk) for pk, record in records.items()],
        groups=context.groups,
        price_list=price_list,
        origin=context.connection_id,
        now=context.now,
        sole_stock_source=context.sole_stock_source,
    )


def _only_variant(record: Record) -> VariantRecord | None:
    variants = record.variants if isinstance(record, ProductRecord) else None
    return variants[0] if variants and len(variants) == 1 else None
