"""Where each item stands in the outgoing feeds, kept by triggers on every table that a feed is made of.

A product and a variant get their positions when they are inserted; any other change moves positions that exist. Thus a
cascade that deletes a seller's rows makes no new ones.
"""

from django.db import migrations, models
from django.db.models import CASCADE

import catalog.fields

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
    dependencies = [("accounts", "0001_initial"), ("catalog", "0002_tenant_keys")]

    operations = [
        # A trigger waits for the writers of its table, and new writers for it: rather fail and be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
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
                ("item_id", models.BigIntegerField()),
                ("changed", catalog.fields.TransactionIdField()),
                (
                    "seller",
                    models.ForeignKey(db_index=False, on_delete=CASCADE, related_name="+", to="accounts.seller"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["seller", "feed", "changed", "item_id"], name="catalog_feed_order"),
                ],
            },
        ),
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
