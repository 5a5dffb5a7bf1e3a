"""Prices with conditions: a maximum quantity, further lists with customer groups, and prices that begin or end."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_audit_ip_address"),
        ("catalog", "0008_no_default_ordering"),
        ("hub", "0013_waits_and_clocks"),
    ]

    operations = [
        # A column waits for all readers and writers of its table, and new ones for it: rather fail and be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="ScheduledPrice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("min_quantity", models.PositiveIntegerField(default=1)),
                (
                    "max_quantity",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="The largest quantity to which the price applies. Empty: no limit.",
                        null=True,
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=4, max_digits=14)),
                ("list_amount", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("starts_at", models.DateTimeField(blank=True, null=True)),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("due_at", models.DateTimeField(editable=False, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="price",
            name="max_quantity",
            field=models.PositiveIntegerField(
                blank=True, help_text="The largest quantity to which the price applies. Empty: no limit.", null=True
            ),
        ),
        migrations.AddField(
            model_name="pricelist",
            name="customer_groups",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], output_field=models.JSONField()),
                default=list,
                help_text="Names of the groups that have these prices. Empty: all customers.",
            ),
        ),
        migrations.AddField(
            model_name="pricelist",
            name="external_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=200, verbose_name="external ID"),
        ),
        migrations.AddField(
            model_name="pricelist",
            name="source",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="hub.connection",
            ),
        ),
        migrations.AddConstraint(
            model_name="pricelist",
            constraint=models.UniqueConstraint(
                condition=models.Q(("external_id", ""), _negated=True),
                fields=("source", "external_id"),
                name="catalog_price_list_of_source",
            ),
        ),
        migrations.AddField(
            model_name="scheduledprice",
            name="price_list",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="scheduled_prices", to="catalog.pricelist"
            ),
        ),
        migrations.AddField(
            model_name="scheduledprice",
            name="seller",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.seller"
            ),
        ),
        migrations.AddField(
            model_name="scheduledprice",
            name="variant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="scheduled_prices",
                to="catalog.variant",
            ),
        ),
        migrations.AddIndex(
            model_name="scheduledprice",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="catalog_scheduled_price_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="scheduledprice",
            constraint=models.UniqueConstraint(
                fields=("variant", "price_list", "min_quantity", "starts_at", "ends_at"),
                name="catalog_scheduled_price_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="scheduledprice",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0)), name="catalog_scheduled_price_not_negative"
            ),
        ),
        *[
            migrations.RunSQL(
                f"ALTER TABLE catalog_scheduledprice ADD CONSTRAINT catalog_scheduledprice_{column}_tenant"
                f" FOREIGN KEY (seller_id, {column}) REFERENCES {target} (seller_id, id) DEFERRABLE INITIALLY DEFERRED",
                f"ALTER TABLE catalog_scheduledprice DROP CONSTRAINT catalog_scheduledprice_{column}_tenant",
            )
            for column, target in (("variant_id", "catalog_variant"), ("price_list_id", "catalog_pricelist"))
        ],
    ]
