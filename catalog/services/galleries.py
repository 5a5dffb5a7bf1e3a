"""Saves images from an image feed for existing products (S4)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from catalog.items import ImageItem, ProductItem, load_products
from catalog.models import Image
from catalog.records import ImageRecord
from catalog.services.differences import Changes
from catalog.services.revisions import bump_revisions
from hub.kinds import Kind
from hub.models import Master
from hub.queue import enqueue


@dataclass(slots=True)
class GalleryDraft:
    """New images of a product as SKU → images in feed order. Images of other SKUs are kept."""

    product_id: int
    images: dict[str, Sequence[ImageRecord]] = field(default_factory=dict)


@transaction.atomic
def save_galleries(
    *, seller_id: int, drafts: Sequence[GalleryDraft], groups: Collection[str], origin: int, now: datetime
) -> dict[int, Changes | None]:
    """Rebuild the gallery of each product from the images of its SKUs.

    Returns product ID → changes, or None if the gallery has images of another source that must not be replaced, because
    `groups` doesn't contain images (L17).
    """
    known = load_products([draft.product_id for draft in drafts])
    results: dict[int, Changes | None] = {}
    rows: list[Image] = []
    for draft in drafts:
        before = known[draft.product_id].images
        after = _merge_gallery(seller_id, known[draft.product_id], draft, origin)
        if [_content(image) for image in before] == [_content(image) for image in after]:
            results[draft.product_id] = {}
        elif any(image.origin_id not in (origin, None) for image in before) and (
            Master.Group.IMAGES not in groups or not after
        ):
            # Keep another source's images if they must not be replaced or the feed has no images.
            results[draft.product_id] = None if after else {}
        else:
            results[draft.product_id] = {"images": [[image.url for image in before], [image.url for image in after]]}
            rows += after
    changed = [product_id for product_id, changes in results.items() if changes]
    Image.objects.filter(seller=seller_id, product_id__in=changed).delete()
    Image.objects.bulk_create(rows)
    bump_revisions(changed, now)
    enqueue(seller_id=seller_id, kind=Kind.PRODUCT, item_ids=changed, origin=origin)
    return results


def _merge_gallery(seller_id: int, product: ProductItem, draft: GalleryDraft, origin: int) -> list[Image]:
    """The feed's images of all SKUs in order, without duplicates. `external_id` is the SKU."""
    kept = [image for image in product.images if image.origin_id == origin and image.external_id not in draft.images]
    incoming = [(image.external_id, image.position, image.url, image.alt) for image in kept]
    incoming += [
        (sku, image.position, image.url, image.alt) for sku, images in draft.images.items() for image in images
    ]
    first: dict[str, tuple[str, str]] = {}
    for sku, _, url, alt in sorted(incoming):
        first.setdefault(url, (sku, alt))
    return [
        Image(
            seller_id=seller_id,
            product_id=product.id,
            external_id=sku,
            url=url,
            alt=alt,
            position=position,
            origin_id=origin,
        )
        for position, (url, (sku, alt)) in enumerate(first.items())
    ]


def _content(image: Image | ImageItem) -> tuple[str, str, int]:
    return image.url, image.alt, image.position
