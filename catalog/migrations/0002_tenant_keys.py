"""Foreign keys by (seller, id): a row can refer only to rows of its own seller, whatever the code does."""

from django.db import migrations

KEYS = (
    ("catalog_variant", "product_id", "catalog_product"),
    ("catalog_image", "product_id", "catalog_product"),
    ("catalog_stock", "variant_id", "catalog_variant"),
    ("catalog_stock", "location_id", "catalog_stocklocation"),
    ("catalog_price", "variant_id", "catalog_variant"),
    ("catalog_price", "price_list_id", "catalog_pricelist"),
)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE catalog_revision", "DROP SEQUENCE catalog_revision"),
        *[
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_tenant FOREIGN KEY (seller_id, {column})"
                f" REFERENCES {target} (seller_id, id) DEFERRABLE INITIALLY DEFERRED",
                f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_tenant",
            )
            for table, column, target in KEYS
        ],
    ]
