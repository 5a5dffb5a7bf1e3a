"""Saves images from image feeds in the galleries of products from other sources, matched by SKU (S4)."""

from collections.abc import Sequence

from catalog import services as catalog
from catalog.models import Variant
from catalog.records import GalleryRecord
from connectors.engine.applying.context import GALLERY, ImportContext, Links, WriteResult
from connectors.sdk import issues
from hub import links
from hub.models import Master
from hub.records import Problem, Record
from synclog.models import ItemStatus


def write_galleries(context: ImportContext, records: Sequence[Record], known: Links) -> list[WriteResult]:
    """Save the images. A SKU that no product has is reported as an issue and retried at the next import."""
    galleries = [record for record in records if isinstance(record, GalleryRecord)]
    if not galleries:
        return []
    variants = Variant.objects.filter(
        seller=context.seller_id,
        sku__in=[record.external_id for record in galleries],
        status__in=("live", "suspended"),
    )
    found = {sku: (pk, product_id) for sku, pk, product_id in variants.values_list("sku", "pk", "product_id")}
    matched = [record for record in galleries if record.external_id in found]
    drafts: dict[int, catalog.GalleryDraft] = {}
    for product_id, sku in _unlink_renamed(context, found):
        drafts.setdefault(product_id, catalog.GalleryDraft(product_id)).images[sku] = []
    for record in matched:
        _, product_id = found[record.external_id]
        drafts.setdefault(product_id, catalog.GalleryDraft(product_id)).images[record.external_id] = record.images
    saved = catalog.save_galleries(
        seller_id=context.seller_id,
        drafts=list(drafts.values()),
        # Without a source of truth for images, a shop's own images are not replaced.
        groups=context.groups if Master.Group.IMAGES in context.masters else (),
        origin=context.connection_id,
        now=context.now,
    )
    for record in galleries:
        if record.external_id not in found:
            record.problems.append(_unmatched(record))
    return [_written(context, record, *found[record.external_id], saved) for record in matched]


def _unlink_renamed(context: ImportContext, found: dict[str, tuple[int, int]]) -> list[tuple[int, str]]:
    """Unlink variants whose SKU has changed since their images were imported. Returns (product ID, former SKU)."""
    now = {variant_id: (sku, product_id) for sku, (variant_id, product_id) in found.items()}
    rows = links.of_kind(context.connection_id, GALLERY).filter(item_id__in=now.keys())
    renamed = [link for link in rows if link.external_id != now[link.item_id][0]]
    links.unlink(context.connection_id, GALLERY, [link.external_id for link in renamed])
    return [(now[link.item_id][1], link.external_id) for link in renamed]


def _written(
    context: ImportContext, record: Record, variant_id: int, product_id: int, saved: dict[int, catalog.Changes | None]
) -> WriteResult:
    changes = saved[product_id]
    if changes is not None:
        return WriteResult(record, variant_id, GALLERY, changes)
    problem = issues.IMAGES_FROM_OTHER_SOURCE()
    return WriteResult(
        record, variant_id, GALLERY, {}, problems=[problem], complete=False, state=ItemStatus.State.SKIPPED
    )


def _unmatched(record: GalleryRecord) -> Problem:
    return issues.SKU_UNKNOWN(sku=record.external_id)
