"""Events `{"kind", "keys"}` of a custom shop (docs/platforms/rest.md)."""

from typing import Any

from connectors.platforms.rest.client import RestClient
from connectors.platforms.rest.sources.base import MAX_KEY_LENGTH
from connectors.sdk.webhooks import EventReference, Webhooks
from hub.kinds import DataType

MAX_KEYS = 100
_READ = {DataType.CATEGORIES, DataType.BRANDS, DataType.PRODUCTS, DataType.CUSTOMERS, DataType.ORDERS}


class RestWebhooks(Webhooks[RestClient]):
    configured_manually = True

    @classmethod
    def read_event(cls, payload: dict[str, Any]) -> list[EventReference]:
        """The items that an event names; nothing for a kind that is not imported. ValueError if the event is
        malformed."""
        match payload:
            case {"kind": str(kind), "keys": [_, *_] as keys} if len(keys) <= MAX_KEYS and all(map(_is_key, keys)):
                return [EventReference(DataType(kind), key) for key in dict.fromkeys(keys)] if kind in _READ else []
        raise ValueError(f"an event has a kind and a list of 1 to {MAX_KEYS} keys")


def _is_key(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_KEY_LENGTH
