"""What must be true of the side database before it may take staging's place."""

from collections.abc import Mapping

from staging_copy.postgres import Database


class GateFailed(Exception):
    """The side database is not as it should be; the message says what is wrong."""


def check_rows(expected: Mapping[str, int], loaded: Mapping[str, int]) -> None:
    """Every row of every table that is copied arrived. Raises GateClosed."""
    wrong = [
        f"{table}: {count} in the backup, {loaded.get(table, 0)} in the new database"
        for table, count in sorted(expected.items())
        if loaded.get(table, 0) != count
    ]
    if wrong:
        raise GateFailed("Rows are missing. " + "; ".join(wrong[:10]))


def check_constraints(side: Database) -> None:
    """Foreign keys, checks and indexes all exist and hold. Raises GateClosed."""
    with side.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass || '.' || conname FROM pg_constraint WHERE NOT convalidated"
            " UNION ALL SELECT indexrelid::regclass::text FROM pg_index WHERE NOT (indisvalid AND indisready)"
        )
        invalid = [name for (name,) in cursor.fetchall()]
    if invalid:
        raise GateFailed(f"These do not hold: {', '.join(invalid[:10])}")


def check_canaries(counts: Mapping[str, int]) -> None:
    """Of what was planted in live, nothing was met behind the masks. Raises GateClosed, naming the canary."""
    arrived = [canary for canary, count in counts.items() if count]
    if arrived:
        raise GateFailed(f"Planted values came through the masks: {', '.join(arrived)}")


def highest_ids(side: Database) -> dict[str, int]:
    """The highest id in use of each kind of item, and per connection and kind the highest numeric id outside (L16)."""
    found: dict[str, int] = {}
    with side.connect() as connection, connection.cursor() as cursor:
        for kind, table in _TABLE_BY_KIND.items():
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{table}"])
            if cursor.fetchone()[0]:
                cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}")  # noqa: S608  (from the list below)
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
