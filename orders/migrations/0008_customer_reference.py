"""Orders remember which customer they name until that customer is imported (M10)."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # An index can only be built concurrently outside a transaction.
    atomic = False

    dependencies = [("orders", "0007_no_default_ordering")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="customer_reference",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text=(
                    "The customer's ID in the source, also while the customer has not been imported. Empty for guests."
                ),
                max_length=200,
            ),
        ),
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                fields=["source", "customer_reference"],
                condition=models.Q(customer__isnull=True) & ~models.Q(customer_reference=""),
                name="orders_order_awaits_customer",
            ),
        ),
    ]
