"""Webhooks of a store: which ones are required, and which item an event is about.

Payloads identify an item without its content: `{"scope", "store_id", "data": {"type", "id", …}, "hash", "created_at",
"producer": "stores/{store_hash}"}`. The vendor deactivates a webhook that has failed for two days or was idle for 90.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.platforms.bigcommerce.client import Row, SourceClient
from connectors.sdk.account import Account
from connectors.sdk.decoding import whole_number
from connectors.sdk.responses import RequestRejected
from connectors.sdk.webhooks import EventReference, Webhooks
from hub.kinds import DataType

HOOKS = "/hooks"
# Scopes that cover all events of a kind of item, and the store's own settings. There are no events for brands.
SCOPES = (
    *("store/product/*", "store/sku/*", "store/category/*"),
    *("store/order/*", "store/shipment/*", "store/customer/*"),
    "store/information/updated",
)
# What changes for one storefront alone marks no product as changed.
STOREFRONT_EVENTS = (
    *("product/assigned", "product/unassigned"),
    *("category/product/assigned", "category/product/unassigned"),
)
# Events of stock at a location: a transfer to another one, a safety stock. Storefronts share them.
LOCATION_SCOPES = (
    "store/channel/*/inventory/product/stock_changed",
    "store/channel/*/inventory/product/settings_changed",
)

METAFIELD_OWNERS = {
    "product": DataType.PRODUCTS,
    "category": DataType.CATEGORIES,
    "customer": DataType.CUSTOMERS,
    "order": DataType.ORDERS,
}


class BigCommerceWebhooks(Webhooks[SourceClient]):
    """One active webhook per scope, with our headers. Webhooks with other destinations are left unchanged."""

    registers = True

    @classmethod
    def secrets(cls, account: Account[Any, Any, Any], own: str) -> dict[str, str]:
        return {"standard": account.credentials.client_secret.get_secret_value(), "header": own}

    @classmethod
    def read_event(cls, payload: dict[str, Any]) -> list[EventReference]:
        match payload["scope"].split("/"):
            case ["store", *owner, "metafield", _]:
                return _metafield_references(payload["data"], owner)
            case ["store", "order", "transaction", *_]:
                return [_event_reference(DataType.ORDERS, payload["data"]["order_id"])]
            case ["store", "product", *_]:
                return [_event_reference(DataType.PRODUCTS, payload["data"]["id"])]
            case ["store", "sku", "inventory", *_]:
                return [_event_reference(DataType.PRODUCTS, payload["data"]["inventory"]["product_id"])]
            case ["store", "sku", *_]:
                return [_event_reference(DataType.PRODUCTS, payload["data"]["sku"]["product_id"])]
            case ["store", "channel", _, *_, "product", _]:
                return [_event_reference(DataType.PRODUCTS, payload["data"]["product_id"])]
            case ["store", "category", *_]:
                return [_event_reference(DataType.CATEGORIES, payload["data"]["id"])]
            case ["store", "order", *_]:
                return [_event_reference(DataType.ORDERS, payload["data"]["id"])]
            case ["store", "shipment", *_]:
                return [_event_reference(DataType.ORDERS, payload["data"]["orderId"])]
            case ["store", "customer", "address", *_]:
                return [_event_reference(DataType.CUSTOMERS, payload["data"]["address"]["customer_id"])]
            case ["store", "customer", "channel", *_]:
                return [_event_reference(DataType.CUSTOMERS, payload["data"]["customer_id"])]
            case ["store", "customer", *_]:
                return [_event_reference(DataType.CUSTOMERS, payload["data"]["id"])]
            case ["store", "information", "updated"]:
                # The store is identified by its hash; `store_id` is a different number.
                return [EventReference(DataType.SETTINGS, payload["producer"].removeprefix("stores/"))]
        return []

    def register(self, destination: str, headers: Mapping[str, str]) -> int:
        found: dict[str, list[Row]] = defaultdict(list)
        for hook in self._hooks_to(destination):
            found[hook["scope"]].append(hook)
        wanted = {"is_active": True, "headers": headers}
        registered = 0
        for scope in self._scopes:
            current = [hook for hook in found[scope] if hook["is_active"] and (hook.get("headers") or {}) == headers]
            keep = next(iter(current or found[scope]), None)
            if keep is None:
                self.client.call("POST", HOOKS, body={"scope": scope, "destination": destination} | wanted)
            elif not current:
                self.client.call("PUT", f"{HOOKS}/{keep['id']}", body=wanted)
            registered += not current
            found[scope] = [hook for hook in found[scope] if hook is not keep]
        for duplicates in found.values():
            for hook in duplicates:
                self.client.call("DELETE", f"{HOOKS}/{hook['id']}")
        return registered

    @property
    def _scopes(self) -> list[str]:
        settings = self.client.settings
        storefronts = [f"store/channel/{each}/{event}" for each in settings.channel_ids for event in STOREFRONT_EVENTS]
        return [*SCOPES, *storefronts, *(LOCATION_SCOPES if settings.stock_by_location else ())]

    def remove(self, destination: str) -> int:
        hooks = self._hooks_to(destination)
        for hook in hooks:
            try:
                self.client.call("DELETE", f"{HOOKS}/{hook['id']}")
            except RequestRejected as error:
                if error.status != 404:
                    raise
        return len(hooks)

    def _hooks_to(self, destination: str) -> list[Row]:
        return [hook for hook in self.client.fetch_all(HOOKS) if hook["destination"] == destination]


def _metafield_references(data: dict[str, Any], owner: Sequence[str]) -> list[EventReference]:
    """A metafield's item is named by its ID alone, so that of a variant cannot be fetched; a partial import finds it.

    The vendor prints the scopes with and without the kind of the item, and then its `resource_type`.
    """
    data_type = METAFIELD_OWNERS.get(data.get("resource_type") or "/".join(owner))
    return [_event_reference(data_type, data["resource_id"])] if data_type else []


def _event_reference(data_type: DataType, number: Any) -> EventReference:
    external_id = whole_number(number)
    if external_id is None:
        raise ValueError("an ID is a whole number")
    return EventReference(data_type, str(external_id))
