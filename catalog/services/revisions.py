"""Revisions of products, which full syncs compare to find changed products."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from hub.kinds import Kind
from hub.queue import enqueue

_CHUNK_SIZE = 5000


def bump_revisions(product_ids: Sequence[int], now: datetime) -> None:
    """Raise the revision of products that changed, or whose variants, prices, stock or images did."""
    if not product_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalog_product SET revision = nextval('catalog_revision'), updated_at = %s WHERE id = ANY(%s)",
            [now, sorted(product_ids)],
        )


def touch_products(seller_id: int | None, products: Any, origin: int | None) -> None:
    """Raise the revision of products whose brand or category has changed, and enqueue them, in chunks."""
    ids = sorted(set(products.values_list("pk", flat=True)))
    for start in range(0, len(ids), _CHUNK_SIZE):
        chunk = ids[start : start + _CHUNK_SIZE]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE catalog_product SET revision = nextval('catalog_revision') WHERE id = ANY(%s)",
                [chunk],
            )
        enqueue(seller_id=seller_id, kind=Kind.PRODUCT, item_ids=chunk, origin=origin)
