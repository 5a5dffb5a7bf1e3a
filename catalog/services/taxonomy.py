"""Saves brands and categories. Products are compared again if their brand or category has changed."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import Q, QuerySet

from catalog.models import Brand, Category, Product
from catalog.records import BrandRecord, CategoryRecord
from catalog.services.differences import Changes, differences
from catalog.services.revisions import touch_products
from hub.field_registry import stored_names, stored_values
from hub.kinds import Kind
from hub.queue import enqueue


@transaction.atomic
def save_brands(
    *, seller_id: int | None, brands: Sequence[tuple[int | None, BrandRecord]], origin: int | None
) -> list[tuple[int, Changes | None]]:
    """Save brands given as (ID or None, record). Returns (ID, changes) for each; changes are None for a new brand."""
    known = Brand.objects.in_bulk([pk for pk, _ in brands if pk])
    results: list[tuple[int, Changes | None]] = []
    for pk, record in brands:
        if pk is None:
            row = Brand.objects.create(seller_id=seller_id, **stored_values(record))
            results.append((row.pk, None))
            continue
        brand = known[pk]
        changes = differences(brand, record, stored_names(BrandRecord))
        if brand.status != "live":
            changes["status"] = [brand.status, "live"]
        if changes:
            for name, value in stored_values(record).items():
                setattr(brand, name, value)
            brand.status = "live"
            brand.save()
        results.append((pk, changes))
    changed = [pk for pk, changes in results if changes is None or changes]
    enqueue(seller_id=seller_id, kind=Kind.BRAND, item_ids=changed, origin=origin)
    renamed = Product.objects.filter(brand_id__in=[pk for pk, changes in results if changes])
    touch_products(seller_id, renamed, origin)
    return results


@transaction.atomic
def save_categories(
    *,
    seller_id: int | None,
    categories: Sequence[tuple[int | None, CategoryRecord]],
    origin: int | None,
) -> list[tuple[int, Changes | None]]:
    """Save categories given as (ID or None, record), without parents: see `set_category_parents`. Returns as above."""
    known = Category.objects.in_bulk([pk for pk, _ in categories if pk])
    results: list[tuple[int, Changes | None]] = []
    for pk, record in categories:
        if pk is None:
            row = Category.objects.create(seller_id=seller_id, path=record.name, **stored_values(record))
            results.append((row.pk, None))
            continue
        category = known[pk]
        changes = differences(category, record, stored_names(CategoryRecord))
        if category.status != "live":
            changes["status"] = [category.status, "live"]
        if changes:
            for name, value in stored_values(record).items():
                setattr(category, name, value)
            category.status = "live"
            category.save()
        results.append((pk, changes))
    changed = [pk for pk, changes in results if changes is None or changes]
    enqueue(seller_id=seller_id, kind=Kind.CATEGORY, item_ids=changed, origin=origin)
    return results


@transaction.atomic
def set_category_parents(*, seller_id: int | None, parents: dict[int, int | None], origin: int | None) -> int:
    """Set the parents of categories (ID → parent ID) and update paths. Returns how many paths changed.

    The paths of categories in a cycle are not updated.
    """
    with database.cursor() as cursor:
        cursor.execute(
            """
            UPDATE catalog_category AS category SET parent_id = place.parent_id
            FROM unnest(%s::bigint[], %s::bigint[]) AS place (id, parent_id)
            WHERE category.id = place.id AND category.seller_id IS NOT DISTINCT FROM %s
              AND category.parent_id IS DISTINCT FROM place.parent_id
              AND category.id IS DISTINCT FROM place.parent_id
            """,
            [list(parents.keys()), list(parents.values()), seller_id],
        )
        cursor.execute(
            """
            WITH RECURSIVE tree (id, path, trail) AS (
                SELECT id, name::text, ARRAY[id] FROM catalog_category
                WHERE parent_id IS NULL AND seller_id IS NOT DISTINCT FROM %(seller)s
                UNION ALL
                SELECT child.id, tree.path || ' / ' || child.name, tree.trail || child.id
                FROM catalog_category AS child JOIN tree ON child.parent_id = tree.id
                WHERE NOT child.id = ANY(tree.trail)
            )
            UPDATE catalog_category AS category SET path = tree.path FROM tree
            WHERE category.id = tree.id AND category.path <> tree.path
            RETURNING category.id
            """,
            {"seller": seller_id},
        )
        moved = [pk for (pk,) in cursor.fetchall()]
    enqueue(seller_id=seller_id, kind=Kind.CATEGORY, item_ids=moved, origin=origin)
    touch_products(seller_id, Product.objects.filter(productcategory__category_id__in=moved), origin)
    return len(moved)


@transaction.atomic
def discontinue(*, kind: Kind, seller_id: int | None, item_ids: Collection[int], origin: int | None) -> int:
    """Discontinue brands or categories that are no longer in the source, and touch their products. Returns how many."""
    rows: QuerySet[Any] = (Brand.objects if kind is Kind.BRAND else Category.objects).filter(pk__in=item_ids)
    own = rows.filter(seller=seller_id) if seller_id else rows.filter(seller=None)
    removed = list(own.filter(status="live").order_by("pk").values_list("pk", flat=True))
    rows.filter(pk__in=removed).update(status="discontinued")
    enqueue(seller_id=seller_id, kind=kind, item_ids=removed, origin=origin)
    holding = Q(brand_id__in=removed) if kind is Kind.BRAND else Q(productcategory__category_id__in=removed)
    touch_products(seller_id, Product.objects.filter(holding), origin)
    return len(removed)
