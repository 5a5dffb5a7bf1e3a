"""Texts and reverse names only: no SQL."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0005_oauth_tokens"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="oauthtokens",
            options={"verbose_name": "OAuth tokens", "verbose_name_plural": "OAuth tokens"},
        ),
        migrations.AlterField(
            model_name="feedimport",
            name="answer",
            field=models.JSONField(default=dict, help_text="The search engine's response."),
        ),
        migrations.AlterField(
            model_name="feedimport",
            name="file",
            field=models.CharField(blank=True, help_text="Name of the file in FEED_DIR.", max_length=300),
        ),
        migrations.AlterField(
            model_name="feedimport",
            name="format",
            field=models.CharField(blank=True, help_text="The vendor's file format.", max_length=10),
        ),
        migrations.AlterField(
            model_name="feedimport",
            name="mode",
            field=models.CharField(choices=[("replace", "Full replacement"), ("change", "Incremental")], max_length=7),
        ),
        migrations.AlterField(
            model_name="feedimport",
            name="state",
            field=models.CharField(
                choices=[
                    ("building", "Building"),
                    ("sending", "Sending"),
                    ("polling", "Processing"),
                    ("success", "Succeeded"),
                    ("refused", "Rejected"),
                    ("harmful", "Blocked: would delete too much. Needs approval"),
                    ("unknown", "No response, may still be running"),
                ],
                default="building",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="feeditem",
            name="feed_import",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="feed_items",
                to="connectors.feedimport",
            ),
        ),
        migrations.AlterField(
            model_name="feeditem",
            name="warnings",
            field=models.JSONField(default=list, help_text="Warnings to report when the import has succeeded."),
        ),
        migrations.AlterField(
            model_name="feedname",
            name="value",
            field=models.TextField(help_text="The ID that has the name."),
        ),
        migrations.AlterField(
            model_name="oauthtokens",
            name="state",
            field=models.CharField(
                choices=[("valid", "Valid"), ("refreshing", "Refreshing"), ("reconnect", "Reconnection required")],
                default="valid",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="webhookevent",
            name="deliveries",
            field=models.PositiveIntegerField(default=1, help_text="How many times it was received."),
        ),
        migrations.AlterField(
            model_name="webhookevent",
            name="failures",
            field=models.PositiveIntegerField(
                default=0, help_text="Consecutive failures while it was processed alone."
            ),
        ),
        migrations.AlterField(
            model_name="webhookevent",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "Pending"),
                    ("done", "Processed"),
                    ("ignored", "Ignored (no matching sync)"),
                    ("held", "Failed, needs action"),
                ],
                default="pending",
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="webhooksubscription",
            name="check_at",
            field=models.DateTimeField(help_text="Time of the next check."),
        ),
        migrations.AlterField(
            model_name="webhooksubscription",
            name="healthy",
            field=models.BooleanField(help_text="Empty: not checked yet.", null=True),
        ),
        migrations.AlterField(
            model_name="webhooksubscription",
            name="reason",
            field=models.TextField(blank=True, help_text="Why registration failed, and how to fix it."),
        ),
        migrations.AlterField(
            model_name="webhooksubscription",
            name="renewed_at",
            field=models.DateTimeField(help_text="When webhooks were last created or renewed.", null=True),
        ),
    ]
