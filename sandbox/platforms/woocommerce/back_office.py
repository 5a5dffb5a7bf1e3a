"""Control routes beside the vendor's API: how the site is set up, and what a person does in its administration.

- `POST setting {"account", "drops_header", "permalinks", "permissions", "has_brands", "has_fulfillments", "page_cap",
  "settings"}`: whether the server drops the Authorization header, `plain` permalinks, what the key may do (`read`,
  `write`, `read_write`), whether the version has brands and fulfillments, how many rows a plug-in leaves a page, and
  options of the shop by group and name (`general/woocommerce_currency`).
- `PATCH row {"account", "kind", "id", "changes"}` changes a stored row (products, variations, customers, orders) and
  its date of change, unless `"keep_date": true`; `DELETE row {"account", "kind", "id", "trash"}` deletes one.
- `POST row {"account", "kind", "values"}` adds a product or variation, and returns its ID.
"""

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.platforms.base import json_response
from sandbox.platforms.woocommerce.clock import now
from sandbox.platforms.woocommerce.site import PRODUCT, VARIATION, Site
from sandbox.platforms.woocommerce.webhooks import deliver

KINDS = ("products", "variations", "customers", "orders", "categories", "brands")
_EVENTS = {"products": "product", "customers": "customer", "orders": "order"}
_SETUP = ("drops_header", "permalinks", "permissions", "has_brands", "has_fulfillments", "page_cap")


def routes(sites: dict[str, Site]) -> list[BaseRoute]:
    async def setting(request: Request) -> Response:
        body = orjson.loads(await request.body())
        site = sites[body["account"]]
        for name in _SETUP:
            setattr(site, name, body.get(name, getattr(site, name)))
        site.settings |= body.get("settings", {})
        return Response(status_code=204)

    async def change(request: Request) -> Response:
        body = orjson.loads(await request.body())
        site = sites[body["account"]]
        if body["kind"] not in KINDS or body["id"] not in getattr(site, body["kind"]):
            return json_response({"error": f"no such row; kinds: {', '.join(KINDS)}"}, 404)
        found = getattr(site, body["kind"])[body["id"]]
        found.update(body["changes"])
        if not body.get("keep_date"):
            found["modified"] = now()
        if body["kind"] in _EVENTS:
            deliver(site, f"{_EVENTS[body['kind']]}.updated", body["id"])
        return json_response(found)

    async def add(request: Request) -> Response:
        body = orjson.loads(await request.body())
        site = sites[body["account"]]
        defaults = PRODUCT if body["kind"] == "products" else VARIATION
        number = site.post_id()
        dates = {"created": now(), "modified": now()}
        getattr(site, body["kind"])[number] = defaults | dates | body["values"] | {"id": number}
        return json_response({"id": number})

    async def drop(request: Request) -> Response:
        body = orjson.loads(await request.body())
        rows = getattr(sites[body["account"]], body["kind"])
        if body.get("trash"):
            rows[body["id"]] |= {"status": "trash", "modified": now()}
        else:
            del rows[body["id"]]
        if body["kind"] in _EVENTS:
            deliver(sites[body["account"]], f"{_EVENTS[body['kind']]}.deleted", body["id"])
        return Response(status_code=204)

    return [
        Route("/_sandbox/setting", setting, methods=["POST"]),
        Route("/_sandbox/row", change, methods=["PATCH"]),
        Route("/_sandbox/row", add, methods=["POST"]),
        Route("/_sandbox/row", drop, methods=["DELETE"]),
    ]
