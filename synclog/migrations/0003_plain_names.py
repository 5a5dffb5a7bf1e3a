"""Plain names for fields and models. Tables and columns keep theirs: no statement runs, and old workers go on."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("synclog", "0002_remote_log"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("Untold", "PendingLogEntry"),
                migrations.AlterModelTable("PendingLogEntry", "synclog_untold"),
                migrations.AlterModelOptions("PendingLogEntry", options={"verbose_name_plural": "pending log entries"}),
                migrations.AlterField(
                    model_name="pendinglogentry",
                    name="sync_log",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pending_entries",
                        to="synclog.synclog",
                    ),
                ),
                migrations.AlterField(
                    model_name="issue",
                    name="mend",
                    field=models.TextField(blank=True, db_column="mend", help_text="What to do about it, and where."),
                ),
                migrations.RenameField(
                    model_name="issue",
                    old_name="mend",
                    new_name="fix",
                ),
                migrations.AlterField(
                    model_name="remotelog",
                    name="ended_told",
                    field=models.DateTimeField(db_column="ended_told", null=True),
                ),
                migrations.RenameField(
                    model_name="remotelog",
                    old_name="ended_told",
                    new_name="delivered_end",
                ),
                migrations.AlterField(
                    model_name="remotelog",
                    name="started_told",
                    field=models.DateTimeField(db_column="started_told", null=True),
                ),
                migrations.RenameField(
                    model_name="remotelog",
                    old_name="started_told",
                    new_name="delivered_start",
                ),
                migrations.AlterField(
                    model_name="remotelog",
                    name="look_at",
                    field=models.DateTimeField(db_column="look_at", default=django.utils.timezone.now),
                ),
                migrations.RenameField(
                    model_name="remotelog",
                    old_name="look_at",
                    new_name="next_attempt_at",
                ),
            ]
        )
    ]
