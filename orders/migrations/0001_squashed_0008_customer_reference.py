"""All tables of the app. New installations run it in place of the migrations that it replaces."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models

# Foreign keys by (seller, id): a row can refer only to rows of its own seller, whatever the code does. A key that may
# be emptied when its target goes (SET NULL) is left to the simple foreign key on delete and is checked here on insert
# and update.
TENANT_KEYS = (
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
    ("orders_orderadjustment", "order_id", "orders_order"),
    ("orders_refund", "order_id", "orders_order"),
    ("orders_refundline", "refund_id", "orders_refund"),
    ("orders_refundline", "order_line_id", "orders_orderline"),
    ("orders_targettotals", "order_id", "orders_order"),
    ("orders_orderline", "parent_id", "orders_orderline"),
)


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("orders", "0001_initial"),
        ("orders", "0002_tenant_keys"),
        ("orders", "0003_revisions_and_numbers"),
        ("orders", "0004_texts"),
        ("orders", "0005_money_and_quantities"),
        ("orders", "0006_money_and_quantities_indexes"),
        ("orders", "0007_no_default_ordering"),
        ("orders", "0008_customer_reference"),
    ]

    dependencies = [
        ("accounts", "0001_squashed_0004_audit_ip_address"),
        ("catalog", "0001_squashed_0009_prices_with_terms"),
        ("hub", "0001_squashed_0013_waits_and_clocks"),
    ]

    operations = [
        migrations.CreateModel(
            name="CustomerGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                (
                    "seller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="customer_groups",
                        to="accounts.seller",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.EmailField(blank=True, max_length=320)),
                ("first_name", models.CharField(blank=True, max_length=150)),
                ("last_name", models.CharField(blank=True, max_length=150)),
                ("company_name", models.CharField(blank=True, max_length=255)),
                ("phone", models.CharField(blank=True, max_length=50)),
                ("tax_id", models.CharField(blank=True, max_length=50, verbose_name="tax ID")),
                ("accounting_id", models.CharField(blank=True, max_length=100, verbose_name="accounting ID")),
                (
                    "sales_agent_groups",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), blank=True, default=list, size=None
                    ),
                ),
                (
                    "price_lists",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), blank=True, default=list, size=None
                    ),
                ),
                ("discount_percentage", models.DecimalField(blank=True, decimal_places=3, max_digits=6, null=True)),
                ("payment_on_account", models.BooleanField(blank=True, null=True)),
                (
                    "b2b_enabled",
                    models.BooleanField(
                        default=False,
                        help_text="Set by the source or by the filters of the import job.",
                        verbose_name="B2B enabled",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("disabled", "Disabled"), ("deleted", "Deleted")],
                        default="active",
                        max_length=10,
                    ),
                ),
                ("note", models.TextField(blank=True)),
                ("revision", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="children",
                        to="orders.customer",
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="customers",
                        to="accounts.seller",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="orders.customergroup"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=100)),
                (
                    "customer_reference",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The customer's ID in the source, also while the customer has not been imported. Empty for guests.",
                        max_length=200,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("confirmed", "Confirmed"),
                            ("partly_shipped", "Partially shipped"),
                            ("shipped", "Shipped"),
                            ("delivered", "Delivered"),
                            ("cancelled", "Canceled"),
                            ("returned", "Returned"),
                            ("refunded", "Refunded"),
                        ],
                        default="pending",
                        max_length=16,
                    ),
                ),
                ("source_status", models.CharField(blank=True, help_text="The status in the source.", max_length=60)),
                ("currency", models.CharField(max_length=3)),
                ("base_currency", models.CharField(blank=True, db_default="", default="", max_length=3)),
                ("exchange_rate", models.DecimalField(blank=True, decimal_places=10, max_digits=20, null=True)),
                ("prices_include_tax", models.BooleanField(blank=True, null=True)),
                ("subtotal_net", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("subtotal_gross", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("total_net", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("total", models.DecimalField(decimal_places=4, max_digits=14)),
                ("tax", models.DecimalField(decimal_places=4, default=0, max_digits=14)),
                ("shipping_cost", models.DecimalField(decimal_places=4, default=0, max_digits=14)),
                ("paid", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("refunded", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                (
                    "reconciliation",
                    models.CharField(
                        blank=True,
                        choices=[("", "Not checked"), ("balanced", "Adds up"), ("different", "Does not add up")],
                        db_default="",
                        default="",
                        max_length=9,
                    ),
                ),
                ("difference", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                (
                    "accepted_difference",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        help_text="A difference that a person accepted, so that the order is sent despite it.",
                        max_digits=14,
                        null=True,
                    ),
                ),
                (
                    "read_version",
                    models.PositiveSmallIntegerField(
                        db_default=1, default=2, help_text="The version of SyncCenter's order model it was read with."
                    ),
                ),
                ("placed_at", models.DateTimeField()),
                ("placed_through_b2b", models.BooleanField(default=False, verbose_name="placed through B2B")),
                (
                    "cart_id",
                    models.CharField(
                        blank=True,
                        help_text="The ID of the order in the B2B storefront.",
                        max_length=100,
                        verbose_name="cart ID",
                    ),
                ),
                ("customer_note", models.TextField(blank=True)),
                ("internal_note", models.TextField(blank=True)),
                ("ip_address", models.GenericIPAddressField(blank=True, null=True, verbose_name="IP address")),
                ("revision", models.BigIntegerField(default=0)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="orders",
                        to="orders.customer",
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="orders",
                        to="accounts.seller",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="hub.connection",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Address",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "use",
                    models.CharField(
                        choices=[("billing", "Billing"), ("shipping", "Shipping"), ("other", "Other")],
                        default="other",
                        max_length=8,
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=200, verbose_name="external ID")),
                ("first_name", models.CharField(blank=True, max_length=150)),
                ("last_name", models.CharField(blank=True, max_length=150)),
                ("company", models.CharField(blank=True, max_length=255)),
                ("street", models.CharField(blank=True, max_length=255)),
                ("street2", models.CharField(blank=True, max_length=255)),
                ("city", models.CharField(blank=True, max_length=150)),
                ("region", models.CharField(blank=True, max_length=150)),
                ("postcode", models.CharField(blank=True, max_length=30)),
                ("country", models.CharField(blank=True, max_length=2)),
                ("phone", models.CharField(blank=True, max_length=50)),
                ("email", models.EmailField(blank=True, max_length=320)),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.seller",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="addresses",
                        to="orders.customer",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="addresses",
                        to="orders.order",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "addresses",
            },
        ),
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
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="adjustments", to="orders.order"
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.seller",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
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
                ("needs_shipping", models.BooleanField(db_default=True, default=True)),
                ("position", models.PositiveIntegerField(default=0)),
                ("sku", models.CharField(blank=True, max_length=255, verbose_name="SKU")),
                ("title", models.TextField(blank=True)),
                (
                    "vendor",
                    models.CharField(blank=True, help_text="Ships the line. Empty if the seller does.", max_length=100),
                ),
                (
                    "delivery_address",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="External ID of the delivery address, for orders that have several.",
                        max_length=200,
                    ),
                ),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=14)),
                ("quantity_cancelled", models.DecimalField(db_default=0, decimal_places=3, default=0, max_digits=14)),
                ("quantity_refunded", models.DecimalField(db_default=0, decimal_places=3, default=0, max_digits=14)),
                (
                    "quantity_shipped",
                    models.DecimalField(
                        db_default=0,
                        decimal_places=3,
                        default=0,
                        help_text="As the source tells it. Shipments may report more.",
                        max_digits=14,
                    ),
                ),
                (
                    "unit_price",
                    models.DecimalField(
                        decimal_places=4, help_text="With tax, if the source tells it with tax.", max_digits=14
                    ),
                ),
                ("unit_price_net", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("unit_price_gross", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("total_net", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("tax", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("total_gross", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                (
                    "tax_rate",
                    models.DecimalField(blank=True, decimal_places=4, help_text="In percent.", max_digits=7, null=True),
                ),
                ("discount_net", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("discount_gross", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("confirmed", "Confirmed"),
                            ("partly_shipped", "Partially shipped"),
                            ("shipped", "Shipped"),
                            ("delivered", "Delivered"),
                            ("cancelled", "Canceled"),
                            ("returned", "Returned"),
                            ("refunded", "Refunded"),
                        ],
                        default="pending",
                        max_length=16,
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.order"
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
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
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.seller",
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="catalog.variant",
                    ),
                ),
            ],
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
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="refunds", to="orders.order"
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.seller",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RefundLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=14)),
                ("net", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("tax", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                ("gross", models.DecimalField(blank=True, decimal_places=4, max_digits=14, null=True)),
                (
                    "order_line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orders.orderline"
                    ),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.refund"
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.seller",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Shipment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(blank=True, max_length=200, verbose_name="external ID")),
                ("carrier", models.CharField(blank=True, max_length=100)),
                (
                    "tracking_numbers",
                    models.JSONField(
                        blank=True, db_default=models.Value([], output_field=models.JSONField()), default=list
                    ),
                ),
                ("tracking_number", models.CharField(blank=True, max_length=100)),
                ("shipped_at", models.DateTimeField(blank=True, null=True)),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="shipments", to="orders.order"
                    ),
                ),
                (
                    "reported_by",
                    models.ForeignKey(
                        blank=True,
                        help_text="The ERP that reported the shipment. Empty if it was imported with the order.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="hub.connection",
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.seller",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ShipmentLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=14)),
                (
                    "order_line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="orders.orderline"
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.seller",
                    ),
                ),
                (
                    "shipment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.shipment"
                    ),
                ),
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
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="hub.connection"
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="target_totals", to="orders.order"
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.seller",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "target totals",
            },
        ),
        migrations.AddConstraint(
            model_name="customergroup",
            constraint=models.UniqueConstraint(fields=("seller", "name"), name="orders_group_once"),
        ),
        migrations.AddConstraint(
            model_name="customergroup",
            constraint=models.UniqueConstraint(fields=("seller", "id"), name="orders_group_of_seller"),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                models.F("seller"),
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("email"), "text_pattern_ops"
                ),
                name="orders_customer_email",
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                models.F("seller"),
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("last_name"), "text_pattern_ops"
                ),
                name="orders_customer_name",
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(fields=["seller", "-updated_at"], name="orders_customer_recent"),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(fields=("seller", "id"), name="orders_customer_of_seller"),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("discount_percentage__isnull", True), ("discount_percentage__range", (0, 100)), _connector="OR"
                ),
                name="orders_customer_discount_is_a_percentage",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["seller", "-placed_at"], name="orders_order_recent"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["seller", "number"], name="orders_order_number", opclasses=["int8_ops", "text_pattern_ops"]
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["seller", "status", "-placed_at"], name="orders_order_status"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("customer__isnull", True), models.Q(("customer_reference", ""), _negated=True)),
                fields=["source", "customer_reference"],
                name="orders_order_awaits_customer",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("read_version", 1)), fields=["source"], name="orders_order_read_again"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("reconciliation", "different")),
                fields=["seller", "-placed_at"],
                name="orders_order_different",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(fields=("seller", "id"), name="orders_order_of_seller"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                condition=models.Q(("number", ""), _negated=True),
                fields=("source", "number"),
                name="orders_order_number_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="address",
            constraint=models.CheckConstraint(
                condition=models.Q(("customer__isnull", True), ("order__isnull", True), _connector="XOR"),
                name="orders_address_has_one_owner",
            ),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(
                condition=models.Q(("parent__isnull", False)), fields=["parent"], name="orders_line_parent"
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.UniqueConstraint(fields=("seller", "id"), name="orders_line_of_seller"),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gte", 0)), name="orders_line_quantity_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("quantity_cancelled__gte", 0), ("quantity_refunded__gte", 0), ("quantity_shipped__gte", 0)
                ),
                name="orders_line_quantities_not_negative",
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
            model_name="shipment",
            constraint=models.UniqueConstraint(fields=("seller", "id"), name="orders_shipment_of_seller"),
        ),
        migrations.AddConstraint(
            model_name="shipmentline",
            constraint=models.UniqueConstraint(fields=("shipment", "order_line"), name="orders_shipment_line_once"),
        ),
        migrations.AddConstraint(
            model_name="shipmentline",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="orders_shipment_line_not_empty"
            ),
        ),
        migrations.AddConstraint(
            model_name="targettotals",
            constraint=models.UniqueConstraint(fields=("order", "connection"), name="orders_target_totals_once"),
        ),
        migrations.RunSQL("CREATE SEQUENCE orders_revision", "DROP SEQUENCE orders_revision"),
        *[
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_tenant FOREIGN KEY (seller_id, {column})"
                f" REFERENCES {target} (seller_id, id) DEFERRABLE INITIALLY DEFERRED",
                f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_tenant",
            )
            for table, column, target in TENANT_KEYS
        ],
    ]
