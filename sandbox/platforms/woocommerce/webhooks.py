"""Webhooks (_webhooks.md): signed calls with the whole item; after five failures in a row a hook is disabled."""

import base64
import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor

import orjson
import requests
from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.woocommerce import customers, orders, views
from sandbox.platforms.woocommerce.clock import both, now
from sandbox.platforms.woocommerce.responses import ApiError, Query, Row, invalid_id, invalid_parameter, page_of
from sandbox.platforms.woocommerce.site import Site

RESOURCES = ("coupon", "customer", "order", "product")
EVENTS = ("created", "updated", "deleted", "restored")
STATUSES = ("active", "paused", "disabled")
MAX_FAILURES = 5
TIMEOUT_S = 10
_SENDERS = ThreadPoolExecutor(4, thread_name_prefix="woocommerce-webhook")


async def list_webhooks(request: Request, site: Site) -> Response:
    query = Query(request)
    status = query.choice("status", ("all", *STATUSES), "all")
    rows = [each for each in site.webhooks.values() if status in ("all", each["status"])]
    return page_of(query, [_view(each) for each in reversed(rows)])


async def create_webhook(request: Request, site: Site) -> Response:
    body = await _body(request)
    resource, _, event = str(body.get("topic", "")).partition(".")
    if resource not in RESOURCES or event not in EVENTS:
        raise ApiError(
            400, "woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic is required and must be valid."
        )
    if not str(body.get("delivery_url", "")).startswith(("http://", "https://")):
        message = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        raise ApiError(400, "woocommerce_rest_shop_webhook_invalid_delivery_url", message)
    number = site.row_id()
    row = {"id": number, "name": f"Webhook {number}", "status": "active", "topic": body["topic"]}
    row |= {"delivery_url": body["delivery_url"], "secret": "", "failures": 0, "created": now(), "modified": now()}
    site.webhooks[number] = row
    _change(row, body)
    _SENDERS.submit(_ping, row)
    return json_response(_view(row), 201)


async def update_webhook(request: Request, site: Site) -> Response:
    row = _webhook(request, site, 400)
    _change(row, await _body(request))
    return json_response(_view(row))


async def delete_webhook(request: Request, site: Site) -> Response:
    if not Query(request).flag("force"):
        raise ApiError(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.")
    row = _webhook(request, site, 404)
    del site.webhooks[row["id"]]
    return json_response(_view(row))


def deliver(site: Site, topic: str, number: int) -> None:
    """Tell all active hooks of a topic about an item. A deleted one is its ID."""
    hooks = [each for each in site.webhooks.values() if each["topic"] == topic and each["status"] == "active"]
    if hooks:
        body = orjson.dumps(_item(site, topic, number))
        for hook in hooks:
            _SENDERS.submit(_send, hook, body)


def _item(site: Site, topic: str, number: int) -> Row:
    resource, _, event = topic.partition(".")
    if event == "deleted":
        return {"id": number}
    if resource == "product":
        return views.product(site, site.products[number])
    if resource == "order":
        return orders.view(site, site.orders[number], 2)
    return customers.view(site.customers[number])


def _send(hook: Row, body: bytes) -> None:
    digest = hmac.new(hook["secret"].encode(), body, hashlib.sha256).digest()
    resource, _, event = hook["topic"].partition(".")
    headers = {
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": "https://shop.example/",
        "X-WC-Webhook-Topic": hook["topic"],
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": event,
        "X-WC-Webhook-Signature": base64.b64encode(digest).decode(),
        "X-WC-Webhook-ID": str(hook["id"]),
        "X-WC-Webhook-Delivery-ID": hashlib.md5(f"{hook['id']} {now()}".encode(), usedforsecurity=False).hexdigest(),
    }
    if _post(hook, body, headers):
        hook["failures"] = 0
        return
    hook["failures"] += 1
    if hook["failures"] > MAX_FAILURES:
        hook["status"] = "disabled"


def _ping(hook: Row) -> None:
    """Sent when a hook is made. Not signed, and its answer does not matter."""
    _post(hook, f"webhook_id={hook['id']}".encode(), {"Content-Type": "application/x-www-form-urlencoded"})


def _post(hook: Row, body: bytes, headers: dict[str, str]) -> bool:
    try:
        answer = requests.post(
            hook["delivery_url"], data=body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False
        )
    except requests.RequestException:
        return False
    return 200 <= answer.status_code <= 302


def _change(row: Row, body: Row) -> None:
    if body.get("status", "active") not in STATUSES:
        raise invalid_parameter("status", f"status is not one of {', '.join(STATUSES)}.")
    row |= {name: body[name] for name in ("name", "status", "secret") if name in body}
    row["modified"] = now()
    if body.get("status") == "active":
        row["failures"] = 0


def _view(row: Row) -> Row:
    """The secret is never told."""
    resource, _, event = row["topic"].partition(".")
    shown = {name: row[name] for name in ("id", "name", "status", "topic", "delivery_url")}
    shown |= {"resource": resource, "event": event, "hooks": [f"woocommerce_{event}_{resource}"]}
    return shown | both("date_created", row["created"]) | both("date_modified", row["modified"])


def _webhook(request: Request, site: Site, status: int) -> Row:
    number = request.path_params["number"]
    if number not in site.webhooks:
        raise invalid_id("shop_webhook", status)
    row: Row = site.webhooks[number]
    return row


async def _body(request: Request) -> Row:
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "rest_invalid_json", "Invalid JSON body passed.") from error
    return body if isinstance(body, dict) else {}
