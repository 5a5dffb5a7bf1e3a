"""Saves products with variants, prices, stock and images. Writes only differences, in a fixed number of statements."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from catalog.items import ProductItem, load_products
from catalog.models import (
    Image,
    PriceList,
    Product,
    ProductCategory,
    Status,
    Variant,
)
from catalog.records import ProductRecord, VariantRecord
from catalog.services.differences import Changes, differences
from catalog.services.prices import PriceDraft, save_prices
from catalog.services.revisions import bump_revisions
from catalog.services.saved import SavedProduct, SavedVariant, record_difference
from catalog.services.stock import save_stock
from hub.field_registry import stored_names, stored_values
from hub.kinds import Kind
from hub.models import Master
from hub.queue import enqueue

_CONTENT = stored_names(ProductRecord)
_VARIANT_CONTENT = stored_names(VariantRecord)


@dataclass(slots=True)
class ProductDraft:
    """A record with its references resolved to IDs of SyncCenter.

    A new product is created if `product_id` is None. `variant_ids` maps external IDs of known variants to their IDs.
    `linked_variants` are the variants previously imported from this source; missing ones are discontinued.
    """

    record: ProductRecord
    product_id: int | None = None
    brand_id: int | None = None
    category_ids: list[int] | None = None
    variant_ids: dict[str, int] = field(default_factory=dict)
    linked_variants: set[int] = field(default_factory=set)


@transaction.atomic
def save_products(
    *,
    seller_id: int,
    drafts: Sequence[ProductDraft],
    groups: Collection[str],
    price_list: PriceList | None,
    origin: int | None,
    now: datetime,
    sole_stock_source: bool = False,
) -> list[SavedProduct]:
    """Save a page of drafts of one seller in order, in a fixed number of statements.

    `groups` are the field groups (hub.models.Master.Group) that the source may write. Fields of other groups are not
    changed, except the content of new products (L17). `sole_stock_source`: no other source writes stock, so that rows
    that this one lacks are removed. Raises DataError or IntegrityError for values that PostgreSQL rejects. Then
    nothing is written, and the caller should save the drafts one by one.
    """
    known = load_products([draft.product_id for draft in drafts if draft.product_id])
    saved = _save_content(seller_id, drafts, known, groups, now)
    variants = _save_variants(seller_id, drafts, saved, known, groups, now)
    if Master.Group.PRICE in groups:
        save_variant_prices(seller_id, variants, price_list, origin, now)
    save_stock(seller_id, variants, groups, sole_stock_source, now)
    _save_images(seller_id, drafts, saved, known, groups, origin)
    changed = [result for result in saved if result.changes or result.created]
    bump_revisions([result.product_id for result in changed], now)
    enqueue(
        seller_id=seller_id,
        kind=Kind.PRODUCT,
        item_ids=[result.product_id for result in changed],
        origin=origin,
    )
    enqueue(
        seller_id=seller_id,
        kind=Kind.VARIANT,
        item_ids=set().union(*(result.touched_variants for result in saved)) if saved else (),
        origin=origin,
    )
    return saved


def _save_content(
    seller_id: int,
    drafts: Sequence[ProductDraft],
    known: dict[int, ProductItem],
    groups: Collection[str],
    now: datetime,
) -> list[SavedProduct]:
    new = [
        Product(
            seller_id=seller_id,
            brand_id=draft.brand_id,
            created_at=now,
            updated_at=now,
            **stored_values(draft.record),
        )
        for draft in drafts
        if draft.product_id is None
    ]
    created = iter(Product.objects.bulk_create(new))
    saved, updated = [], []
    for draft in drafts:
        if draft.product_id is None:
            saved.append(SavedProduct(next(created).pk, created=True))
            continue
        result = SavedProduct(draft.product_id, created=False)
        saved.append(result)
        item = known[draft.product_id]
        found = differences(item, draft.record, _CONTENT)
        if draft.brand_id != item.brand_id:
            found["brand_id"] = [item.brand_id, draft.brand_id]
        if found and record_difference(result, found, Master.Group.CONTENT, groups):
            updated.append(Product(pk=item.id, brand_id=draft.brand_id, **stored_values(draft.record)))
    if updated:
        Product.objects.bulk_update(updated, [*_CONTENT, "brand"])
    _save_categories_of_products(drafts, saved, known, groups)
    return saved


def _save_categories_of_products(
    drafts: Sequence[ProductDraft],
    saved: Sequence[SavedProduct],
    known: dict[int, ProductItem],
    groups: Collection[str],
) -> None:
    removed = Q()
    new = []
    for draft, result in zip(drafts, saved, strict=True):
        if draft.category_ids is None:
            continue
        before = set() if result.created else set(known[result.product_id].category_ids)
        after = set(draft.category_ids)
        if before == after:
            continue
        found = {"category_ids": [sorted(before), sorted(after)]}
        if not result.created and not record_difference(result, found, Master.Group.CONTENT, groups):
            continue
        if before - after:
            removed |= Q(product_id=result.product_id, category_id__in=before - after)
        new += [ProductCategory(product_id=result.product_id, category_id=category) for category in after - before]
    if removed:
        ProductCategory.objects.filter(removed).delete()
    ProductCategory.objects.bulk_create(new, ignore_conflicts=True)


def _save_variants(
    seller_id: int,
    drafts: Sequence[ProductDraft],
    saved: Sequence[SavedProduct],
    known: dict[int, ProductItem],
    groups: Collection[str],
    now: datetime,
) -> list[SavedVariant]:
    new: list[tuple[Variant, VariantRecord, SavedProduct]] = []
    updated: list[Variant] = []
    new_skus: list[int] = []
    removed: list[int] = []
    variants: list[SavedVariant] = []
    for draft, result in zip(drafts, saved, strict=True):
        if draft.record.variants is None:
            continue
        items = {} if result.created else {item.id: item for item in known[result.product_id].variants}
        seen = set()
        for record in draft.record.variants:
            item = items.get(draft.variant_ids.get(record.external_id, 0))
            fields = stored_values(record)
            if item is None:
                found = {record.sku or record.external_id: [None, "new variant"]}
                if result.created or record_difference(result, found, Master.Group.CONTENT, groups):
                    row = Variant(seller_id=seller_id, product_id=result.product_id, updated_at=now, **fields)
                    new.append((row, record, result))
                continue
            seen.add(item.id)
            variants.append(SavedVariant(item.id, record, item, result))
            result.variant_ids[record.external_id] = item.id
            differ = differences(item, record, _VARIANT_CONTENT)
            found = {f"{record.sku or item.id}: {name}": pair for name, pair in differ.items()}
            if found and record_difference(result, found, Master.Group.CONTENT, groups):
                updated.append(Variant(pk=item.id, updated_at=now, **fields))
                if "sku" in differ:
                    new_skus.append(item.id)
        for item_id in draft.linked_variants - seen:
            item = items.get(item_id)
            if item is None or item.status not in (Status.LIVE, Status.SUSPENDED):
                continue
            found = {f"{item.sku or item.id}: status": [item.status, Status.DISCONTINUED]}
            if record_difference(result, found, Master.Group.CONTENT, groups):
                removed.append(item_id)
                result.touched_variants.add(item_id)
    # Discontinue variants and clear changed SKUs first, so that a SKU can move between variants on the same page.
    if removed:
        Variant.objects.filter(pk__in=removed).update(status=Status.DISCONTINUED, updated_at=now)
    if new_skus:
        Variant.objects.filter(pk__in=new_skus).update(sku="")
    if updated:
        Variant.objects.bulk_update(updated, [*_VARIANT_CONTENT, "updated_at"])
    Variant.objects.bulk_create([row for row, _, _ in new])
    for row, record, result in new:
        variants.append(SavedVariant(row.pk, record, None, result))
        result.variant_ids[record.external_id] = row.pk
        result.touched_variants.add(row.pk)
    return variants


def save_variant_prices(
    seller_id: int, variants: Sequence[SavedVariant], price_list: PriceList | None, origin: int | None, now: datetime
) -> None:
    """Save the prices of variants, and add the changes to their results."""
    drafts = [
        PriceDraft(variant.id, variant.record.price, is_new=variant.before is None)
        for variant in variants
        if variant.record.price is not None
    ]
    changes = save_prices(seller_id=seller_id, connection_id=origin, default_list=price_list, drafts=drafts, now=now)
    for variant in variants:
        if found := changes.get(variant.id):
            variant.result.touched_variants.add(variant.id)
            if not variant.result.created:
                variant.result.changes |= {f"{variant.label}: {name}": pair for name, pair in found.items()}


def _save_images(
    seller_id: int,
    drafts: Sequence[ProductDraft],
    saved: Sequence[SavedProduct],
    known: dict[int, ProductItem],
    groups: Collection[str],
    origin: int | None,
) -> None:
    stale, rows = [], []
    for draft, result in zip(drafts, saved, strict=True):
        if draft.record.images is None:
            continue
        after = sorted((image.position, image.url, image.alt) for image in draft.record.images)
        before = (
            []
            if result.created
            else sorted((image.position, image.url, image.alt) for image in known[result.product_id].images)
        )
        if before == after:
            continue
        others = not result.created and any(
            image.origin_id not in (origin, None) for image in known[result.product_id].images
        )
        if others and not after and Master.Group.IMAGES in groups:
            continue  # a source without images keeps those of other sources
        found = {"images": [[url for _, url, _ in before], [url for _, url, _ in after]]}
        # Images may always be written unless the gallery has images of another source.
        if not record_difference(result, found, Master.Group.IMAGES, groups if others else (Master.Group.IMAGES,)):
            continue
        if before:
            stale.append(result.product_id)
        rows += [
            Image(
                seller_id=seller_id,
                product_id=result.product_id,
                external_id=image.external_id,
                url=image.url,
                alt=image.alt,
                position=image.position,
                origin_id=origin,
            )
            for image in draft.record.images
        ]
    if stale:
        Image.objects.filter(product_id__in=stale).delete()
    Image.objects.bulk_create(rows)


@transaction.atomic
def set_product_status(
    *, seller_id: int, product_ids: Collection[int], status: Status, origin: int | None, now: datetime
) -> dict[int, Changes]:
    """Set the status of products and their variants (D9). Returns product ID → changes for those that changed."""
    rows = Product.objects.filter(seller_id=seller_id, pk__in=product_ids).exclude(status=status)
    before = dict(rows.order_by("pk").select_for_update().values_list("pk", "status"))
    if not before:
        return {}
    Product.objects.filter(pk__in=before).update(status=status)
    variants = Variant.objects.filter(product_id__in=before).exclude(status=status)
    touched = list(variants.order_by("pk").values_list("pk", flat=True))
    Variant.objects.filter(pk__in=touched).update(status=status, updated_at=now)
    bump_revisions(list(before), now)
    enqueue(seller_id=seller_id, kind=Kind.PRODUCT, item_ids=before.keys(), origin=origin)
    enqueue(seller_id=seller_id, kind=Kind.VARIANT, item_ids=touched, origin=origin)
    return {pk: {"status": [old, str(status)]} for pk, old in before.items()}
