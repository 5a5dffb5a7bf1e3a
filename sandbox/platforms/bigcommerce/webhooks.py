"""`/v3/webhooks`: up to ten webhooks per scope. `webhook_delivery.py` delivers them."""

import ipaddress
import re
from urllib.parse import urlsplit

import orjson
from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce.api import ApiRequest, Handler, Operation
from sandbox.platforms.bigcommerce.fields import Field, Fields, Filters, boolean
from sandbox.platforms.bigcommerce.responses import ApiError, Pager, V2ApiError, item_response, no_content, not_found
from sandbox.platforms.bigcommerce.store import timestamp
from sandbox.platforms.bigcommerce.v2 import listing, page_of
from sandbox.tables import Row

PER_SCOPE = 10
METAFIELD_EVENTS = ("created", "updated", "deleted")
EVENTS = {
    "store/product": (
        *("created", "updated", "deleted", "inventory/updated", "inventory/order/updated"),
        *(f"{owner}{event}" for owner in ("metafield/", "variant/metafield/") for event in METAFIELD_EVENTS),
    ),
    "store/sku": ("created", "updated", "deleted", "inventory/updated", "inventory/order/updated"),
    "store/order": (
        *("created", "updated", "archived", "statusUpdated", "message/created", "refund/created"),
        *("transaction/created", "transaction/updated", *(f"metafield/{event}" for event in METAFIELD_EVENTS)),
    ),
    "store/shipment": ("created", "updated", "deleted"),
    "store/customer": (
        "created",
        "updated",
        "deleted",
        "address/created",
        "address/updated",
        "address/deleted",
        "channel/login/access/updated",
        "payment/instrument/default/updated",
    ),
    "store/category": ("created", "updated", "deleted", *(f"metafield/{event}" for event in METAFIELD_EVENTS)),
    "store/information": ("updated",),
}
SCOPES = {f"{family}/{event}" for family, events in EVENTS.items() for event in events}
SCOPES |= {f"{family}/*" for family in EVENTS if family != "store/information"}
STOCK_EVENTS = ("stock_changed", "low_stock_reached", "out_of_stock_reached", "settings_changed")
# Storefronts share their stock, so these have no ID of one.
SCOPES |= {f"store/channel/*/inventory/product/{event}" for event in STOCK_EVENTS}
STOREFRONT_SCOPE = re.compile(r"store/channel/\d+/(category/)?product/(un)?assigned")
HOOK = Fields(
    required=("scope", "destination"),
    scope=Field("string"),
    destination=Field("string", min_length=1),
    is_active=Field("boolean"),
    headers=Field("object", nullable=True),
)
FILTERS = Filters().add("is_active", boolean).add("scope").add("destination")


def matches(hook: Row, scope: str) -> bool:
    """Whether a webhook subscribes to an event."""
    wanted = hook["scope"]
    return scope.startswith(wanted[:-1]) if wanted.endswith("/*") else scope == wanted


def list_hooks(request: ApiRequest) -> Response:
    pager = Pager(request.query, request.overlap)
    chosen = FILTERS.choose(request.query, request.store.webhooks)
    start, stop = pager.bounds
    return pager.page_response(chosen[start:stop], len(chosen))


def create_hook(request: ApiRequest) -> Response:
    store = request.store
    fields = HOOK.checked(request.body, creating=True)
    _check(fields)
    _check_others(request, fields, None)
    created_at = timestamp()
    stamps = {"client_id": store.options.client_id, "store_hash": store.name, "created_at": created_at}
    return item_response(
        store.webhooks.add({"is_active": True, "headers": None, **fields, **stamps, "updated_at": created_at})
    )


def get_hook(request: ApiRequest) -> Response:
    return item_response(_hook(request))


def change_hook(request: ApiRequest) -> Response:
    hook = _hook(request)
    fields = HOOK.checked(request.body, creating=False)
    _check(fields)
    _check_others(request, hook | fields, hook["id"])
    request.store.webhooks.change(hook, {**fields, "updated_at": timestamp()})
    return item_response(hook)


def delete_hook(request: ApiRequest) -> Response:
    return item_response(request.store.webhooks.remove(_hook(request)["id"]))


def _check(fields: Row) -> None:
    scope = fields.get("scope")
    if scope is not None and scope not in SCOPES and not STOREFRONT_SCOPE.fullmatch(scope):
        raise ApiError(422, "The scope is not valid", {"scope": f"{scope} is unknown"})
    if "destination" in fields and not _is_allowed_destination(fields["destination"]):
        raise ApiError(422, "The destination is not valid", {"destination": "must be https on port 443"})
    headers = fields.get("headers") or {}
    if not all(isinstance(value, str) for value in headers.values()):
        raise ApiError(422, "The headers are not valid", {"headers": "must be strings"})


def _is_allowed_destination(destination: str) -> bool:
    """HTTPS on port 443, as the vendor requires. Loopback addresses are allowed too, so that tests can receive
    webhooks.
    """
    try:
        parts = urlsplit(destination)
        port = parts.port
    except ValueError:
        return False
    try:
        if ipaddress.ip_address(parts.hostname or "").is_loopback:
            return parts.scheme in ("http", "https")
    except ValueError:
        if parts.hostname == "localhost":
            return True
    return parts.scheme == "https" and port in (None, 443) and bool(parts.hostname)


def _check_others(request: ApiRequest, wanted: Row, own: int | None) -> None:
    """At most ten webhooks for a scope, and one for a scope and destination."""
    hooks = request.store.webhooks
    others = [hook for hook in hooks if hook["scope"] == wanted["scope"] and hook["id"] != own]
    if any(hook["destination"] == wanted["destination"] for hook in others):
        raise ApiError(422, "The webhook exists already", {"destination": "has a webhook for this scope"})
    if len(others) >= PER_SCOPE:
        raise ApiError(
            422, f"At most {PER_SCOPE} hooks per scope", {"scope": "has reached the maximum number of hooks"}
        )


def _hook(request: ApiRequest) -> Row:
    hook = request.store.webhooks.get(request.path["hook_id"])
    if hook is None:
        raise not_found("Hook")
    return hook


# The older address of the same webhooks: bare answers, and errors as V2 has them.


def list_old_hooks(request: ApiRequest) -> Response:
    return listing(request, page_of(request, list(request.store.webhooks)))


def _old(handle: Handler, status: int = 200) -> Handler:
    def answer(request: ApiRequest) -> Response:
        try:
            body = orjson.loads(handle(request).body)
        except ApiError as error:
            raise V2ApiError(error.status, error.title) from error
        return json_response(body["data"], status) if status != 204 else no_content()

    return answer


OPERATIONS = [
    Operation("GET", "/v2/hooks", list_old_hooks),
    Operation("POST", "/v2/hooks", _old(create_hook, 201)),
    Operation("GET", "/v2/hooks/{hook_id:int}", _old(get_hook)),
    Operation("PUT", "/v2/hooks/{hook_id:int}", _old(change_hook)),
    Operation("DELETE", "/v2/hooks/{hook_id:int}", _old(delete_hook, 204)),
    Operation("GET", "/v3/hooks", list_hooks),
    Operation("POST", "/v3/hooks", create_hook),
    Operation("GET", "/v3/hooks/{hook_id:int}", get_hook),
    Operation("PUT", "/v3/hooks/{hook_id:int}", change_hook),
    Operation("DELETE", "/v3/hooks/{hook_id:int}", delete_hook),
]
