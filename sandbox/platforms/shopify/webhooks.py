"""Webhook subscriptions. One topic and address exist once."""

from typing import Any

from sandbox.platforms.shopify.catalog import by_id
from sandbox.platforms.shopify.schema import Context, Resolver, Row, gid


def _list(_: Any, arguments: Row, context: Context) -> list[Row]:
    rows = context.store.webhooks.values()
    return by_id(row for row in rows if arguments.get("uri") in (None, row["uri"]))


def _create(_: Any, arguments: Row, context: Context) -> Row:
    store, wanted = context.store, arguments["webhookSubscription"]
    uri = wanted.get("uri", "")
    if not uri.startswith("https://"):
        return _rejected("Address protocol http:// is not supported")
    if any((row["topic"], row["uri"]) == (arguments["topic"], uri) for row in store.webhooks.values()):
        return _rejected("Address for this topic has already been taken")
    number = store.next_id("WebhookSubscription", 101)
    store.webhooks[number] = {
        "id": number,
        "topic": arguments["topic"],
        "uri": uri,
        "includeFields": wanted.get("includeFields") or [],
        "format": wanted.get("format") or "JSON",
    }
    return {"webhookSubscription": store.webhooks[number], "userErrors": []}


def _rejected(message: str) -> Row:
    return {
        "webhookSubscription": None,
        "userErrors": [{"field": ["webhookSubscription", "callbackUrl"], "message": message}],
    }


def _delete(_: Any, arguments: Row, context: Context) -> Row:
    number = int(arguments["id"].rpartition("/")[2])
    if context.store.webhooks.pop(number, None) is None:
        message = "Webhook subscription does not exist"
        return {"deletedWebhookSubscriptionId": None, "userErrors": [{"field": ["id"], "message": message}]}
    return {"deletedWebhookSubscriptionId": gid("WebhookSubscription", number), "userErrors": []}


RESOLVERS: dict[str, dict[str, Resolver]] = {
    "QueryRoot": {"webhookSubscriptions": _list},
    "Mutation": {"webhookSubscriptionCreate": _create, "webhookSubscriptionDelete": _delete},
}
