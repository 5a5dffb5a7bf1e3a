"""All tables of the app. New installations run it in place of the migrations that it replaces."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("synclog", "0001_initial"),
        ("synclog", "0002_remote_log"),
        ("synclog", "0003_plain_names"),
        ("synclog", "0004_texts"),
        ("synclog", "0005_issue_codes"),
        ("synclog", "0006_timeline_actions"),
        ("synclog", "0007_no_default_ordering"),
        ("synclog", "0008_labels"),
    ]

    dependencies = [
        ("accounts", "0001_squashed_0004_audit_ip_address"),
        ("hub", "0001_squashed_0013_waits_and_clocks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SyncLog",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("integration", models.CharField(max_length=80)),
                (
                    "data_type",
                    models.CharField(
                        choices=[
                            ("settings", "Settings"),
                            ("categories", "Categories"),
                            ("brands", "Brands"),
                            ("products", "Products"),
                            ("stock", "Stock"),
                            ("prices", "Prices"),
                            ("customers", "Customers"),
                            ("orders", "Orders"),
                        ],
                        max_length=20,
                    ),
                ),
                ("started_full_sync", models.DateTimeField(blank=True, null=True)),
                ("last_full_sync", models.DateTimeField(blank=True, null=True)),
                ("last_full_sync_succeeded", models.BooleanField(blank=True, null=True)),
                ("last_update", models.DateTimeField(blank=True, null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sync_logs",
                        to="hub.connection",
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sync_logs", to="accounts.seller"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RemoteLog",
            fields=[
                (
                    "sync_log",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="remote",
                        serialize=False,
                        to="synclog.synclog",
                    ),
                ),
                ("delivered_start", models.DateTimeField(db_column="started_told", null=True)),
                ("delivered_end", models.DateTimeField(db_column="ended_told", null=True)),
                ("next_attempt_at", models.DateTimeField(db_column="look_at", default=django.utils.timezone.now)),
                ("epoch", models.BigIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("reason", models.TextField(blank=True, help_text="Why the last push failed. Empty if it succeeded.")),
            ],
        ),
        migrations.CreateModel(
            name="PendingLogEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(max_length=200)),
                ("version", models.BigIntegerField(default=0)),
                (
                    "sync_log",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pending_entries",
                        to="synclog.synclog",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "pending log entries",
                "db_table": "synclog_untold",
            },
        ),
        migrations.CreateModel(
            name="Issue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "external_id",
                    models.CharField(
                        help_text="With its kind, for example `variant:5`.", max_length=200, verbose_name="external ID"
                    ),
                ),
                ("kind", models.CharField(blank=True, max_length=40)),
                (
                    "item_id",
                    models.BigIntegerField(
                        help_text="The item in SyncCenter, if it exists.", null=True, verbose_name="item ID"
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[("warning", "Warning"), ("error", "Blocking")], default="error", max_length=7
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=60)),
                ("title", models.CharField(blank=True, help_text="The name of the item.", max_length=300)),
                ("message", models.TextField(help_text="What is wrong. One line per problem.")),
                ("fix", models.TextField(blank=True, db_column="mend", help_text="How and where to fix it.")),
                ("link", models.CharField(blank=True, help_text="Where to fix it on the platform.", max_length=1000)),
                ("occurrences", models.PositiveIntegerField(default=1)),
                ("opened_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "seen_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, help_text="When the problem last occurred."
                    ),
                ),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                (
                    "job",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="issues", to="hub.job"
                    ),
                ),
                (
                    "resolved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="issues",
                        to="accounts.seller",
                    ),
                ),
                (
                    "sync_log",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="issues",
                        to="synclog.synclog",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ItemEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("run_id", models.BigIntegerField(null=True, verbose_name="run ID")),
                ("kind", models.CharField(max_length=40)),
                ("item_id", models.BigIntegerField(verbose_name="item ID")),
                ("direction", models.CharField(choices=[("import", "Import"), ("export", "Export")], max_length=6)),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("created", "Created"),
                            ("updated", "Updated"),
                            ("removed", "Removed"),
                            ("queued", "Queued by the platform"),
                            ("skipped", "Skipped"),
                            ("failed", "Failed"),
                            ("preview", "Computed in dry run"),
                        ],
                        max_length=20,
                    ),
                ),
                ("message", models.TextField(blank=True)),
                (
                    "changes",
                    models.JSONField(
                        default=dict, help_text="Field → [before, after]. Empty if values weren't compared."
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="hub.job",
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.seller",
                    ),
                ),
            ],
            options={
                "verbose_name": "timeline entry",
                "verbose_name_plural": "timeline entries",
                "indexes": [
                    models.Index(fields=["kind", "item_id", "-id"], name="synclog_event_of_item"),
                    models.Index(fields=["at"], name="synclog_event_age"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ItemStatus",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("item_id", models.BigIntegerField(verbose_name="item ID")),
                ("storefront", models.CharField(blank=True, max_length=40)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("synced", "Synced"),
                            ("skipped", "Skipped"),
                            ("failed", "Failed, retrying"),
                            ("held", "Needs action"),
                            ("removed", "Removed"),
                            ("pending", "Pending"),
                        ],
                        max_length=8,
                    ),
                ),
                ("message", models.TextField(blank=True)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("run_id", models.BigIntegerField(null=True, verbose_name="run ID")),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="item_statuses",
                        to="hub.job",
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.seller",
                    ),
                ),
            ],
            options={
                "verbose_name": "sync status",
                "verbose_name_plural": "sync statuses",
                "indexes": [
                    models.Index(fields=["kind", "item_id"], name="synclog_status_of_item"),
                    models.Index(fields=["seller", "job", "state", "id"], name="synclog_status_by_state"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("job", "kind", "item_id", "storefront"), name="synclog_status_once")
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="synclog",
            constraint=models.UniqueConstraint(fields=("seller", "integration", "data_type"), name="synclog_log_once"),
        ),
        migrations.AddConstraint(
            model_name="synclog",
            constraint=models.UniqueConstraint(fields=("seller", "id"), name="synclog_log_of_seller"),
        ),
        migrations.AddIndex(
            model_name="pendinglogentry",
            index=models.Index(fields=["sync_log", "id"], name="synclog_untold_in_order"),
        ),
        migrations.AddConstraint(
            model_name="pendinglogentry",
            constraint=models.UniqueConstraint(fields=("sync_log", "external_id"), name="synclog_untold_once"),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("resolved_at", None)), fields=["seller", "-seen_at"], name="synclog_issue_open"
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("resolved_at__isnull", False)),
                fields=["seller", "-seen_at"],
                name="synclog_issue_resolved",
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(fields=["kind", "item_id"], name="synclog_issue_of_item"),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(fields=["sync_log", "-opened_at"], name="synclog_issue_of_log"),
        ),
        migrations.AddConstraint(
            model_name="issue",
            constraint=models.UniqueConstraint(
                condition=models.Q(("resolved_at", None)),
                fields=("sync_log", "external_id"),
                name="synclog_issue_one_open",
            ),
        ),
    ]
