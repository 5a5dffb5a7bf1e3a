"""Which job an event is for."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from connectors.adapters.registry import adapters
from connectors.models import WebhookEvent
from connectors.sdk.adapter import Adapter
from connectors.sdk.webhooks import PAYLOAD_ERRORS
from hub.kinds import Direction

# So many events are read in one go, the latest; whoever asks waits for the answer.
MAX_REROUTED = 10_000


@dataclass(frozen=True, slots=True)
class Route:
    """The job that looks at an event; without one, the reason why none does."""

    direction: str = ""
    data_type: str = ""
    reason: str = ""

    @property
    def verb(self) -> str:
        return "send" if self.direction == Direction.EXPORT else "read"


def route(adapter: type[Adapter[Any]], payload: dict[str, Any]) -> Route:
    """What answers a request of ours is for the job that made it; what names items is for the job that reads them."""
    try:
        if receipts := adapter.webhooks.read_receipts(payload):
            return Route(Direction.EXPORT, receipts[0].data_type)
        if references := adapter.webhooks.read_event(payload):
            return Route(Direction.IMPORT, references[0].data_type)
    except PAYLOAD_ERRORS as error:
        return Route(reason=f"not understood: {error}"[:200])
    return Route(reason="says nothing that is synced")


def reroute(*, events: QuerySet[WebhookEvent]) -> None:
    """Read those of the events that were for no kind of data with the adapter of today, which may know more."""
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
