"""All tables of the app. New installations run it in place of the migrations that it replaces."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models

import catalog.fields

# Foreign keys by (seller, id): a row can refer only to rows of its own seller, whatever the code does.
TENANT_KEYS = (
    ("catalog_variant", "product_id", "catalog_product"),
    ("catalog_image", "product_id", "catalog_product"),
    ("catalog_stock", "variant_id", "catalog_variant"),
    ("catalog_stock", "location_id", "catalog_stocklocation"),
    ("catalog_price", "variant_id", "catalog_variant"),
    ("catalog_price", "price_list_id", "catalog_pricelist"),
    ("catalog_scheduledprice", "variant_id", "catalog_variant"),
    ("catalog_scheduledprice", "price_list_id", "catalog_pricelist"),
)
# Triggers keep where each item stands in the outgoing feeds, on every table that a feed is made of. A product and a
# variant get their positions when they are inserted; any other change moves positions that exist. Thus a cascade that
# deletes a seller's rows makes no new ones.
_ENTERS = """
CREATE FUNCTION {table}_enters_feeds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog_feedposition (feed, item_id, seller_id, changed)
    SELECT feed, NEW.id, NEW.seller_id, pg_current_xact_id() FROM unnest(ARRAY[{feeds}]) AS feed;
    RETURN NULL;
END $$;
CREATE TRIGGER enters_feeds AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_enters_feeds();
"""
_MOVES = """
CREATE FUNCTION {table}_moves_feeds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before {table};
BEGIN
    IF TG_OP = 'UPDATE' THEN
        before := OLD;
        {unseen}
        IF before IS NOT DISTINCT FROM NEW THEN
            RETURN NULL;
        END IF;
    END IF;
    {moves}
    RETURN NULL;
END $$;
CREATE TRIGGER moves_feeds AFTER {events} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_moves_feeds();
"""
_MOVE = """
    UPDATE catalog_feedposition SET changed = pg_current_xact_id()
    WHERE feed = '{feed}' AND item_id IN ({items}) AND changed <> pg_current_xact_id();
