"""Shares: what a seller's lanes add up to. Claims look only at shares, so every change of a lane updates its share."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper


@dataclass(slots=True, frozen=True)
class LaneUpdate:
    """A lane's new state as its share needs it: `claimable` now, `freed` if its lease has ended."""

    share_id: int
    lane_id: int
    claimable: bool
    freed: bool


def update_shares(cursor: CursorWrapper, lanes: Sequence[LaneUpdate]) -> None:
    """Update the shares of lanes that were written in this transaction.

    A share with a claimable lane becomes due; both get tickets that claims can see. Ended leases are subtracted from
    `held`. Rows that don't change are not written.
    """
    if not lanes:
        return
    cursor.execute(
        """
        WITH lane_update AS (
            SELECT share_id, bool_or(claimable) AS claimable, count(*) FILTER (WHERE freed) AS freed
            FROM unnest(%(shares)s::bigint[], %(claimable)s::bool[], %(freed)s::bool[])
                 AS lane (share_id, claimable, freed)
            GROUP BY share_id
        ), share AS (
            SELECT id, due, turn, lane_turn FROM hub_share WHERE id = ANY(%(shares)s) ORDER BY id FOR UPDATE
        ), lifted AS (
            UPDATE hub_lane SET turn = share.lane_turn FROM share
            WHERE hub_lane.id = ANY(%(lanes)s) AND share_id = share.id AND hub_lane.turn < share.lane_turn
        )
        UPDATE hub_share SET
            due = hub_share.due OR claimable,
            turn = CASE WHEN claimable
                THEN GREATEST(hub_share.turn, (SELECT last_value FROM hub_claim_mark)) ELSE hub_share.turn END,
            held = held - freed
        FROM lane_update JOIN share ON share.id = lane_update.share_id
        WHERE hub_share.id = share.id AND (
            freed > 0 OR claimable AND (NOT share.due OR share.turn < (SELECT last_value FROM hub_claim_mark)))
        """,
        {
            "shares": [lane.share_id for lane in lanes],
            "claimable": [lane.claimable for lane in lanes],
            "freed": [lane.freed for lane in lanes],
            "lanes": [lane.lane_id for lane in lanes if lane.claimable],
        },
    )


def reconcile_shares() -> None:
    """Correct shares whose lanes were changed without updating them, by a deleted connection or a copy to staging.

    Scans all lanes, so run it only now and then.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id FROM hub_share LEFT JOIN (
                SELECT share_id, count(*) AS leases FROM hub_lane WHERE leased_by <> '' GROUP BY share_id
            ) AS counted ON counted.share_id = id
            WHERE held <> COALESCE(leases, 0) ORDER BY id FOR UPDATE OF hub_share
            """
        )
        if incorrect := [share for (share,) in cursor.fetchall()]:
            cursor.execute(
                """
                UPDATE hub_share SET
                    held = (SELECT count(*) FROM hub_lane WHERE share_id = hub_share.id AND leased_by <> '')
                WHERE id = ANY(%s)
                """,
                [incorrect],
            )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT share_id, lane.id, true, false FROM hub_lane AS lane JOIN hub_share AS share ON share.id = share_id
            WHERE lane.due AND NOT paused AND leased_by = '' AND (NOT share.due OR lane.turn < lane_turn)
            ORDER BY lane.id FOR UPDATE OF lane SKIP LOCKED
            """
        )
        update_shares(cursor, [LaneUpdate(*row) for row in cursor.fetchall()])
