"""An import may contain the same item for several streams, so its items are unique by change."""

from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("connectors", "0008_feed_imports_of_lanes"),
    ]

    operations = [
        migrations.RunSQL(
            [
                "DROP INDEX CONCURRENTLY IF EXISTS connectors_feed_change_once",
                "CREATE UNIQUE INDEX CONCURRENTLY connectors_feed_change_once"
                " ON connectors_feeditem (feed_import_id, change_id)",
            ],
            "DROP INDEX CONCURRENTLY IF EXISTS connectors_feed_change_once",
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddConstraint(
                    model_name="feeditem",
                    constraint=models.UniqueConstraint(
                        fields=("feed_import", "change_id"), name="connectors_feed_change_once"
                    ),
                ),
            ],
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE connectors_feeditem ADD CONSTRAINT connectors_feed_change_once"
                    " UNIQUE USING INDEX connectors_feed_change_once",
                    "ALTER TABLE connectors_feeditem DROP CONSTRAINT connectors_feed_change_once",
                ),
            ],
        ),
        migrations.RemoveConstraint(model_name="feeditem", name="connectors_feed_item_once"),
    ]
