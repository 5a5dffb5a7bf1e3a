"""Finds order lines whose variant is not known, without reading the others."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index can only be built concurrently outside a transaction.
    atomic = False

    dependencies = [("orders", "0009_target_totals_that_differ")]

    operations = [
        AddIndexConcurrently(
            model_name="orderline",
            index=models.Index(
                fields=["seller", "sku"],
                condition=models.Q(("variant__isnull", True), models.Q(("sku", ""), _negated=True)),
                name="orders_line_unknown",
            ),
        ),
    ]
