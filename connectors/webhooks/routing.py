"""Finds the job that an event is for."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from connectors.adapters.registry import adapters
from connectors.models import WebhookEvent
from connectors.sdk.adapter import Adapter
from connectors.sdk.webhooks import PAYLOAD_ERRORS
from hub.kinds import Direction

# The most events to reroute at once, newest first, because a user waits for the response.
MAX_REROUTED = 10_000


@dataclass(frozen=True, slots=True)
class Route:
    """The job that processes an event; without one, the reason why no job does."""

    direction: str = ""
    data_type: str = ""
    reason: str = ""

    @property
    def verb(self) -> str:
        return "export" if self.direction == Direction.EXPORT else "import"


def route(adapter: type[Adapter[Any]], payload: dict[str, Any]) -> Route:
    """The route of an event: receipts go to the export that made the request, references to the import of the items."""
    try:
        if receipts := adapter.webhooks.read_receipts(payload):
            return Route(Direction.EXPORT, receipts[0].data_type)
        if references := adapter.webhooks.read_event(payload):
            return Route(Direction.IMPORT, references[0].data_type)
        if adapter.webhooks.privacy_event_of(payload):
            return Route(reason="A privacy request.")
    except PAYLOAD_ERRORS as error:
        return Route(reason=f"Unexpected format: {error}"[:200])
    return Route(reason="Contains nothing that is synced.")


def reroute(*, events: QuerySet[WebhookEvent]) -> None:
    """Route ignored events without a data type again, because the current adapter may be able to read them."""
    unread = events.filter(state=WebhookEvent.State.IGNORED, data_type="").order_by("-id")
    found: dict[Route, list[int]] = defaultdict(list)
    rows = unread.values_list("pk", "connection__platform", "payload")[:MAX_REROUTED]
    for pk, platform, payload in rows.iterator(chunk_size=500):
        if adapter := adapters().get(platform):
            found[route(adapter, payload)].append(pk)
    for chosen, ids in found.items():
        WebhookEvent.objects.filter(pk__in=ids).update(
            direction=chosen.direction, data_type=chosen.data_type, reason=chosen.reason
        )
