"""All tables of the app. New installations run it in place of the migrations that it replaces."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import hub.schedules


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("staging_copy", "0001_initial"),
        ("staging_copy", "0002_schedules_and_checks"),
        ("staging_copy", "0003_plain_names"),
        ("staging_copy", "0004_texts"),
        ("staging_copy", "0005_backup_storage"),
        ("staging_copy", "0006_samples"),
    ]

    dependencies = [
        ("hub", "0001_squashed_0013_waits_and_clocks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Backup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(
                        help_text="Folder name in BACKUP_DIR.", max_length=100, unique=True, verbose_name="name"
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[("nightly", "Nightly"), ("manual", "Manual"), ("registered", "Imported")],
                        max_length=10,
                        verbose_name="origin",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("good", "Verified"),
                            ("damaged", "Damaged"),
                            ("failed", "Failed"),
                            ("stored", "In object storage only"),
                            ("deleted", "Deleted (retention expired)"),
                        ],
                        default="running",
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                (
                    "taken_at",
                    models.DateTimeField(
                        help_text="The backup contains the data of live at this time.", verbose_name="live as of"
                    ),
                ),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished at")),
                ("verified_at", models.DateTimeField(null=True, verbose_name="verified at")),
                (
                    "stored_at",
                    models.DateTimeField(
                        help_text="When an encrypted copy was put into the object storage.",
                        null=True,
                        verbose_name="stored at",
                    ),
                ),
                (
                    "rehearsed_at",
                    models.DateTimeField(
                        help_text="When it was last restored on trial, and all rows were counted.",
                        null=True,
                        verbose_name="rehearsed at",
                    ),
                ),
                ("size", models.BigIntegerField(help_text="Bytes on disk.", null=True, verbose_name="size")),
                ("rows", models.BigIntegerField(null=True, verbose_name="rows")),
                (
                    "checksum",
                    models.CharField(
                        blank=True,
                        help_text="SHA-256 over the checksums of all files.",
                        max_length=64,
                        verbose_name="checksum",
                    ),
                ),
                ("problem", models.TextField(blank=True, verbose_name="problem")),
            ],
            options={
                "verbose_name": "backup",
                "verbose_name_plural": "backups",
                "ordering": ["-taken_at"],
                "indexes": [models.Index(fields=["state", "-taken_at"], name="staging_backup_latest")],
            },
        ),
        migrations.CreateModel(
            name="CopySchedule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                (
                    "crontab",
                    models.CharField(
                        max_length=60, validators=[hub.schedules.validate_schedule], verbose_name="crontab"
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        default="UTC",
                        max_length=60,
                        validators=[hub.schedules.validate_time_zone],
                        verbose_name="time zone",
                    ),
                ),
                ("paused", models.BooleanField(default=False, verbose_name="paused")),
                ("next_at", models.DateTimeField(editable=False, null=True, verbose_name="next copy")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
            ],
            options={
                "verbose_name": "copy schedule",
                "verbose_name_plural": "copy schedules",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Copy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("running", "Running"),
                            ("checking", "Switched over, checking"),
                            ("asking", "Needs your answer"),
                            ("unchecked", "Switched over, not verified"),
                            ("done", "Succeeded"),
                            ("failed", "Failed"),
                            ("rolled_back", "Rolled back"),
                            ("cancelled", "Canceled"),
                        ],
                        default="planned",
                        max_length=11,
                        verbose_name="status",
                    ),
                ),
                ("not_before", models.DateTimeField(default=django.utils.timezone.now, verbose_name="planned for")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="created at")),
                ("started_at", models.DateTimeField(null=True, verbose_name="started at")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished at")),
                (
                    "journal",
                    models.CharField(
                        blank=True,
                        help_text="Folder name in STAGING_COPY_JOURNAL_DIR.",
                        max_length=60,
                        verbose_name="journal",
                    ),
                ),
                ("stage", models.CharField(blank=True, max_length=20, verbose_name="stage")),
                (
                    "progress",
                    models.JSONField(
                        default=dict,
                        help_text="Rows copied per table, then IDs checked per shop and kind.",
                        verbose_name="progress",
                    ),
                ),
                (
                    "requested_action",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("cancel", "Cancel"),
                            ("yes", "Delete missing items"),
                            ("no", "Keep missing items"),
                            ("check", "Check again"),
                            ("roll_back", "Roll back, or undo a rollback"),
                        ],
                        db_column="wish",
                        max_length=9,
                        verbose_name="requested action",
                    ),
                ),
                (
                    "question",
                    models.JSONField(
                        default=list,
                        help_text="The number of missing items per shop and kind, with the total.",
                        verbose_name="question",
                    ),
                ),
                ("problem", models.TextField(blank=True, verbose_name="problem")),
                ("report", models.JSONField(default=dict, verbose_name="report")),
                (
                    "action_requested_by",
                    models.ForeignKey(
                        db_column="wished_by_id",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="action requested by",
                    ),
                ),
                (
                    "backup",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="copies",
                        to="staging_copy.backup",
                        verbose_name="backup",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requested by",
                    ),
                ),
                (
                    "schedule",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="copies",
                        to="staging_copy.copyschedule",
                        verbose_name="schedule",
                    ),
                ),
            ],
            options={
                "verbose_name": "copy",
                "verbose_name_plural": "copies",
                "ordering": ["-id"],
                "permissions": (
                    ("copy_to_staging", "Can back up live, copy it to staging, and roll that back"),
                    ("view_samples", "Can view values of live next to their masked values on staging"),
                ),
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("external_id", models.CharField(max_length=200)),
                ("item_id", models.BigIntegerField(null=True)),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("missing", "Missing in the shop"),
                            ("contradicted", "Not found, but listed by the shop"),
                            ("only", "Only in the shop"),
                            ("kept", "Missing in the shop, kept on request"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="hub.connection",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="copyschedule",
            index=models.Index(condition=models.Q(("paused", False)), fields=["next_at"], name="staging_schedule_due"),
        ),
        migrations.AddIndex(
            model_name="copy",
            index=models.Index(
                condition=models.Q(("state", "planned")), fields=["not_before"], name="staging_copy_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="copy",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "running")), fields=("state",), name="staging_copy_one_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.UniqueConstraint(
                fields=("connection", "kind", "external_id"), name="staging_finding_once"
            ),
        ),
    ]
