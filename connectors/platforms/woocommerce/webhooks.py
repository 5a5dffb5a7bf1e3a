"""Webhooks of a shop: which ones are required, and which item an event is about.

https://github.com/woocommerce/woocommerce-rest-api-docs, source/includes/wp-api-v3/_webhooks.md: a call carries the
whole item, and only its headers name the topic; it is signed with the hook's secret. After five failed deliveries in a
row a hook is disabled. class-wc-webhook.php (seen in code): a deleted item is `{"id"}`; the ID of a delivery is made of
hook and second, so two calls may share it; the ping is a form, not signed.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from connectors.platforms.woocommerce.client import WEBHOOKS, Row, ShopClient
from connectors.sdk.account import Account
from connectors.sdk.decoding import whole_number
from connectors.sdk.responses import RequestRejected
from connectors.sdk.webhooks import EventReference, Webhooks
from hub.kinds import DataType

TOPIC_HEADER = "X-WC-Webhook-Topic"
TOPICS = (
    *("product.created", "product.updated", "product.deleted", "product.restored"),
    *("order.created", "order.updated", "order.deleted", "order.restored"),
    *("customer.created", "customer.updated", "customer.deleted"),
)
_RESOURCES = {"product": DataType.PRODUCTS, "order": DataType.ORDERS, "customer": DataType.CUSTOMERS}
_PING = re.compile(rb"webhook_id=\d{1,18}")


class WooWebhooks(Webhooks[ShopClient]):
    """One active hook per topic. Hooks with other destinations are left unchanged."""

    registers = True
    max_body = 2 * 1024 * 1024

    @classmethod
    def secrets(cls, account: Account[Any, Any, Any], own: str) -> dict[str, str]:
        return {"woocommerce": own}

    @classmethod
    def is_ping(cls, headers: Mapping[str, str], body: bytes) -> bool:
        return bool(_PING.fullmatch(body.strip()))

    @classmethod
    def event_of(cls, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """The topic and the ID: personal data in the call is not kept. An event about a variation is one about its
        product."""
        event = {"topic": headers.get(TOPIC_HEADER, ""), "id": payload["id"]}
        parent = payload.get("parent_id") if payload.get("type") == "variation" else None
        return event | ({"parent_id": parent} if parent else {})

    @classmethod
    def read_event(cls, payload: dict[str, Any]) -> list[EventReference]:
        data_type = _RESOURCES.get(payload["topic"].partition(".")[0])
        number = whole_number(payload.get("parent_id") or payload["id"])
        if number is None:
            raise ValueError("an ID is a whole number")
        return [EventReference(data_type, str(number))] if data_type else []

    def register(self, destination: str, headers: Mapping[str, str]) -> int:
        """The shop never tells a secret, so the name of a hook has a fingerprint of it."""
        secret = next(iter(headers.values()))
        found: dict[str, list[Row]] = defaultdict(list)
        for hook in self._hooks_to(destination):
            found[str(hook.get("topic"))].append(hook)
        registered = 0
        for topic in TOPICS:
            name = f"SyncCenter {topic} ({_fingerprint(secret)})"
            body = {"name": name, "status": "active", "secret": secret}
            current = [hook for hook in found[topic] if hook.get("status") == "active" and hook.get("name") == name]
            keep = next(iter(current or found[topic]), None)
            if keep is None:
                self.client.send("POST", WEBHOOKS, body | {"topic": topic, "delivery_url": destination})
            elif not current:
                self.client.send("PUT", f"{WEBHOOKS}/{keep['id']}", body)
            registered += not current
            found[topic] = [hook for hook in found[topic] if hook is not keep]
        for duplicates in found.values():
            for hook in duplicates:
                self._delete(hook)
        return registered

    def remove(self, destination: str) -> int:
        hooks = self._hooks_to(destination)
        for hook in hooks:
            self._delete(hook)
        return len(hooks)

    def _delete(self, hook: Row) -> None:
        try:
            self.client.send("DELETE", f"{WEBHOOKS}/{hook['id']}", force="true")
        except RequestRejected as error:
            if error.status != 404:
                raise

    def _hooks_to(self, destination: str) -> list[Row]:
        hooks = self.client.fetch_all(WEBHOOKS, status="all")
        return [hook for hook in hooks if isinstance(hook, dict) and hook.get("delivery_url") == destination]


def _fingerprint(secret: str) -> str:
    return sha256(f"webhook:{secret}".encode()).hexdigest()[:12]
