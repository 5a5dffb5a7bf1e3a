"""What the findings of the check after a copy do to staging: one statement for each table, however many there are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Seller
from catalog.models import Product, Status
from hub.kinds import Kind, Role
from hub.models import Link
from staging_copy.models import Finding

# Missing in one shop and there in another: it stays.
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
# The shop is not asked to remove what it does not have.
_PART_WITH_LINKS = """
    UPDATE hub_link AS link SET missing = true
    FROM staging_copy_finding AS finding
    WHERE finding.verdict = 'missing' AND finding.kind = 'product' AND link.connection_id = finding.connection_id
      AND ((link.kind = 'product' AND link.external_id = finding.external_id)
        OR (link.kind = 'variant' AND link.item_id IN (
            SELECT id FROM catalog_variant WHERE product_id = finding.item_id)))
"""


def delete_products(*, connections: Sequence[int], now: datetime) -> list[dict[str, Any]]:
    """Products that no shop has which was asked become `deleted` (L11). Returns them.

    No change is enqueued: staging's other systems take it over with their next full sync, which compares revisions.
    """
    with database.cursor() as cursor:
        cursor.execute(_DELETE_PRODUCTS, {"connections": list(connections), "now": now})
        gone = {row[0]: dict(zip(("id", "title", "shop_id", "seller"), row, strict=True)) for row in cursor.fetchall()}
        cursor.execute(_DELETE_VARIANTS, {"products": list(gone), "now": now})
        cursor.execute(_PART_WITH_LINKS)
    return sorted(gone.values(), key=lambda product: product["id"])


def delete_sellers(*, connections: Sequence[int]) -> list[dict[str, Any]]:
    """Sellers that no shop has become `deleted` (L12). Returns them."""
    missing = Finding.objects.filter(kind="seller", connection__in=connections, verdict=Finding.Verdict.MISSING)
    ids = {seller: shop_id for seller, shop_id in missing.values_list("item_id", "external_id") if seller is not None}
    there = Link.objects.filter(kind="seller", connection__in=connections, item_id__in=ids).exclude(
        Exists(missing.filter(connection=OuterRef("connection"), external_id=OuterRef("external_id")))
    )
    for seller in set(there.values_list("item_id", flat=True)):
        del ids[seller]
    gone = Seller.objects.filter(pk__in=ids).exclude(status=Seller.Status.DELETED)
    rows = [
        {"id": pk, "name": name, "slug": slug, "shop_id": ids[pk]}
        for pk, name, slug in gone.order_by("pk").values_list("pk", "name", "slug")
    ]
    gone.update(status=Seller.Status.DELETED)
    return rows


def without_an_id() -> int:
    """Products that no shop has ever given an id, so that there is nothing to look up."""
    linked = Link.objects.filter(kind=Kind.PRODUCT, item_id=OuterRef("pk"), connection__role=Role.SHOP)
    return Product.objects.exclude(status=Status.DELETED).filter(~Exists(linked)).count()


def listed(findings: QuerySet[Finding]) -> list[dict[str, Any]]:
    rows = findings.order_by("connection", "kind", "pk").values_list("connection__slug", "kind", "external_id")
    return [dict(zip(("shop", "kind", "shop_id"), row, strict=True)) for row in rows]
