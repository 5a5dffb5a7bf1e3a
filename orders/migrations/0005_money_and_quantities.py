"""Amounts and quantities of lines, charges, discounts, refunds, and the totals of targets (M1, M2, M4, M5).

All new columns have a default in the database, so that processes of the previous release can still write.
"""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

# Foreign keys by (seller, id), as in migration 0002.
KEYS = (
    ("orders_orderadjustment", "order_id", "orders_order"),
    ("orders_refund", "order_id", "orders_order"),
    ("orders_refundline", "refund_id", "orders_refund"),
    ("orders_refundline", "order_line_id", "orders_orderline"),
    ("orders_targettotals", "order_id", "orders_order"),
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_texts"),
        ("catalog", "0006_texts"),
        ("hub", "0007_receipts_of_queued_items"),
        ("orders", "0004_texts"),
    ]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="OrderAdjustment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField(default=0)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("shipping", "Shipping"),
                            ("handling", "Handling"),
                            ("wrapping", "Gift wrapping"),
                            ("fee", "Fee"),
                            ("rounding", "Rounding"),
                            ("discount", "Discount"),
                            ("coupon", "Coupon"),
                            ("gift_card", "Gift card"),
                            ("store_credit", "Store credit"),
                        ],
                        max_length=12,
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=255)),
                (
                    "code",
                    models.CharField(
                        blank=True, help_text="Code of the coupon or number of the gift card.", max_length=100
                    ),
                ),
                ("net", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("tax", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("gross", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                (
                    "tax_rate",
                    models.DecimalField(blank=True, decimal_places=4, help_text="In percent.", max_digits=7, null=True),
                ),
                ("discount_net", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("discount_gross", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
            ],
            options={
                "ordering": ["order", "position", "id"],
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(blank=True, max_length=200, verbose_name="external ID")),
                ("number", models.CharField(blank=True, max_length=100)),
                ("refunded_at", models.DateTimeField(blank=True, null=True)),
                ("net", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("tax", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("gross", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("shipping_net", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("shipping_gross", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("adjustment", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
            ],
            options={
                "ordering": ["order", "id"],
            },
        ),
        migrations.CreateModel(
            name="RefundLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=14)),
                ("net", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("tax", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("gross", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="TargetTotals",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("expected_total", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("expected_tax", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("total", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("tax", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                (
                    "difference",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        help_text="The target's total minus the expected total.",
                        max_digits=14,
                        null=True,
                    ),
                ),
                ("read_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "verbose_name_plural": "target totals",
            },
        ),
        migrations.AddField(
            model_name="order",
            name="accepted_difference",
            field=models.DecimalField(
                blank=True,
                decimal_places=4,
                help_text="A difference that a person accepted, so that the order is sent despite it.",
                max_digits=14,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="base_currency",
            field=models.CharField(blank=True, db_default="", default="", max_length=3),
        ),
        migrations.AddField(
            model_name="order",
            name="difference",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="exchange_rate",
            field=models.DecimalField(blank=True, decimal_places=10, max_digits=20, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="paid",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="prices_include_tax",
            field=models.BooleanField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="read_version",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=2, help_text="The version of SyncCenter's order model it was read with."
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="reconciliation",
            field=models.CharField(
                blank=True,
                choices=[("", "Not checked"), ("balanced", "Adds up"), ("different", "Does not add up")],
                db_default="",
                default="",
                max_length=9,
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="refunded",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="subtotal_gross",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="subtotal_net",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="total_net",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="delivery_address",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="External ID of the delivery address, for orders that have several.",
                max_length=200,
            ),
        ),
        migrations.AddField(
            model_name="orderline",
            name="discount_gross",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="discount_net",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="kind",
            field=models.CharField(
                choices=[
                    ("simple", "Simple"),
                    ("configurable", "Configurable"),
                    ("bundle", "Bundle"),
                    ("bundle_part", "Part of a bundle"),
                    ("kit", "Kit"),
                    ("grouped", "Grouped"),
                    ("virtual", "Virtual"),
                    ("downloadable", "Downloadable"),
                    ("gift_card", "Gift card"),
                    ("custom", "Custom"),
                ],
                db_default="simple",
                default="simple",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="orderline",
            name="needs_shipping",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="parent",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                help_text="The bundle or kit that the line is a part of.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="parts",
                to="orders.orderline",
            ),
        ),
        migrations.AddField(
            model_name="orderline",
            name="quantity_cancelled",
            field=models.DecimalField(db_default=0, decimal_places=3, default=0, max_digits=14),
        ),
        migrations.AddField(
            model_name="orderline",
            name="quantity_refunded",
            field=models.DecimalField(db_default=0, decimal_places=3, default=0, max_digits=14),
        ),
        migrations.AddField(
            model_name="orderline",
            name="quantity_shipped",
            field=models.DecimalField(
                db_default=0,
                decimal_places=3,
                default=0,
                help_text="As the source tells it. Shipments may report more.",
                max_digits=14,
            ),
        ),
        migrations.AddField(
            model_name="orderline",
            name="tax",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="tax_rate",
            field=models.DecimalField(blank=True, decimal_places=4, help_text="In percent.", max_digits=7, null=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="total_gross",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="total_net",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="unit_price_gross",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="orderline",
            name="unit_price_net",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="shipment",
            name="tracking_numbers",
            field=models.JSONField(
                blank=True, db_default=models.Value([], output_field=models.JSONField()), default=list
            ),
        ),
        migrations.AlterField(
            model_name="orderline",
            name="unit_price",
            field=models.DecimalField(
                decimal_places=4, help_text="With tax, if the source tells it with tax.", max_digits=14
            ),
        ),
        migrations.AddField(
            model_name="orderadjustment",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="adjustments", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="orderadjustment",
            name="seller",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.seller"
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="refunds", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="seller",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.seller"
            ),
        ),
        migrations.AddField(
            model_name="refundline",
            name="order_line",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orders.orderline"
            ),
        ),
        migrations.AddField(
            model_name="refundline",
            name="refund",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.refund"
            ),
        ),
        migrations.AddField(
            model_name="refundline",
            name="seller",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.seller"
            ),
        ),
        migrations.AddField(
            model_name="targettotals",
            name="connection",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="hub.connection"),
        ),
        migrations.AddField(
            model_name="targettotals",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="target_totals", to="orders.order"
            ),
        ),
        migrations.AddField(
            model_name="targettotals",
            name="seller",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.seller"
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(fields=("seller", "id"), name="orders_refund_of_seller"),
        ),
        migrations.AddConstraint(
            model_name="refundline",
            constraint=models.UniqueConstraint(fields=("refund", "order_line"), name="orders_refund_line_once"),
        ),
        migrations.AddConstraint(
            model_name="refundline",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gte", 0)), name="orders_refund_line_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="targettotals",
            constraint=models.UniqueConstraint(fields=("order", "connection"), name="orders_target_totals_once"),
        ),
        *(
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_tenant FOREIGN KEY (seller_id, {column})"
                f" REFERENCES {target} (seller_id, id) DEFERRABLE INITIALLY DEFERRED",
                f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_tenant",
            )
            for table, column, target in KEYS
        ),
    ]
