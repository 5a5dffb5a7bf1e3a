"""An import of a search feed belongs to its lane, not to a job.

Workers of the previous release know only the job. Until they are replaced, a trigger fills in whichever of the two is
missing; the next release drops it with the column.
"""

import django.db.models.deletion
from django.db import migrations, models

_FILL = """
UPDATE connectors_feedimport AS import SET lane_id = job.lane_ids[1] FROM hub_job AS job WHERE job.id = import.job_id;
SET CONSTRAINTS ALL IMMEDIATE;
CREATE FUNCTION connectors_feed_import_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.lane_id IS NULL THEN
        NEW.lane_id := (SELECT lane_ids[1] FROM hub_job WHERE id = NEW.job_id);
    ELSIF NEW.job_id IS NULL THEN
        NEW.job_id := (SELECT id FROM hub_job WHERE direction = 'export' AND lane_ids[1] = NEW.lane_id
                       ORDER BY id LIMIT 1);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER connectors_feed_import_owner BEFORE INSERT ON connectors_feedimport
    FOR EACH ROW EXECUTE FUNCTION connectors_feed_import_owner();
"""
_UNFILL = """
DROP TRIGGER connectors_feed_import_owner ON connectors_feedimport;
DROP FUNCTION connectors_feed_import_owner();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0007_feed_item_actions"),
        ("hub", "0009_classify_failures"),
    ]

    operations = [
        migrations.RunSQL("SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="feedimport",
            name="lane",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="feed_imports",
                to="hub.lane",
            ),
        ),
        migrations.RunSQL(_FILL, _UNFILL),
        migrations.AlterField(
            model_name="feedimport",
            name="lane",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="feed_imports",
                to="hub.lane",
            ),
        ),
        migrations.RemoveConstraint(model_name="feedimport", name="connectors_feed_import_one_at_a_time"),
        migrations.RemoveIndex(model_name="feedimport", name="connectors_feed_by_job"),
        migrations.AlterField(
            model_name="feedimport",
            name="job",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="feed_imports",
                to="hub.job",
            ),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveField(model_name="feedimport", name="job")],
        ),
        migrations.AddIndex(
            model_name="feedimport",
            index=models.Index(fields=["lane", "-id"], name="connectors_feed_by_lane"),
        ),
        migrations.AddConstraint(
            model_name="feedimport",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["building", "sending", "polling", "unknown"])),
                fields=("lane",),
                name="connectors_feed_import_one_open",
            ),
        ),
        migrations.AddField(
            model_name="feeditem",
            name="job",
            field=models.ForeignKey(
                db_index=False,
                help_text="Its stream.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="hub.job",
            ),
        ),
    ]
