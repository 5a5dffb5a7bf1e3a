"""Writes that several stages share: links, their payloads, and the store's settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection as database

from accounts.models import Seller
from catalog import services as catalog
from catalog.records import SettingsRecord
from connectors.sdk.serialization import canonical_json
from hub.kinds import Kind
from hub.models import Connection, LinkPayload
from hub.queue import enqueue


def save_received_payloads(payloads: Sequence[LinkPayload]) -> None:
    """Store received payloads; the stored ones become the previous payloads (S7)."""
    if not payloads:
        return
    with database.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO hub_linkpayload AS payload (link_id, received, received_at)
            SELECT * FROM unnest(%s::bigint[], %s::jsonb[], %s::timestamptz[])
            ON CONFLICT (link_id) DO UPDATE SET
                previous = payload.received, received = EXCLUDED.received, received_at = EXCLUDED.received_at
            """,
            [
                [payload.link_id for payload in payloads],
                # PostgreSQL's JSON cannot hold the character NUL. The adapters report it; here it is removed.
                [canonical_json(payload.received).decode().replace("\\u0000", "") for payload in payloads],
                [payload.received_at for payload in payloads],
            ],
        )


@dataclass(slots=True)
class SentItem:
    """An item that a target has accepted, as it was sent."""

    item_id: int
    external_id: str
    digest: bytes | None
    revision: int | None
    payload: Any


def save_sent_items(*, connection: Connection, kind: str, sent: Sequence[SentItem], now: datetime) -> None:
    """Save the links of sent items with their payloads (S7). One statement per batch, because this runs for every item
    that is sent."""
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
                *(connection.pk, kind, now),
            ],
        )


def save_links(connection: Connection, ids: Mapping[tuple[str, int], str]) -> list[tuple[str, int]]:
    """Save links, given as (kind, our ID) → external ID, which differs from the known one if the platform has created
    the object again. Returns those that are new or changed."""
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
            [connection.pk, [kind for kind, _ in ids], [pk for _, pk in ids], list(ids.values())],
        )
        return cursor.fetchall()


def save_store_settings(connection: Connection, record: SettingsRecord) -> dict[str, list[str]]:
    """Copy the shop's currency and time zone to its seller and price list (D15). Returns field → [before, after]."""
    changes: dict[str, list[str]] = {}
    seller = connection.seller
    if seller is None:
        return changes
    if record.currency and record.currency != seller.currency:
        changes["currency"] = [seller.currency, record.currency]
        seller.currency = record.currency
        catalog.set_currency(seller_id=seller.pk, connection_id=connection.pk, currency=record.currency)
    if record.time_zone and record.time_zone != seller.time_zone:
        changes["time_zone"] = [seller.time_zone, record.time_zone]
        seller.time_zone = record.time_zone
    if changes:
        Seller.objects.filter(pk=seller.pk).update(currency=seller.currency, time_zone=seller.time_zone)
        enqueue(seller_id=seller.pk, kind=Kind.STORE, item_ids=[connection.pk], origin=connection.pk)
    return changes
