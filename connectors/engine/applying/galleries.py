"""Feeds of images into the galleries of products that others have brought, matched by SKU (S4)."""

from collections.abc import Sequence

from catalog import services as catalog
from catalog.models import Variant
from catalog.records import GalleryRecord
from connectors.engine.applying.target import GALLERY, Links, Target, Written
from hub.models import Link, Master
from hub.records import Problem, Record
from synclog.models import ItemStatus


def write_galleries(target: Target, records: Sequence[Record], links: Links) -> list[Written]:
    """A SKU that no product has is an issue, and is tried again at the next read."""
    galleries = [record for record in records if isinstance(record, GalleryRecord)]
    if not galleries:
        return []
    variants = Variant.objects.filter(
        seller=target.seller_id,
        sku__in=[record.external_id for record in galleries],
        status__in=("live", "suspended"),
    )
    found = {sku: (pk, product_id) for sku, pk, product_id in variants.values_list("sku", "pk", "product_id")}
    matched = [record for record in galleries if record.external_id in found]
    drafts: dict[int, catalog.GalleryDraft] = {}
    for product_id, sku in _forget_renamed(target, found):
        drafts.setdefault(product_id, catalog.GalleryDraft(product_id)).images[sku] = []
    for record in matched:
        _, product_id = found[record.external_id]
        drafts.setdefault(product_id, catalog.GalleryDraft(product_id)).images[record.external_id] = record.images
    saved = catalog.save_galleries(
        seller_id=target.seller_id,
        drafts=list(drafts.values()),
        # Where nobody was made master, a shop's own images are not replaced.
        groups=target.groups if Master.Group.IMAGES in target.masters else (),
        origin=target.connection_id,
        now=target.now,
    )
    for record in galleries:
        if record.external_id not in found:
            record.problems.append(_unmatched(record))
    return [_written(target, record, *found[record.external_id], saved) for record in matched]


def _forget_renamed(target: Target, found: dict[str, tuple[int, int]]) -> list[tuple[int, str]]:
    """(product, SKU) of variants that went by that SKU when their images were read, and go by another now."""
    now = {variant_id: (sku, product_id) for sku, (variant_id, product_id) in found.items()}
    rows = Link.objects.filter(connection=target.job.connection, kind=GALLERY, item_id__in=now.keys())
    renamed = [link for link in rows if link.external_id != now[link.item_id][0]]
    Link.objects.filter(pk__in=[link.pk for link in renamed]).delete()
    return [(now[link.item_id][1], link.external_id) for link in renamed]


def _written(
    target: Target, record: Record, variant_id: int, product_id: int, saved: dict[int, catalog.Changes | None]
) -> Written:
    changes = saved[product_id]
    if changes is not None:
        return Written(record, variant_id, GALLERY, changes)
    here = target.job.connection
    problem = Problem(
        code="not_master",
        message=f"The product has images of another source; those of {here} were not taken.",
        mend=f"Make {here} the master of images if its images are to replace them.",
    )
    return Written(record, variant_id, GALLERY, {}, problems=[problem], complete=False, state=ItemStatus.State.SKIPPED)


def _unmatched(record: GalleryRecord) -> Problem:
    return Problem(
        code="unknown_sku",
        message=f"No product has the SKU {record.external_id}.",
        mend="Correct the SKU in the feed of images, or in the shop. A product that comes later finds its images then.",
        fatal=True,
    )
