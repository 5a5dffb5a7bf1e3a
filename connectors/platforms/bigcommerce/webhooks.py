"""Webhooks of a store: which there must be, and what an event is about.

Payloads name an item and carry nothing of it: `{"scope", "store_id", "data": {"type", "id", …}, "hash", "created_at",
"producer": "stores/{store_hash}"}`. The vendor deactivates a hook that failed for two days or was idle for 90.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from connectors.contract import EventReference
from connectors.http import Refused
from connectors.platforms.bigcommerce.client import BigCommerceClient
from hub.kinds import DataType

# A family with all its events each, and the store's own settings. There are no events about brands.
SCOPES = (
    *("store/product/*", "store/sku/*", "store/category/*"),
    *("store/order/*", "store/shipment/*", "store/customer/*"),
    "store/information/updated",
)


def parse_event(payload: dict[str, Any]) -> list[EventReference]:
    """The one item to look at. Raises one of contract.MISREAD for what is no event of the vendor's."""
    match payload["scope"].split("/"):
        case ["store", "product", *_]:
            return [_event_reference(DataType.PRODUCTS, payload["data"]["id"])]
        case ["store", "sku", "inventory", *_]:
            return [_event_reference(DataType.PRODUCTS, payload["data"]["inventory"]["product_id"])]
        case ["store", "sku", *_]:
            return [_event_reference(DataType.PRODUCTS, payload["data"]["sku"]["product_id"])]
        case ["store", "category", *_]:
            return [_event_reference(DataType.CATEGORIES, payload["data"]["id"])]
        case ["store", "order", *_]:
            return [_event_reference(DataType.ORDERS, payload["data"]["id"])]
        case ["store", "shipment", *_]:
            return [_event_reference(DataType.ORDERS, payload["data"]["orderId"])]
        case ["store", "customer", "address", *_]:
            return [_event_reference(DataType.CUSTOMERS, payload["data"]["address"]["customer_id"])]
        case ["store", "customer", *_]:
            return [_event_reference(DataType.CUSTOMERS, payload["data"]["id"])]
        case ["store", "information", "updated"]:
            # The store is known by its hash; `store_id` is another number of it.
            return [EventReference(DataType.SETTINGS, payload["producer"].removeprefix("stores/"))]
    return []


def _event_reference(data_type: DataType, number: Any) -> EventReference:
    if not isinstance(number, int) or isinstance(number, bool):
        raise ValueError("an id is a whole number")
    return EventReference(data_type, str(number))


def register(client: BigCommerceClient, destination: str, headers: Mapping[str, str]) -> int:
    """One active hook a scope, with our headers. Hooks that go elsewhere are somebody else's."""
    found = defaultdict(list)
    for hook in client.fetch_all("/hooks"):
        if hook["destination"] == destination:
            found[hook["scope"]].append(hook)
    wanted = {"is_active": True, "headers": headers}
    registered = 0
    for scope in SCOPES:
        current = [hook for hook in found[scope] if hook["is_active"] and (hook.get("headers") or {}) == headers]
        keep = next(iter(current or found[scope]), None)
        if keep is None:
            client.http.request("POST", "/v3/hooks", body={"scope": scope, "destination": destination} | wanted)
        elif not current:
            client.http.request("PUT", f"/v3/hooks/{keep['id']}", body=wanted)
        registered += not current
        found[scope] = [hook for hook in found[scope] if hook is not keep]
    for duplicates in found.values():
        for hook in duplicates:
            client.http.request("DELETE", f"/v3/hooks/{hook['id']}")
    return registered


def remove(client: BigCommerceClient, destination: str) -> int:
    """Hooks that go elsewhere are somebody else's; one that is gone already is no failure."""
    ours = [hook for hook in client.fetch_all("/hooks") if hook["destination"] == destination]
    for hook in ours:
        try:
            client.http.request("DELETE", f"/v3/hooks/{hook['id']}")
        except Refused as refused:
            if refused.status != 404:
                raise
    return len(ours)
