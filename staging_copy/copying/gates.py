"""Checks that the new database must pass before it replaces staging."""

from collections.abc import Mapping

from staging_copy.postgres import Database


class GateFailed(Exception):
    """The new database failed a check; the message names what is wrong."""


def check_rows(expected: Mapping[str, int], loaded: Mapping[str, int]) -> None:
    """Compares the row counts of copied tables with the backup. Raises GateFailed."""
    wrong = [
        f"{table}: {count} in the backup, {loaded.get(table, 0)} in the new database"
        for table, count in sorted(expected.items())
        if loaded.get(table, 0) != count
    ]
    if wrong:
        raise GateFailed("Row counts differ from the backup. " + "; ".join(wrong[:10]))


def check_constraints(side: Database) -> None:
    """Checks that all constraints are validated and all indexes valid. Raises GateFailed."""
    with side.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass || '.' || conname FROM pg_constraint WHERE NOT convalidated"
            " UNION ALL SELECT indexrelid::regclass::text FROM pg_index WHERE NOT (indisvalid AND indisready)"
        )
        invalid = [name for (name,) in cursor.fetchall()]
    if invalid:
        raise GateFailed(f"Invalid constraints or indexes: {', '.join(invalid[:10])}")


def check_canaries(counts: Mapping[str, int]) -> None:
    """Checks that no canary value of live passed the masks. Raises GateFailed, naming the canaries."""
    arrived = [canary for canary, count in counts.items() if count]
    if arrived:
        raise GateFailed(f"Canary values were not masked: {', '.join(arrived)}")


def highest_ids(side: Database) -> dict[str, int]:
    """The highest ID of each kind of item, and the highest numeric external ID per connection and kind (L16)."""
    found: dict[str, int] = {}
    with side.connect() as connection, connection.cursor() as cursor:
        for kind, table in _TABLE_BY_KIND.items():
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{table}"])
            if cursor.fetchone()[0]:
                cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}")  # noqa: S608  (table names are from the constant below)
                found[kind] = cursor.fetchone()[0]
        cursor.execute(
            "SELECT connection.slug || ' ' || link.kind, MAX(link.external_id::numeric)::bigint"
            " FROM hub_link AS link JOIN hub_connection AS connection ON connection.id = link.connection_id"
            " WHERE link.external_id ~ '^[0-9]{1,18}$' GROUP BY 1 ORDER BY 1"
        )
        found.update(cursor.fetchall())
    return found


_TABLE_BY_KIND = {
    "seller": "accounts_seller",
    "product": "catalog_product",
    "variant": "catalog_variant",
    "customer": "orders_customer",
    "order": "orders_order",
    "order line": "orders_orderline",
}
