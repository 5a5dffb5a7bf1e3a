"""Webhooks of a store: which are needed, and which items an event is about.

An event's topic is in a header; of its body only the ID is asked for. Shopify signs bodies with the secret of the app,
gives a delivery the same ID on each retry, and deletes a subscription whose deliveries failed eight times in a row.
Sources: https://shopify.dev/docs/apps/build/webhooks/verify-deliveries,
https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance,
https://shopify.dev/docs/api/admin-graphql/2026-07/mutations/webhookSubscriptionCreate
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.platforms.shopify.authentication import secret_of
from connectors.platforms.shopify.client import ShopifyClient, number_of
from connectors.platforms.shopify.documents import PAGE_INFO
from connectors.platforms.shopify.error_messages import user_error
from connectors.platforms.shopify.sources.products import ITEM_PREFIX
from connectors.sdk.account import Account
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.webhooks import EventReference, PrivacyAction, PrivacyEvent, Webhooks
from hub.kinds import DataType

# Topic → the data type of the item that its `id` names.
TOPICS = {
    **dict.fromkeys(("products/create", "products/update", "products/delete"), DataType.PRODUCTS),
    **dict.fromkeys(("collections/create", "collections/update", "collections/delete"), DataType.CATEGORIES),
    **dict.fromkeys(("customers/create", "customers/update", "customers/delete"), DataType.CUSTOMERS),
    **dict.fromkeys(("orders/create", "orders/updated", "orders/delete"), DataType.ORDERS),
    "shop/update": DataType.SETTINGS,
}
STOCK_TOPICS = ("inventory_levels/update", "inventory_levels/connect", "inventory_levels/disconnect")
# Of which the order is named by `order_id`.
PARTS_OF_ORDERS = ("refunds/create", "fulfillments/create", "fulfillments/update")
UNINSTALLED = "app/uninstalled"
# What an app has to answer to. They are set up in the app, not by its API.
PRIVACY_TOPICS = {
    "customers/data_request": PrivacyAction.EXPORT,
    "customers/redact": PrivacyAction.ERASE,
    "shop/redact": PrivacyAction.ERASE_ALL,
}
# The orders that such an event names.
_ORDERS = ("orders_requested", "orders_to_redact")
REGISTERED = (*TOPICS, *STOCK_TOPICS, *PARTS_OF_ORDERS, UNINSTALLED)
_HOST = re.compile(r"[a-z0-9.-]{0,100}")
_FIELDS = ["id", "order_id", "inventory_item_id"]

LIST = f"""
query Webhooks($after: String) {{
  webhookSubscriptions(first: 100, after: $after) {{ nodes {{ id topic uri }} {PAGE_INFO} }}
}}
"""
CREATE = """
mutation CreateWebhook($topic: WebhookSubscriptionTopic!, $uri: String!, $fields: [String!]) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri, includeFields: $fields, format: JSON}) {
    webhookSubscription { id }
    userErrors { field message }
  }
}
"""
DELETE = """
mutation DeleteWebhook($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}
"""


class ShopifyWebhooks(Webhooks[ShopifyClient]):
    """One subscription for each topic. Those with other addresses are left as they are."""

    registers = True
    privacy_events = frozenset(PRIVACY_TOPICS)

    @classmethod
    def secrets(cls, account: Account[Any, Any, Any], own: str) -> dict[str, str]:
        return {
            "shopify": secret_of(account),
            "shopify_previous": account.credentials.previous_client_secret.get_secret_value(),
        }

    @classmethod
    def event_of(cls, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """The topic, when it happened, and the IDs: an event may have the whole customer, which is not kept.

        Of what is asked about a customer's data the email address is kept: the store may have removed it from the
        customer, and it is all that tells which guest orders are meant.
        """
        topic = headers.get("X-Shopify-Topic", "")
        ids = {name: payload[name] for name in _FIELDS if name in payload}
        if topic in PRIVACY_TOPICS:
            # The body is signed, the headers are not.
            shop = str(payload.get("shop_domain") or headers.get("X-Shopify-Shop-Domain", "")).lower()
            if not _HOST.fullmatch(shop):
                raise ValueError("the store is a host name")
            ids["shop"] = shop
            customer = payload.get("customer")
            customer = customer if isinstance(customer, dict) else {}
            if customer:
                ids["customer_id"] = customer.get("id")
                ids["email"] = customer.get("email") or ""
            for name in _ORDERS:
                if orders := payload.get(name):
                    ids[name] = orders
            if not (isinstance(ids.get("email", ""), str) and all(isinstance(ids.get(x, []), list) for x in _ORDERS)):
                raise ValueError("orders are a list, an email address is a text")
        return {"topic": topic, "triggered_at": headers.get("X-Shopify-Triggered-At", ""), **ids}

    @classmethod
    def is_of(cls, base_url: str, event: dict[str, Any]) -> bool:
        """All stores of an app send their topics about privacy to one address; others are subscribed per store."""
        return event["topic"] not in PRIVACY_TOPICS or event["shop"] == urlsplit(base_url).hostname

    @classmethod
    def account_url_of(cls, event: dict[str, Any]) -> str:
        return f"https://{event['shop']}" if event["topic"] in PRIVACY_TOPICS else ""

    @classmethod
    def privacy_event_of(cls, event: dict[str, Any]) -> PrivacyEvent | None:
        if (action := PRIVACY_TOPICS.get(event.get("topic", ""))) is None:
            return None
        customer_id = event.get("customer_id")
        return PrivacyEvent(
            action,
            "" if customer_id in (None, "") else _number(customer_id),
            tuple(_number(order_id) for name in _ORDERS for order_id in event.get(name, ())),
            event.get("email", ""),
        )

    @classmethod
    def notice_of(cls, event: dict[str, Any]) -> str:
        if (topic := event["topic"]) not in PRIVACY_TOPICS:
            return ""
        about = f"customer {_number(event['customer_id'])} of " if event.get("customer_id") else ""
        return (
            f"Shopify: {topic} for {about}the store {event['shop']}. If the store is connected, the console has it "
            "under Privacy requests, with its due date."
        )

    @classmethod
    def read_event(cls, payload: dict[str, Any]) -> list[EventReference]:
        topic = payload["topic"]
        if topic in TOPICS:
            return [EventReference(TOPICS[topic], _number(payload["id"]))]
        if topic in STOCK_TOPICS:
            return [EventReference(DataType.PRODUCTS, ITEM_PREFIX + _number(payload["inventory_item_id"]))]
        if topic in PARTS_OF_ORDERS:
            return [EventReference(DataType.ORDERS, _number(payload["order_id"]))]
        if topic == UNINSTALLED:
            # The call that follows is refused, and says what to do.
            return [EventReference(DataType.SETTINGS, _number(payload["id"]))]
        # Not those about privacy: a customer that is fetched again may be anonymized, and would not be found any more.
        return []

    def register(self, destination: str, headers: Mapping[str, str]) -> int:
        if not self.client.app_secret:
            raise NeedsAttention(
                "Webhooks cannot be verified without the client secret of the app.",
                fix="Enter the client secret (API secret key) in the credentials of the connection.",
            )
        existing = self._subscriptions(destination)
        kept = {row["topic"]: row["id"] for row in existing}
        for row in existing:
            if kept[row["topic"]] != row["id"] or row["topic"] not in map(_constant, REGISTERED):
                self._delete(row["id"])
        missing = [topic for topic in REGISTERED if _constant(topic) not in kept]
        errors = {topic: error for topic in missing if (error := self._create(topic, destination))}
        if errors:
            reasons = "; ".join(dict.fromkeys(str(error) for error in errors.values()))
            fixes = dict.fromkeys(error.fix for error in errors.values())
            raise NeedsAttention(f"Shopify did not register {', '.join(errors)}: {reasons}", fix=" ".join(fixes))
        return len(missing)

    def _create(self, topic: str, destination: str) -> NeedsAttention | SkipRecord | None:
        """The error if the store refuses this topic; others may be allowed."""
        try:
            data = self.client.query(CREATE, topic=_constant(topic), uri=destination, fields=_FIELDS)
        except NeedsAttention as error:
            if error.status != 403:
                raise
            return error
        result = data.get("webhookSubscriptionCreate")
        return user_error(result.get("userErrors")) if isinstance(result, dict) else None

    def remove(self, destination: str) -> int:
        existing = self._subscriptions(destination)
        for row in existing:
            self._delete(row["id"])
        return len(existing)

    def _subscriptions(self, destination: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after, first = None, True
        while first or after:
            rows, after = self.client.page(LIST, "webhookSubscriptions", after=after)
            first = False
            found += [row for row in rows if isinstance(row, dict) and row.get("uri") == destination]
        return found

    def _delete(self, identifier: str) -> None:
        """One that does not exist any more is no error."""
        if not isinstance(self.client.query(DELETE, id=identifier).get("webhookSubscriptionDelete"), dict):
            raise TryAgainLater("Shopify did not say whether it deleted a webhook.")


class ShopifyTargetWebhooks(ShopifyWebhooks):
    """Only verifies and reads calls about privacy: the address of the app may be that of any connection."""

    registers = False


def _constant(topic: str) -> str:
    return topic.replace("/", "_").upper()


def _number(value: Any) -> str:
    number = whole_number(value)
    if number is None and not (text := number_of(value)):
        raise ValueError("an ID is a whole number")
    return str(number) if number is not None else text
