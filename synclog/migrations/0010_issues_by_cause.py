"""The index by which the inbox groups open issues, built without locking the table; and the cause of those there are.

An issue that a worker of the previous release opens in the meantime gets its cause when it is seen again.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import connection, migrations, models

_CHUNK = """
UPDATE synclog_issue SET cause = CASE code WHEN '' THEN 'reported' ELSE code END WHERE id IN (
    SELECT id FROM synclog_issue WHERE resolved_at IS NULL AND cause = '' LIMIT 1000 FOR UPDATE SKIP LOCKED)
"""


def fill_causes(apps, schema_editor):
    """In chunks, each in its own transaction; may be interrupted and repeated."""
    changed = 1
    while changed:
        with connection.cursor() as cursor:
            cursor.execute(_CHUNK)
            changed = cursor.rowcount


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("synclog", "0009_causes")]

    operations = [
        AddIndexConcurrently(
            model_name="issue",
            index=models.Index(
                fields=["seller", "cause", "-seen_at"],
                condition=models.Q(resolved_at=None),
                name="synclog_issue_by_cause",
            ),
        ),
        migrations.RunPython(fill_causes, migrations.RunPython.noop),
    ]
