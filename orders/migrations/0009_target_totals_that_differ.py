"""Marks totals of targets that differ from what was sent, and finds the orders without reading the others."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index can only be built concurrently outside a transaction.
    atomic = False

    dependencies = [("orders", "0008_customer_reference")]

    operations = [
        migrations.AddField(
            model_name="targettotals",
            name="differs",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="More than rounding. Totals of earlier releases are not marked.",
            ),
        ),
        AddIndexConcurrently(
            model_name="targettotals",
            index=models.Index(fields=["order"], condition=models.Q(differs=True), name="orders_target_totals_differ"),
        ),
    ]
