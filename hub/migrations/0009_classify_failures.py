"""Sets the kind of failure of changes that were delayed or held by the previous release.

A change that a worker of the previous release delays while it is being replaced has no kind: it is retried like any
other, and gets one then.
"""

from django.db import connection, migrations

_CHUNK = """
UPDATE hub_change SET failure_kind = CASE error_class
    WHEN 'TryAgainLater' THEN 'unavailable'
    WHEN 'Queued' THEN 'queued'
    WHEN 'Refused' THEN 'rejected'
    WHEN 'SkipRecord' THEN 'rejected'
    WHEN 'NeedsAttention' THEN 'attention'
    WHEN 'IdInUse' THEN 'id_in_use'
    WHEN 'WorkerLost' THEN 'worker_lost'
    ELSE 'internal' END
WHERE id IN (
    SELECT id FROM hub_change WHERE error_class <> '' AND failure_kind = ''
    ORDER BY job_id, item_id LIMIT 1000 FOR UPDATE SKIP LOCKED)
"""


def classify(apps, schema_editor):
    """In chunks, each in its own transaction; may be interrupted and repeated."""
    changed = 1
    while changed:
        with connection.cursor() as cursor:
            cursor.execute(_CHUNK)
            changed = cursor.rowcount


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("hub", "0008_failure_kinds"),
    ]

    operations = [migrations.RunPython(classify, migrations.RunPython.noop)]
