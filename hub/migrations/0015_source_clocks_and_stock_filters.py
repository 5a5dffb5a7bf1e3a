"""The difference between the clocks of a source and of the database; filters of stock."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hub", "0014_pending_references"),
    ]

    operations = [
        # A column waits for all readers and writers of its table, and new ones for it: rather fail and be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="jobstate",
            name="source_clock_difference",
            field=models.FloatField(
                db_default=0,
                default=0,
                help_text="How far the platform’s clock was ahead of the database’s at the last import, in seconds.",
            ),
        ),
        migrations.AlterField(
            model_name="job",
            name="filters",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text='Which items to sync, for example {"brands": ["Acme"]}. Leave empty to sync all. Lists: statuses, brands, types, categories (paths, subcategories included), groups, b2b_groups (groups that a customer import enables for B2B), stock_locations (codes). True or false: b2b_only. Number: stock_buffer (units that are kept back).',
            ),
        ),
    ]
