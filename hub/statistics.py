"""Statistics of tables that fill up faster than autovacuum notices: without them, PostgreSQL plans for empty tables."""

from django.db import connection

# Tables of which a first import writes most rows.
_TABLES = (
    "catalog_product", "catalog_productcategory", "catalog_variant", "catalog_price", "catalog_stock", "catalog_image",
    "catalog_feedposition", "orders_customer", "orders_order", "orders_orderline", "hub_link", "hub_linkpayload",
    "synclog_itemstatus",
)  # fmt: skip
_FIRST_PAGE, _LAST_PAGE = 2, 256
# A statement's statistics reach the server at most once a second, unless asked for.
_OUTGROWN = """
SELECT relname FROM pg_stat_user_tables
WHERE relname = ANY(%s) AND n_mod_since_analyze > 200 AND n_mod_since_analyze > n_live_tup / 2
"""


def refresh_statistics(*, pages: int) -> list[str]:
    """Analyze the tables that have doubled since they were last analyzed, after the 2nd, 4th, 8th … page of an import.

    Returns their names. Call it outside a transaction. Large tables are left to autovacuum.
    """
    if not _FIRST_PAGE <= pages <= _LAST_PAGE or pages & (pages - 1):
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(_OUTGROWN, [list(_TABLES)])
        outgrown = sorted(name for (name,) in cursor.fetchall())
        for name in outgrown:
            cursor.execute(f"ANALYZE {name}")
    return outgrown
