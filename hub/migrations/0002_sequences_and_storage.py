"""Tickets, tokens and the low-water mark; room for in-place updates on the tables that are written most.

`hub_claim_mark` is a sequence because a sequence is written in place: under an old snapshot a row would leave a trail
of dead versions, which is what the mark is there to step over.
"""

from django.db import migrations

SEQUENCES = ("hub_turn", "hub_claim_mark", "hub_change_token")


class Migration(migrations.Migration):
    dependencies = [("hub", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql=[f"CREATE SEQUENCE {name}" for name in SEQUENCES],
            reverse_sql=[f"DROP SEQUENCE {name}" for name in SEQUENCES],
        ),
        migrations.RunSQL(
            sql=[
                "ALTER TABLE hub_link SET (fillfactor = 50)",
                "ALTER TABLE hub_lane SET (fillfactor = 50)",
                "ALTER TABLE hub_share SET (fillfactor = 50)",
                "ALTER TABLE hub_ratebudget SET (fillfactor = 50)",
                "ALTER TABLE hub_change SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)",
            ],
            reverse_sql=[
                f"ALTER TABLE {table} RESET (fillfactor)"
                for table in ("hub_link", "hub_lane", "hub_share", "hub_ratebudget", "hub_change")
            ],
        ),
    ]
