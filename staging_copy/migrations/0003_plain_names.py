"""Plain names for fields and models. Tables and columns keep theirs: no statement runs, and old workers go on."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("staging_copy", "0002_schedules_and_checks"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="copy",
                    name="wished_by",
                    field=models.ForeignKey(
                        db_column="wished_by_id",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.RenameField(
                    model_name="copy",
                    old_name="wished_by",
                    new_name="action_requested_by",
                ),
                migrations.AlterField(
                    model_name="copy",
                    name="wish",
                    field=models.CharField(
                        blank=True,
                        choices=[
                            ("cancel", "Cancel"),
                            ("yes", "delete what is missing"),
                            ("no", "keep what is missing"),
                            ("check", "check again"),
                            ("roll_back", "roll back, or put in place again"),
                        ],
                        db_column="wish",
                        max_length=9,
                    ),
                ),
                migrations.RenameField(
                    model_name="copy",
                    old_name="wish",
                    new_name="requested_action",
                ),
            ]
        )
    ]
