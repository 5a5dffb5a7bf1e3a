"""Items of a source that were rejected, as they were last received."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_audit_ip_address"),
        ("hub", "0014_pending_references"),
        ("synclog", "0010_issues_by_cause"),
    ]

    operations = [
        migrations.CreateModel(
            name="RejectedItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("external_id", models.CharField(max_length=200, verbose_name="external ID")),
                ("title", models.CharField(blank=True, max_length=300)),
                (
                    "keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.TextField(),
                        default=list,
                        help_text="IDs, SKUs and numbers, in upper case.",
                        size=None,
                    ),
                ),
                ("payload", models.JSONField(null=True, verbose_name="received data")),
                (
                    "rejected_at",
                    models.DateTimeField(default=django.utils.timezone.now, help_text="When it was first rejected."),
                ),
                (
                    "received_at",
                    models.DateTimeField(default=django.utils.timezone.now, help_text="When it was last received."),
                ),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rejected_items",
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
                "indexes": [
                    models.Index(fields=["seller", "-received_at"], name="synclog_rejected_recent"),
                    models.Index(fields=["received_at"], name="synclog_rejected_age"),
                    django.contrib.postgres.indexes.GinIndex(fields=["keys"], name="synclog_rejected_keys"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("job", "kind", "external_id"), name="synclog_rejected_once")
                ],
            },
        ),
    ]
