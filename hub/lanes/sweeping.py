"""What the sweeper does for lanes: expired leases, delayed work that is due, and lost wake-ups."""

from datetime import datetime

from django.db import connection, transaction

from hub.lanes.shares import LaneUpdate, update_shares
from hub.lanes.waking import wake


def sweep(*, now: datetime | None = None) -> int:
    """Handle expired leases, lanes whose `wake_at` has passed and tickets below the low-water mark.

    Returns how many lanes became due. Safe to run concurrently.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Leases are set by the database's clock. The workers' clocks may differ.
        cursor.execute("SELECT COALESCE(%s, now())", [now])
        [now] = cursor.fetchone()
        cursor.execute(
            """
            WITH chosen AS (
                SELECT id, leased_by <> '' AND lease_until < %(now)s AS lost FROM hub_lane
                WHERE (leased_by <> '' AND lease_until < %(now)s)
                   OR (wake_at IS NOT NULL AND wake_at <= %(now)s)
                ORDER BY id FOR UPDATE SKIP LOCKED
            )
            UPDATE hub_lane SET
                due = true,
                crashes = crashes + CASE WHEN lost THEN 1 ELSE 0 END,
                epoch = epoch + CASE WHEN lost THEN 1 ELSE 0 END,
                leased_by = CASE WHEN lost THEN '' ELSE leased_by END,
                lease_until = CASE WHEN lost THEN NULL ELSE lease_until END,
                wake_at = CASE WHEN wake_at <= %(now)s THEN NULL ELSE wake_at END
            FROM chosen WHERE hub_lane.id = chosen.id
            RETURNING share_id, hub_lane.id, NOT paused AND leased_by = '', lost
            """,
            {"now": now},
        )
        woken = [LaneUpdate(*row) for row in cursor.fetchall()]
        update_shares(cursor, woken)
        cursor.execute(
            """
            WITH below AS (
                SELECT id FROM hub_share WHERE due AND turn < (SELECT last_value FROM hub_claim_mark)
                ORDER BY id FOR UPDATE SKIP LOCKED
            )
            UPDATE hub_share SET turn = (SELECT last_value FROM hub_claim_mark)
            FROM below WHERE hub_share.id = below.id
            """
        )
    return len(woken)


def wake_missed_lanes() -> int:
    """Wake idle lanes that have ready changes or an open run, after a crash between commit and waking.

    Returns how many were woken. Scans all idle lanes, so run it only now and then.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT lane.id FROM hub_lane AS lane
            WHERE NOT due AND NOT paused AND lease_until IS NULL AND (rest_until IS NULL OR rest_until <= now())
              AND EXISTS (
                SELECT FROM hub_job AS job
                WHERE job.connection_id = lane.connection_id AND lane.id = ANY(job.lane_ids)
                  AND job.enabled AND NOT job.paused
                  AND (EXISTS (SELECT FROM hub_change
                               WHERE lane_id = lane.id AND job_id = job.id AND state = 'ready')
                    OR (job.lane_ids[1] = lane.id
                        AND EXISTS (SELECT FROM hub_run
                                    WHERE job_id = job.id AND state IN ('queued', 'preparing')))))
            """
        )
        lane_ids = [lane for (lane,) in cursor.fetchall()]
    wake(lane_ids=lane_ids)
    return len(lane_ids)
