"""Saves links with the hashes and payloads of what was exchanged. One statement per batch."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from django.db import DataError
from django.db import connection as database

from common.storable import storable_json
from hub.models import Link
from hub.serialization import canonical_json


@dataclass(slots=True)
class ReceivedItem:
    """An item as it was received from a source, and our ID of it.

    `digest` is the hash of the record; None: it is compared again at the next import even if it is unchanged. `related`
    are further IDs that it contains, such as those of variants: (kind, external ID) → our ID.
    """

    kind: str
    external_id: str
    item_id: int
    digest: bytes | None
    updated_at: datetime | None
    payload: Any
    missing: bool = False
    related: Mapping[tuple[str, str], int] = field(default_factory=dict)


def save_received(*, connection_id: int, received: Sequence[ReceivedItem], run_id: int | None, now: datetime) -> None:
    """Save the links and payloads of received items, with unique (kind, external ID). The stored payloads become the
    previous ones (S7). Related IDs that are linked already keep their item.

    IntegrityError if an item is linked to another external ID; DataError for a payload that is nested too deeply.
    """
    if not received:
        return
    with database.cursor() as cursor:
        cursor.execute(
            """
            WITH received AS (
                SELECT * FROM unnest(
                    %(kinds)s::text[], %(externals)s::text[], %(items)s::bigint[], %(digests)s::bytea[],
                    %(updated)s::timestamptz[], %(missing)s::boolean[], %(payloads)s::jsonb[])
                     AS received (kind, external_id, item_id, digest, updated_at, missing, payload)
            ), linked AS (
                INSERT INTO hub_link (connection_id, kind, external_id, item_id, received_hash, source_updated_at,
                                      fetched_at, seen_run, missing)
                SELECT %(connection)s, kind, external_id, item_id, digest, updated_at, %(now)s, %(run)s, missing
                FROM received
                ON CONFLICT (connection_id, kind, external_id) DO UPDATE SET
                    received_hash = EXCLUDED.received_hash, source_updated_at = EXCLUDED.source_updated_at,
                    fetched_at = EXCLUDED.fetched_at, seen_run = EXCLUDED.seen_run, missing = EXCLUDED.missing
                RETURNING id, kind, external_id
            )
            INSERT INTO hub_linkpayload AS payload (link_id, received, received_at)
            SELECT linked.id, received.payload, %(now)s FROM linked JOIN received USING (kind, external_id)
            ON CONFLICT (link_id) DO UPDATE SET
                previous = payload.received, received = EXCLUDED.received, received_at = EXCLUDED.received_at
            """,
            {
                "connection": connection_id,
                "run": run_id,
                "now": now,
                "kinds": [each.kind for each in received],
                "externals": [each.external_id for each in received],
                "items": [each.item_id for each in received],
                "digests": [each.digest for each in received],
                "updated": [each.updated_at for each in received],
                "missing": [each.missing for each in received],
                "payloads": [_payload_json(each.payload) for each in received],
            },
        )
        related = [(*key, item_id) for each in received for key, item_id in each.related.items()]
        if related:
            cursor.execute(
                """
                INSERT INTO hub_link (connection_id, kind, external_id, item_id, missing)
                SELECT %s, kind, external_id, item_id, false
                FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS related (kind, external_id, item_id)
                ON CONFLICT DO NOTHING
                """,
                [connection_id, *(list(column) for column in zip(*related, strict=True))],
            )


def _payload_json(payload: Any) -> str:
    """DataError for data that is nested too deeply, so that the caller can refuse this one item."""
    try:
        return storable_json(payload)
    except orjson.JSONEncodeError as error:
        raise DataError("The received data is nested too deeply.") from error


def mark_seen(link_ids: Collection[int], *, run_id: int) -> None:
    """Record that a full import contained these unchanged items."""
    Link.objects.filter(pk__in=link_ids).update(seen_run=run_id)


@dataclass(slots=True)
class SentItem:
    """An item that a target has accepted, as it was sent. `digest` is the hash of the payload."""

    item_id: int
    external_id: str
    digest: bytes | None
    revision: int | None
    payload: Any


def save_sent(*, connection_id: int, kind: str, sent: Sequence[SentItem], now: datetime) -> None:
    """Save the links of sent items with their payloads (S7)."""
    if not sent:
        return
    with database.cursor() as cursor:
        cursor.execute(
            """
            WITH sent AS (
                SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bytea[], %s::bigint[], %s::jsonb[])
                     AS sent (item_id, external_id, digest, revision, payload)
            ), linked AS (
                INSERT INTO hub_link
                    (connection_id, kind, item_id, external_id, sent_hash, sent_revision, sent_at, missing)
                SELECT %s, %s, item_id, external_id, digest, revision, %s, false FROM sent
                ON CONFLICT (connection_id, kind, item_id) DO UPDATE SET
                    external_id = EXCLUDED.external_id, sent_hash = EXCLUDED.sent_hash,
                    sent_revision = EXCLUDED.sent_revision, sent_at = EXCLUDED.sent_at, missing = false
                RETURNING id, item_id
            )
            INSERT INTO hub_linkpayload (link_id, sent)
            SELECT linked.id, sent.payload FROM linked JOIN sent USING (item_id)
            ON CONFLICT (link_id) DO UPDATE SET sent = EXCLUDED.sent
            """,
            [
                [each.item_id for each in sent],
                [each.external_id for each in sent],
                [each.digest for each in sent],
                [each.revision for each in sent],
                [canonical_json(each.payload).decode() for each in sent],
                *(connection_id, kind, now),
            ],
        )


def save_reported(*, connection_id: int, ids: Mapping[tuple[str, int], str]) -> list[tuple[str, int]]:
    """Save links that a target reported, given as (kind, our ID) → external ID, which differs from the known one if the
    target has created the object again. Returns those that are new or changed."""
    if not ids:
        return []
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO hub_link AS link (connection_id, kind, item_id, external_id, missing)
            SELECT DISTINCT ON (kind, external_id) %s, kind, item_id, external_id, false
            FROM unnest(%s::text[], %s::bigint[], %s::text[]) AS reported (kind, item_id, external_id)
            ORDER BY kind, external_id
            ON CONFLICT (connection_id, kind, item_id) DO UPDATE SET external_id = EXCLUDED.external_id, missing = false
            WHERE link.external_id <> EXCLUDED.external_id OR link.missing
            RETURNING kind, item_id
            """,
            [connection_id, [kind for kind, _ in ids], [pk for _, pk in ids], list(ids.values())],
        )
        return cursor.fetchall()


def confirm_revisions(revisions: Mapping[int, int]) -> None:
    """Record that items are at their target with this revision, because their payload has not changed.

    `revisions`: link ID → revision.
    """
    if not revisions:
        return
    with database.cursor() as cursor:
        cursor.execute(
            """
            UPDATE hub_link SET sent_revision = confirmed.revision
            FROM unnest(%s::bigint[], %s::bigint[]) AS confirmed (link_id, revision)
            WHERE hub_link.id = confirmed.link_id
            """,
            [list(revisions), list(revisions.values())],
        )
