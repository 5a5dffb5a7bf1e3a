"""The index that counts open issues by cause without reading the table, built without locking it."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("synclog", "0012_saved_views")]

    operations = [
        AddIndexConcurrently(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("resolved_at", None)),
                fields=["seller", "cause", "kind", "item_id"],
                include=("id", "severity", "snoozed_until", "opened_at", "sync_log"),
                name="synclog_issue_counts",
            ),
        ),
    ]
