"""Positions in the outgoing feeds for what was there before them, a slice at a time beside running writers.

Those keep positions by triggers already, and nobody fetches a feed before the release whose migration this is runs.
"""

from django.db import migrations

_SLICE = 10_000
_SOURCES = (("products", "catalog_product"), ("images", "catalog_product"), ("inventory", "catalog_variant"))


def enter_all(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for feed, table in _SOURCES:
            last = 0
            while last is not None:
                cursor.execute(
                    f"""
                    WITH slice AS (SELECT id, seller_id FROM {table} WHERE id > %(last)s ORDER BY id LIMIT %(size)s),
                    entered AS (
                        INSERT INTO catalog_feedposition (feed, item_id, seller_id, changed)
                        SELECT %(feed)s, id, seller_id, pg_current_xact_id() FROM slice
                        ON CONFLICT DO NOTHING
                    )
                    SELECT max(id) FROM slice
                    """,  # noqa: S608 (a name from the list above)
                    {"last": last, "size": _SLICE, "feed": feed},
                )
                [last] = cursor.fetchone()


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("catalog", "0003_feed_positions")]

    operations = [migrations.RunPython(enter_all, migrations.RunPython.noop, elidable=True)]
