"""Gives products the brands and categories that were imported after them (C2)."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction

from catalog.models import Product, ProductCategory
from catalog.services.differences import Changes
from catalog.services.revisions import bump_revisions
from hub.kinds import Kind
from hub.queue import enqueue


@transaction.atomic
def assign_references(
    *,
    seller_id: int,
    brands: Mapping[int, int],
    categories: Mapping[int, Collection[int]],
    origin: int | None,
    now: datetime,
) -> dict[int, Changes]:
    """Set the brands of products and add categories (product ID → ID). Returns product ID → changes."""
    changes: dict[int, Changes] = defaultdict(dict)
    rows = Product.objects.filter(seller_id=seller_id, pk__in={*brands, *categories}).order_by("pk")
    products = rows.select_for_update(no_key=True).in_bulk()
    rebranded = [product for pk, product in products.items() if brands.get(pk, product.brand_id) != product.brand_id]
    for product in rebranded:
        changes[product.pk]["brand_id"] = [product.brand_id, brands[product.pk]]
        product.brand_id = brands[product.pk]
    Product.objects.bulk_update(rebranded, ["brand"])
    held: dict[int, set[int]] = defaultdict(set)
    for row in ProductCategory.objects.filter(product__in=categories):
        held[row.product_id].add(row.category_id)
    new = []
    for pk in categories.keys() & products.keys():
        if missing := set(categories[pk]) - held[pk]:
            changes[pk]["category_ids"] = [sorted(held[pk]), sorted(held[pk] | missing)]
            new += [ProductCategory(product_id=pk, category_id=category) for category in missing]
    ProductCategory.objects.bulk_create(new, ignore_conflicts=True)
    bump_revisions(list(changes), now)
    enqueue(seller_id=seller_id, kind=Kind.PRODUCT, item_ids=list(changes), origin=origin)
    return changes
