"""Which products and sellers of staging were not looked up in any shop, and why (L11, L12)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection as database

# The maximum number of rows per list; the totals are complete.
_MAX_ROWS = 1_000
# The shops of a seller: its own connections, and those that all sellers share.
_SHOPS = "hub_connection AS shop WHERE shop.role = 'shop' AND (shop.seller_id = seller.id OR shop.seller_id IS NULL)"
_REASON = f"""
    CASE WHEN NOT EXISTS (SELECT FROM {_SHOPS}) THEN 'no shop'
         WHEN NOT EXISTS (SELECT FROM {_SHOPS} AND shop.id = ANY(%(checked)s)) THEN 'shop not checked'
         WHEN NOT EXISTS (SELECT FROM {_SHOPS} AND shop.id = ANY(%(asked)s)) THEN 'no lookup'
         ELSE 'no id' END
"""  # noqa: S608
_PRODUCTS = f"""
    SELECT product.id, product.title, seller.slug, {_REASON} AS reason
    FROM catalog_product AS product JOIN accounts_seller AS seller ON seller.id = product.seller_id
    WHERE product.status <> 'deleted' AND NOT EXISTS (
        SELECT FROM hub_link AS link
        WHERE link.kind = 'product' AND link.item_id = product.id AND link.connection_id = ANY(%(asked)s))
"""  # noqa: S608
_SELLERS = f"""
    SELECT seller.id, seller.name, seller.slug, {_REASON} AS reason
    FROM accounts_seller AS seller
    WHERE seller.status <> 'deleted' AND NOT EXISTS (
        SELECT FROM hub_link AS link
        WHERE link.kind = 'seller' AND link.item_id = seller.id AND link.connection_id = ANY(%(asked)s))
      AND NOT EXISTS (
        SELECT FROM hub_connection AS own
        WHERE own.seller_id = seller.id AND own.id = ANY(%(asked)s) AND own.settings ->> 'seller' <> '')
"""  # noqa: S608


def find_unchecked(*, checked: Sequence[int], asked: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """Counts by reason, and examples.

    `checked` are the connections whose shop was checked, `asked` those that could look up items of a kind.
    """
    return {
        "unchecked_products": _find(_PRODUCTS, ("id", "title", "seller"), checked, asked.get("product", ())),
        "unchecked_sellers": _find(_SELLERS, ("id", "name", "slug"), checked, asked.get("seller", ())),
    }


def _find(query: str, columns: Sequence[str], checked: Sequence[int], asked: Sequence[int]) -> dict[str, Any]:
    parameters = {"checked": list(checked), "asked": list(asked)}
    with database.cursor() as cursor:
        cursor.execute(f"SELECT reason, count(*) FROM ({query}) AS found GROUP BY 1 ORDER BY 1", parameters)  # noqa: S608
        reasons = dict(cursor.fetchall())
        cursor.execute(f"{query} ORDER BY 1 LIMIT {_MAX_ROWS}", parameters)
        shown = [dict(zip((*columns, "reason"), row, strict=True)) for row in cursor.fetchall()]
    return {"total": sum(reasons.values()), "reasons": reasons, "shown": shown}