"""
EVERY = "INSERT OR UPDATE OR DELETE"
_ENDS = "DROP TRIGGER {name} ON {table}; DROP FUNCTION {table}_{name}();"


def enters(table, *feeds):
    """An inserted row is a new item of these feeds."""
    return migrations.RunSQL(
        _ENTERS.format(table=table, feeds=", ".join(f"'{feed}'" for feed in feeds)),
        _ENDS.format(table=table, name="enters_feeds"),
    )


def moves(table, events, *, unseen=(), **items):
    """A changed row moves these items, by feed, unless nothing but columns changed that no feed shows.

    Items are an SQL list or query, in which OLD is null for an insert and NEW for a deletion.
    """
    moved = "".join(_MOVE.format(feed=feed, items=found) for feed, found in items.items())
    ignored = "\n        ".join(f"before.{column} := NEW.{column};" for column in unseen)
    return migrations.RunSQL(
        _MOVES.format(table=table, events=events, unseen=ignored, moves=moved.strip()),
        _ENDS.format(table=table, name="moves_feeds"),
    )


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("catalog", "0001_initial"),
        ("catalog", "0002_tenant_keys"),
        ("catalog", "0003_feed_positions"),
        ("catalog", "0004_first_feed_positions"),
        ("catalog", "0005_image_origin"),
        ("catalog", "0006_texts"),
        ("catalog", "0007_variant_mpn"),
        ("catalog", "0008_no_default_ordering"),
        ("catalog", "0009_prices_with_terms"),
    ]

    dependencies = [
        ("accounts", "0001_squashed_0004_audit_ip_address"),
        ("hub", "0001_squashed_0013_waits_and_clocks"),
    ]

    operations = [
        migrations.CreateModel(
            name="AttributeSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                (
                    "seller",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attribute_sets",
                        to="accounts.seller",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Attribute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=100)),
                ("name", models.CharField(max_length=200)),
                (
                    "attribute_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attributes",
                        to="catalog.attributeset",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Brand",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=255)),
                ("image_url", models.URLField(blank=True, max_length=1000, verbose_name="image URL")),
                (
                    "status",
                    models.CharField(
                        choices=[("live", "Live"), ("discontinued", "Discontinued")], default="live", max_length=12
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "seller",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="brands",
                        to="accounts.seller",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Category",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=255)),
                ("slug", models.CharField(blank=True, max_length=255)),
                ("path", models.TextField(blank=True)),
                ("position", models.IntegerField(default=0)),
                ("visible", models.BooleanField(default=True)),
                (
                    "status",
                    models.CharField(
                        choices=[("live", "Live"), ("discontinued", "Discontinued")], default="live", max_length=12
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="children",
                        to="catalog.category",
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="categories",
                        to="accounts.seller",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "categories",
            },
        ),
        migrations.CreateModel(
            name="FeedPosition",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "feed", "item_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "feed",
                    models.CharField(
                        choices=[("products", "Products"), ("inventory", "Inventory"), ("images", "Images")],
                        max_length=9,
                    ),
                ),
                ("item_id", models.BigIntegerField(verbose_name="item ID")),
                ("changed", catalog.fields.TransactionIdField()),
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
            name="PriceList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "external_id",
                    models.CharField(blank=True, db_default="", default="", max_length=200, verbose_name="external ID"),
                ),
                ("slug", models.SlugField(max_length=100)),
                ("name", models.CharField(max_length=200)),
                ("currency", models.CharField(blank=True, max_length=3)),
                (
                    "customer_groups",
                    models.JSONField(
                        blank=True,
                        db_default=models.Value([], output_field=models.JSONField()),
                        default=list,
                        help_text="Names of the groups that have these prices. Empty: all customers.",
                    ),
                ),
                (
                    "connection",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="price_list",
                        to="hub.connection",
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="price_lists", to="accounts.seller"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="hub.connection",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.TextField()),
                ("slug", models.CharField(blank=True, max_length=300)),
                ("description", models.TextField(blank=True)),
                ("product_type", models.CharField(blank=True, max_length=40)),
                ("attributes", models.JSONField(blank=True, default=dict, help_text="Attribute code → value.")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("live", "Live"),
                            ("suspended", "Suspended"),
                            ("discontinued", "Discontinued"),
                            ("deleted", "Deleted"),
                        ],
                        default="live",
                        max_length=12,
                    ),
                ),
                ("revision", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "attribute_set",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, to="catalog.attributeset"
                    ),
                ),
                (
                    "brand",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="products",
                        to="catalog.brand",
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="products", to="accounts.seller"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Image",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("external_id", models.CharField(blank=True, max_length=200, verbose_name="external ID")),
                ("url", models.URLField(max_length=1000, verbose_name="URL")),
                ("alt", models.CharField(blank=True, max_length=500, verbose_name="alt text")),
                ("position", models.IntegerField(default=0)),
                (
                    "origin",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
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
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="images", to="catalog.product"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ProductCategory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("category", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="catalog.category")),
                ("product", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="catalog.product")),
            ],
        ),
        migrations.AddField(
            model_name="product",
            name="categories",
            field=models.ManyToManyField(through="catalog.ProductCategory", to="catalog.category"),
        ),
        migrations.CreateModel(
            name="StockLocation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=100)),
                ("name", models.CharField(blank=True, max_length=200)),
                (
                    "seller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stock_locations",
                        to="accounts.seller",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Variant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sku", models.CharField(blank=True, max_length=255, verbose_name="SKU")),
                ("barcode", models.CharField(blank=True, max_length=64)),
                (
                    "mpn",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=255, verbose_name="manufacturer part number"
                    ),
                ),
                ("weight_in_grams", models.DecimalField(blank=True, decimal_places=3, max_digits=14, null=True)),
                ("position", models.IntegerField(default=0)),
                ("cart_image_url", models.URLField(blank=True, max_length=1000, verbose_name="cart image URL")),
                (
                    "options",
                    models.JSONField(
                        blank=True, default=list, help_text='In order, for example [{"name": "Size", "value": "M"}].'
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("live", "Live"),
                            ("suspended", "Suspended"),
                            ("discontinued", "Discontinued"),
                            ("deleted", "Deleted"),
                        ],
                        default="live",
                        max_length=12,
                    ),
                ),
                (
                    "rrp",
                    models.DecimalField(
                        blank=True, decimal_places=4, max_digits=14, null=True, verbose_name="recommended retail price"
                    ),
                ),
                ("settings", models.JSONField(blank=True, default=dict, help_text="B2B settings of the variant.")),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="variants", to="catalog.product"
                    ),
                ),
                (
                    "seller",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.seller"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Stock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=14)),
                ("min_level", models.DecimalField(blank=True, decimal_places=3, max_digits=14, null=True)),
                ("restock_date", models.DateField(blank=True, null=True)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
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
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="stock", to="catalog.stocklocation"
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stock",
                        to="catalog.variant",
                    ),
                ),
            ],
        ),
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
                (
                    "price_list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scheduled_prices",
                        to="catalog.pricelist",
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
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scheduled_prices",
                        to="catalog.variant",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Price",
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
                    "price_list",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="prices", to="catalog.pricelist"
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prices",
                        to="catalog.variant",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="attributeset",
            constraint=models.UniqueConstraint(
                fields=("seller", "name"), name="catalog_attribute_set_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="attribute",
            constraint=models.UniqueConstraint(fields=("attribute_set", "code"), name="catalog_attribute_once"),
        ),
        migrations.AddIndex(
            model_name="brand",
            index=models.Index(
                models.F("seller"), django.db.models.functions.text.Upper("name"), name="catalog_brand_name"
            ),
        ),
        migrations.AddIndex(
            model_name="category",
            index=models.Index(fields=["seller", "path"], name="catalog_category_path"),
        ),
        migrations.AddIndex(
            model_name="feedposition",
            index=models.Index(fields=["seller", "feed", "changed", "item_id"], name="catalog_feed_order"),
        ),
        migrations.AddConstraint(
            model_name="pricelist",
            constraint=models.UniqueConstraint(fields=("seller", "slug"), name="catalog_price_list_once"),
        ),
        migrations.AddConstraint(
            model_name="pricelist",
            constraint=models.UniqueConstraint(fields=("seller", "id"), name="catalog_price_list_of_seller"),
        ),
        migrations.AddConstraint(
            model_name="pricelist",
            constraint=models.UniqueConstraint(
                condition=models.Q(("external_id", ""), _negated=True),
                fields=("source", "external_id"),
                name="catalog_price_list_of_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="productcategory",
            constraint=models.UniqueConstraint(fields=("product", "category"), name="catalog_product_category_once"),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(fields=["seller", "status", "id"], name="catalog_product_status"),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(fields=["seller", "-updated_at"], name="catalog_product_recent"),
        ),
        migrations.AddIndex(
            model_name="product",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.search.SearchVector("title", config="simple"), name="catalog_product_words"
            ),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(fields=("seller", "id"), name="catalog_product_of_seller"),
        ),
        migrations.AddConstraint(
            model_name="stocklocation",
            constraint=models.UniqueConstraint(fields=("seller", "code"), name="catalog_location_once"),
        ),
        migrations.AddConstraint(
            model_name="stocklocation",
            constraint=models.UniqueConstraint(fields=("seller", "id"), name="catalog_location_of_seller"),
        ),
        migrations.AddIndex(
            model_name="variant",
            index=models.Index(
                models.F("seller"),
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("sku"), "text_pattern_ops"
                ),
                name="catalog_variant_sku_prefix",
            ),
        ),
        migrations.AddConstraint(
            model_name="variant",
            constraint=models.UniqueConstraint(fields=("seller", "id"), name="catalog_variant_of_seller"),
        ),
        migrations.AddConstraint(
            model_name="variant",
            constraint=models.UniqueConstraint(
                condition=models.Q(models.Q(("sku", ""), _negated=True), ("status__in", ["live", "suspended"])),
                fields=("seller", "sku"),
                name="catalog_variant_sku_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="variant",
            constraint=models.CheckConstraint(
                condition=models.Q(("weight_in_grams__isnull", True), ("weight_in_grams__gte", 0), _connector="OR"),
                name="catalog_variant_weight_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="stock",
            constraint=models.UniqueConstraint(fields=("variant", "location"), name="catalog_stock_once"),
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
        migrations.AddConstraint(
            model_name="price",
            constraint=models.UniqueConstraint(
                fields=("variant", "price_list", "min_quantity"), name="catalog_price_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0)), name="catalog_price_not_negative"
            ),
        ),
        migrations.RunSQL("CREATE SEQUENCE catalog_revision", "DROP SEQUENCE catalog_revision"),
        *[
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_tenant FOREIGN KEY (seller_id, {column})"
                f" REFERENCES {target} (seller_id, id) DEFERRABLE INITIALLY DEFERRED",
                f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_tenant",
            )
            for table, column, target in TENANT_KEYS
        ],
        enters("catalog_product", "products", "images"),
        enters("catalog_variant", "inventory"),
        moves(
            "catalog_product",
            "UPDATE OR DELETE",
            unseen=("revision", "updated_at"),
            products="OLD.id",
            images="OLD.id",
        ),
        moves(
            "catalog_variant",
            EVERY,
            unseen=("updated_at",),
            products="OLD.product_id, NEW.product_id",
            images="OLD.product_id, NEW.product_id",
            inventory="OLD.id",
        ),
        moves("catalog_productcategory", EVERY, products="OLD.product_id, NEW.product_id"),
        moves(
            "catalog_price",
            EVERY,
            products="SELECT product_id FROM catalog_variant WHERE id IN (OLD.variant_id, NEW.variant_id)",
        ),
        moves("catalog_image", EVERY, unseen=("external_id",), images="OLD.product_id, NEW.product_id"),
        moves("catalog_stock", EVERY, unseen=("updated_at",), inventory="OLD.variant_id, NEW.variant_id"),
        # What many items have in common.
        moves(
            "catalog_brand",
            "UPDATE",
            unseen=("image_url", "status", "updated_at"),
            products="SELECT id FROM catalog_product WHERE brand_id = NEW.id",
        ),
        moves(
            "catalog_category",
            "UPDATE",
            unseen=("name", "slug", "parent_id", "position", "visible", "updated_at"),
            products="SELECT product_id FROM catalog_productcategory WHERE category_id = NEW.id",
        ),
        moves(
            "catalog_pricelist",
            "UPDATE",
            unseen=("name", "connection_id"),
            products="SELECT product_id FROM catalog_variant WHERE id IN"
            " (SELECT variant_id FROM catalog_price WHERE price_list_id = NEW.id)",
        ),
        moves(
            "catalog_stocklocation",
            "UPDATE",
            unseen=("name",),
            inventory="SELECT variant_id FROM catalog_stock WHERE location_id = NEW.id",
        ),
    ]
