"""Events that we write ourselves: a person asked to fetch an item again (I2), or its details failed in an import.

They take the way of a platform's events, with its retries and its isolation of what fails.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection

from common.storable import storable_text
from connectors.sdk.webhooks import EventReference
from hub import lanes
from hub.kinds import DataType
from hub.models import Job

_KEY = "synccenter:fetch"
_SCOPE = "Check again"


def request_items(*, job: Job, external_ids: Collection[str], now: datetime) -> None:
    """Have the job's items fetched from the source as soon as its lane has time. Call it inside a transaction.

    Asking twice fetches once, unless the first answer was applied in between.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO connectors_webhookevent AS event
                (day, received_at, connection_id, delivery_id, scope, direction, data_type, payload, state, reason,
                 attempts, deliveries)
            SELECT %s, %s, %s, left('fetch:' || %s || ':' || id, 200), %s, 'import', %s,
                jsonb_build_object(%s::text, id), 'pending', '', 0, 1
            FROM unnest(%s::text[]) AS id
            ON CONFLICT (day, connection_id, delivery_id) DO UPDATE SET
                deliveries = event.deliveries + 1, state = 'pending', reason = '', received_at = EXCLUDED.received_at
            """,
            [
                *(now.date(), now, job.connection_id, job.data_type, _SCOPE, job.data_type, _KEY),
                sorted({storable_text(external_id) for external_id in external_ids}),
            ],
        )
    lanes.wake(lane_ids=job.lane_ids[:1])


def requested_item(payload: dict[str, Any], data_type: str) -> list[EventReference]:
    """The item that such an event asks for; empty for an event of a platform."""
    external_id = payload.get(_KEY)
    return [EventReference(DataType(data_type), external_id)] if isinstance(external_id, str) else []
