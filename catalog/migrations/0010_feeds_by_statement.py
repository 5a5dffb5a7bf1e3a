"""Inserted rows move the positions in feeds once per statement instead of once per row: first imports insert thousands."""

from django.db import migrations

_ONCE_PER_STATEMENT = """
CREATE FUNCTION {table}_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {body}
    RETURN NULL;
END $$;
CREATE TRIGGER {name} AFTER INSERT ON {table} REFERENCING NEW TABLE AS inserted
FOR EACH STATEMENT EXECUTE FUNCTION {table}_{name}();
"""
_ENTER = """
    INSERT INTO catalog_feedposition (feed, item_id, seller_id, changed)
    SELECT feed, inserted.id, inserted.seller_id, pg_current_xact_id()
    FROM inserted CROSS JOIN unnest(ARRAY[{feeds}]) AS feed;
"""
_MOVE = """
    UPDATE catalog_feedposition SET changed = pg_current_xact_id()
    WHERE feed = '{feed}' AND item_id IN ({items}) AND changed <> pg_current_xact_id();
"""
_ENTER_EACH = """
CREATE FUNCTION {table}_enters_feeds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog_feedposition (feed, item_id, seller_id, changed)
    SELECT feed, NEW.id, NEW.seller_id, pg_current_xact_id() FROM unnest(ARRAY[{feeds}]) AS feed;
    RETURN NULL;
END $$;
CREATE TRIGGER enters_feeds AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_enters_feeds();
"""
_MOVES = """
DROP TRIGGER moves_feeds ON {table};
CREATE TRIGGER moves_feeds AFTER {events} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_moves_feeds();
"""
_ENDS = "DROP TRIGGER {name} ON {table}; DROP FUNCTION {table}_{name}();"


def enters(table, *feeds):
    """Inserted rows are new items of these feeds."""
    names = {"table": table, "name": "enters_feeds"}
    quoted = ", ".join(f"'{feed}'" for feed in feeds)
    return migrations.RunSQL(
        _ENDS.format(**names) + _ONCE_PER_STATEMENT.format(**names, body=_ENTER.format(feeds=quoted).strip()),
        _ENDS.format(**names) + _ENTER_EACH.format(table=table, feeds=quoted),
    )


def moves(table, **items):
    """Inserted rows move these items, by feed. Updated and deleted rows move theirs one by one, as before."""
    names = {"table": table, "name": "inserts_move_feeds"}
    body = "".join(_MOVE.format(feed=feed, items=found) for feed, found in items.items())
    return migrations.RunSQL(
        _MOVES.format(table=table, events="UPDATE OR DELETE") + _ONCE_PER_STATEMENT.format(**names, body=body.strip()),
        _ENDS.format(**names) + _MOVES.format(table=table, events="INSERT OR UPDATE OR DELETE"),
    )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0009_prices_with_terms")]

    operations = [
        # A trigger waits for the writers of its table, and new writers for it: rather fail and be run again.
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        enters("catalog_product", "products", "images"),
        enters("catalog_variant", "inventory"),
        moves(
            "catalog_variant",
            products="SELECT product_id FROM inserted",
            images="SELECT product_id FROM inserted",
        ),
        moves("catalog_productcategory", products="SELECT product_id FROM inserted"),
        moves(
            "catalog_price",
            products="SELECT product_id FROM catalog_variant WHERE id IN (SELECT variant_id FROM inserted)",
        ),
        moves("catalog_image", images="SELECT product_id FROM inserted"),
        moves("catalog_stock", inventory="SELECT variant_id FROM inserted"),
    ]
