"""Revisions count in a sequence of their own, and a source gives each number to one order (L16)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_tenant_keys")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE orders_revision", "DROP SEQUENCE orders_revision"),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                fields=["source", "number"], condition=~models.Q(number=""), name="orders_order_number_once"
            ),
        ),
    ]
