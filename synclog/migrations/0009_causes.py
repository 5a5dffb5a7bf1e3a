"""The cause of each issue, and what people decided about an issue or about all issues with a cause."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_audit_ip_address"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("synclog", "0008_labels"),
    ]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="CauseState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.seller",
                    ),
                ),
                ("cause", models.CharField(max_length=80)),
                ("snoozed_until", models.DateTimeField(null=True)),
                (
                    "assigned_to",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["seller", "cause"], name="synclog_cause_once")],
            },
        ),
        migrations.AddField(
            model_name="issue",
            name="cause",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="Issues with the same cause are fixed in the same way.",
                max_length=80,
            ),
        ),
        migrations.AddField(
            model_name="issue",
            name="snoozed_until",
            field=models.DateTimeField(
                blank=True, help_text="Not shown in the inbox before. In the year 9999: muted.", null=True
            ),
        ),
        migrations.AddField(
            model_name="issue",
            name="assigned_to",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
