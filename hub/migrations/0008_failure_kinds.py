"""Why a change waits becomes an enumeration. The column `error_class` stays for workers of the previous release."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hub", "0007_receipts_of_queued_items"),
    ]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="change",
            name="failure_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("unavailable", "Platform not available"),
                    ("queued", "Queued by the platform"),
                    ("rejected", "Rejected by the platform"),
                    ("attention", "Needs action"),
                    ("id_in_use", "ID in use"),
                    ("worker_lost", "Worker lost"),
                    ("internal", "Internal error"),
                ],
                db_default="",
                help_text="Why it waits for a retry or a review.",
                max_length=20,
                verbose_name="failure",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField(model_name="change", name="error_class")],
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE hub_change ALTER COLUMN error_class SET DEFAULT ''",
                    "ALTER TABLE hub_change ALTER COLUMN error_class DROP DEFAULT",
                )
            ],
        ),
        migrations.AlterField(
            model_name="change",
            name="priority",
            field=models.PositiveSmallIntegerField(choices=[(0, "Event"), (1, "Full sync")], default=0),
        ),
    ]
