"""Applies the ledger of erasures to a database built from a backup, which is older than the latest erasures."""

from privacy.statements import erase_again
from staging_copy.postgres import Database


def apply_erasures(side: Database, *, ledger: Database | None = None) -> int:
    """Erase in `side` what the ledger of another database (or its own) names. Returns the number of erasures."""
    with (ledger or side).connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.privacy_erasure') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("SELECT customer_ids, order_ids, rejected_item_ids FROM public.privacy_erasure")
        found = cursor.fetchall()
    with side.connect() as connection, connection.cursor() as cursor:
        for customer_ids, order_ids, rejected_item_ids in found:
            erase_again(cursor, customer_ids=customer_ids, order_ids=order_ids, rejected_item_ids=rejected_item_ids)
        connection.commit()
    return len(found)
