"""Applies the findings on staging in one transaction: deletes missing items, ends the freeze, and returns the result.

Each table needs one statement, or one per shop, for any number of items.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db.models import Exists, OuterRef

from accounts.models import Seller
from catalog.models import Product, Status, Variant
from hub import links
from hub.kinds import Kind, Role
from staging_copy.copying import freeze
from staging_copy.models import Finding

# The maximum number of rows per list in the result; the total is reported separately.
MAX_ROWS = 10_000
Verdict = Finding.Verdict

# A product that is missing in one shop but exists in another is kept.
_DELETE_PRODUCTS = """
    UPDATE catalog_product AS product
    SET status = 'deleted', revision = nextval('catalog_revision'), updated_at = %(now)s
    FROM staging_copy_finding AS finding, accounts_seller AS seller
    WHERE finding.kind = 'product' AND finding.verdict = 'missing' AND finding.item_id = product.id
      AND seller.id = product.seller_id AND product.status <> 'deleted'
      AND NOT EXISTS (
        SELECT FROM hub_link AS link
        WHERE link.kind = 'product' AND link.item_id = product.id AND link.connection_id = ANY(%(connections)s)
          AND NOT EXISTS (
            SELECT FROM staging_copy_finding AS other
            WHERE other.connection_id = link.connection_id AND other.kind = 'product'
              AND other.external_id = link.external_id AND other.verdict = 'missing'))
    RETURNING product.id, product.title, finding.external_id, seller.slug
"""
_DELETE_VARIANTS = """
    UPDATE catalog_variant SET status = 'deleted', updated_at = %(now)s
    WHERE product_id = ANY(%(products)s) AND status <> 'deleted'
"""


def keep_missing(*, connections: Sequence[int], kinds: Collection[str]) -> None:
    """Keeps the missing items of these kinds, after a person answered no."""
    missing = Finding.objects.filter(connection__in=connections, kind__in=kinds, verdict=Verdict.MISSING)
    missing.update(verdict=Verdict.KEPT)


def apply_findings(*, connections: Sequence[int], reported: Collection[str], now: datetime) -> dict[str, Any]:
    """Deletes items that none of the checked shops has, and ends the freeze. Returns the result for the report.

    `connections` are those that were checked. Kinds in `reported` are not deleted. Call it in a transaction.
    """
    sellers = _delete_sellers(connections)
    return {
        "products_without_an_id_in_a_shop": _without_an_id(),
        "deleted_sellers": {"total": len(sellers), "shown": sellers[:MAX_ROWS]},
        "deleted_products": _delete_products(connections, now),
        "only_in_shop": _listed(verdict=Verdict.ONLY_IN_SHOP),
        "contradicted": _listed(verdict=Verdict.CONTRADICTED),
        "kept_by_answer": _listed(verdict=Verdict.KEPT),
        "missing_but_only_reported": _listed(verdict=Verdict.MISSING, kind__in=reported),
        "released_platforms": freeze.unfreeze(reason="The checks after the copy are done."),
    }


def _delete_products(connections: Sequence[int], now: datetime) -> dict[str, Any]:
    """Deletes products and their variants (L11).

    No change is enqueued: the next full sync compares revisions and sends the deletions to staging's other systems.
    """
    with database.cursor() as cursor:
        cursor.execute(_DELETE_PRODUCTS, {"connections": list(connections), "now": now})
        deleted = sorted(cursor.fetchall())
        cursor.execute(_DELETE_VARIANTS, {"products": [row[0] for row in deleted], "now": now})
    for connection_id in connections:
        _mark_links_missing(connection_id)
    listed = [dict(zip(("id", "title", "shop_id", "seller"), row, strict=True)) for row in deleted[:MAX_ROWS]]
    return {"total": len(deleted), "shown": listed}


def _mark_links_missing(connection_id: int) -> None:
    """Marks the links of missing products and their variants as missing, so that no deletion is sent to the shop."""
    missing = Finding.objects.filter(connection=connection_id, kind=Kind.PRODUCT, verdict=Verdict.MISSING)
    product_ids = missing.filter(item_id__isnull=False).values("item_id")
    variants = Variant.objects.filter(product__in=product_ids).values("pk")
    links.mark_missing(links.of_kind(connection_id, Kind.PRODUCT).filter(item_id__in=product_ids))
    links.mark_missing(links.of_kind(connection_id, Kind.VARIANT).filter(item_id__in=variants))


def _delete_sellers(connections: Sequence[int]) -> list[dict[str, Any]]:
    """Deletes sellers that no checked shop has (L12)."""
    missing = Finding.objects.filter(kind="seller", connection__in=connections, verdict=Verdict.MISSING)
    ids = {seller: shop_id for seller, shop_id in missing.values_list("item_id", "external_id") if seller is not None}
    found_elsewhere = (
        links.everywhere("seller")
        .filter(connection__in=connections, item_id__in=ids)
        .exclude(Exists(missing.filter(connection=OuterRef("connection"), external_id=OuterRef("external_id"))))
    )
    for seller in set(found_elsewhere.values_list("item_id", flat=True)):
        del ids[seller]
    deleted = Seller.objects.filter(pk__in=ids).exclude(status=Seller.Status.DELETED)
    rows = [
        {"id": pk, "name": name, "slug": slug, "shop_id": ids[pk]}
        for pk, name, slug in deleted.order_by("pk").values_list("pk", "name", "slug")
    ]
    deleted.update(status=Seller.Status.DELETED)
    return rows


def _without_an_id() -> int:
    """The number of products without an ID in any shop, which cannot be looked up."""
    linked = links.everywhere(Kind.PRODUCT).filter(item_id=OuterRef("pk"), connection__role=Role.SHOP)
    return Product.objects.exclude(status=Status.DELETED).filter(~Exists(linked)).count()


def _listed(**which: Any) -> dict[str, Any]:
    findings = Finding.objects.filter(**which)
    rows = findings.order_by("connection", "kind", "pk").values_list("connection__slug", "kind", "external_id")
    listed = [dict(zip(("shop", "kind", "shop_id"), row, strict=True)) for row in rows[:MAX_ROWS]]
    return {"total": findings.count(), "shown": listed}
