"""Foreign keys by (seller, id): a row can refer only to rows of its own seller, whatever the code does.

A key that may be emptied when its target goes (SET NULL) is left to the simple foreign key on delete and is checked
here on insert and update.
"""

from django.db import migrations

KEYS = (
    ("orders_customer", "group_id", "orders_customergroup"),
    ("orders_customer", "parent_id", "orders_customer"),
    ("orders_order", "customer_id", "orders_customer"),
    ("orders_address", "customer_id", "orders_customer"),
    ("orders_address", "order_id", "orders_order"),
    ("orders_orderline", "order_id", "orders_order"),
    ("orders_orderline", "variant_id", "catalog_variant"),
    ("orders_shipment", "order_id", "orders_order"),
    ("orders_shipmentline", "shipment_id", "orders_shipment"),
    ("orders_shipmentline", "order_line_id", "orders_orderline"),
)


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial"), ("catalog", "0002_tenant_keys")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_tenant FOREIGN KEY (seller_id, {column})"
            f" REFERENCES {target} (seller_id, id) DEFERRABLE INITIALLY DEFERRED",
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_tenant",
        )
        for table, column, target in KEYS
    ]
