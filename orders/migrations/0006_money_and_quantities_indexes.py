"""Indexes and constraints of the new columns, built without locking the tables."""

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

_PARENT = "orders_orderline_parent_id_tenant"


class Migration(migrations.Migration):
    # An index can only be built concurrently outside a transaction.
    atomic = False

    dependencies = [("orders", "0005_money_and_quantities")]

    operations = [
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(fields=["source"], condition=models.Q(read_version=1), name="orders_order_read_again"),
        ),
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                fields=["seller", "-placed_at"],
                condition=models.Q(reconciliation="different"),
                name="orders_order_different",
            ),
        ),
        AddIndexConcurrently(
            model_name="orderline",
            index=models.Index(fields=["parent"], condition=models.Q(parent__isnull=False), name="orders_line_parent"),
        ),
        AddConstraintNotValid(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(quantity_cancelled__gte=0, quantity_refunded__gte=0, quantity_shipped__gte=0),
                name="orders_line_quantities_not_negative",
            ),
        ),
        ValidateConstraint(model_name="orderline", name="orders_line_quantities_not_negative"),
        migrations.RunSQL(
            f"ALTER TABLE orders_orderline ADD CONSTRAINT {_PARENT} FOREIGN KEY (seller_id, parent_id)"
            " REFERENCES orders_orderline (seller_id, id) DEFERRABLE INITIALLY DEFERRED NOT VALID",
            f"ALTER TABLE orders_orderline DROP CONSTRAINT {_PARENT}",
        ),
        migrations.RunSQL(f"ALTER TABLE orders_orderline VALIDATE CONSTRAINT {_PARENT}", migrations.RunSQL.noop),
    ]
