"""References to items that were not imported yet."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hub", "0013_waits_and_clocks"),
    ]

    operations = [
        migrations.CreateModel(
            name="PendingReference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("store", "Store"),
                            ("category", "Category"),
                            ("brand", "Brand"),
                            ("product", "Product"),
                            ("variant", "Variant"),
                            ("price_list", "Price list"),
                            ("customer", "Customer"),
                            ("order", "Order"),
                            ("order_line", "Order line"),
                        ],
                        max_length=20,
                    ),
                ),
                ("item_id", models.BigIntegerField(verbose_name="item ID")),
                (
                    "target_kind",
                    models.CharField(
                        choices=[
                            ("store", "Store"),
                            ("category", "Category"),
                            ("brand", "Brand"),
                            ("product", "Product"),
                            ("variant", "Variant"),
                            ("price_list", "Price list"),
                            ("customer", "Customer"),
                            ("order", "Order"),
                            ("order_line", "Order line"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "external_id",
                    models.CharField(
                        help_text="The source’s ID of the other item.", max_length=200, verbose_name="external ID"
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="hub.connection",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["connection", "target_kind", "external_id"], name="hub_reference_target")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "kind", "item_id", "target_kind", "external_id"),
                        name="hub_reference_once",
                    )
                ],
            },
        ),
    ]
