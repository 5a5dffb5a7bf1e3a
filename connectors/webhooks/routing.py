"""Which job an event is for."""

from dataclasses import dataclass
from typing import Any

from connectors.contract import MISREAD, Adapter
from hub.kinds import Direction


@dataclass(frozen=True, slots=True)
class Route:
    """The job that looks at an event; without one, the reason why none does."""

    direction: str = ""
    data_type: str = ""
    reason: str = ""

    @property
    def verb(self) -> str:
        return "send" if self.direction == Direction.EXPORT else "read"


def route(adapter: type[Adapter], payload: dict[str, Any]) -> Route:
    """What answers a request of ours is for the job that made it; what names items is for the job that reads them."""
    try:
        if receipts := adapter.read_callback(payload):
            return Route(Direction.EXPORT, receipts[0].data_type)
        if notices := adapter.read_event(payload):
            return Route(Direction.IMPORT, notices[0].data_type)
    except MISREAD as error:
        return Route(reason=f"not understood: {error}"[:200])
    return Route(reason="says nothing that is synced")
