"""Control routes beside the vendor's API: customers' purchases, and edits made in the shop's admin panel.

- `POST order {"account", "lines": [[index of the product, quantity]], "stage"}` places and returns an order.
- `POST goods {"account", "skus", "vendor"}` adds simple products, shipped by that vendor if one is given.
- `POST stock {"account", "sku", "quantity"}` counts what the default source has of a product.
- `POST options {"account", "code", "labels"}` adds options to an attribute.
- `PATCH row {"account", "kind", "id", "changes"}` changes a row and its modification time; `DELETE row` deletes one.
- `POST customer-token {"account", "customer"}` issues and returns an access token, as signing in does.
- `POST setting {"account", "limited", "consuming", "at", "denied", "stock_sources", "disabled_sources", "unmanaged",
  "second_website", "prices_by_website"}`
  turns the input limits on or off, starts or stops the queue consumers, freezes the shop's clock at a time, takes
  rights from the integration, and sets which sources supply the website, which are disabled, and the SKUs whose stock
  the shop does not manage; opens the second website, and makes prices differ by website.
"""

import secrets
import time

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox import customers_and_orders
from sandbox.platforms.base import json_response
from sandbox.platforms.magento import generated_orders
from sandbox.platforms.magento.bulk_api import process_queue
from sandbox.platforms.magento.store import ATTRIBUTES, Store

KINDS = ("products", "orders", "customers", "categories")


def routes(stores: dict[str, Store]) -> list[BaseRoute]:
    async def order(request: Request) -> Response:
        body = orjson.loads(await request.body())
        store = stores[body["account"]]
        now = int(time.time())
        lines = tuple((int(place), int(quantity)) for place, quantity in body["lines"])
        row = generated_orders.place(
            store, customers_and_orders.Order(0, lines, body.get("stage", "paid"), False, "", now, now)
        )
        row["updated_at"] = store.clock.now()
        return json_response(row)

    async def add_products(request: Request) -> Response:
        body = orjson.loads(await request.body())
        for sku in body["skus"]:
            stores[body["account"]].add_product(sku, body.get("vendor", ""))
        return Response(status_code=204)

    async def stock(request: Request) -> Response:
        body = orjson.loads(await request.body())
        stores[body["account"]].put_stock(body["sku"], "default", body["quantity"], 1 if body["quantity"] else 0)
        return Response(status_code=204)

    async def options(request: Request) -> Response:
        body = orjson.loads(await request.body())
        store = stores[body["account"]]
        stored = store.attributes[ATTRIBUTES[body["code"]][0]]["options"]
        stored += [{"label": label, "value": str(store.allocate_id("option"))} for label in body["labels"]]
        return Response(status_code=204)

    async def row(request: Request) -> Response:
        body = orjson.loads(await request.body())
        store = stores[body["account"]]
        if body["kind"] not in KINDS or body["id"] not in getattr(store, body["kind"]):
            return json_response({"error": f"no such row; kinds: {', '.join(KINDS)}"}, 404)
        found = getattr(store, body["kind"])[body["id"]]
        found.update(body["changes"])
        store.set_updated_at(found)
        return json_response(found)

    async def drop(request: Request) -> Response:
        body = orjson.loads(await request.body())
        getattr(stores[body["account"]], body["kind"]).pop(body["id"])
        return Response(status_code=204)

    async def customer_token(request: Request) -> Response:
        body = orjson.loads(await request.body())
        token = secrets.token_urlsafe(24)
        stores[body["account"]].customer_tokens[token] = body["customer"]
        return json_response({"token": token})

    async def setting(request: Request) -> Response:
        body = orjson.loads(await request.body())
        store = stores[body["account"]]
        store.enforce_limits = body.get("limited", store.enforce_limits)
        store.consumers_running = body.get("consuming", store.consumers_running)
        if store.consumers_running:
            process_queue(store)
        store.clock.at = body.get("at", store.clock.at)
        store.denied_rights = body.get("denied", store.denied_rights)
        store.stock_sources = body.get("stock_sources", store.stock_sources)
        store.disabled_sources = body.get("disabled_sources", store.disabled_sources)
        store.unmanaged_skus = body.get("unmanaged", store.unmanaged_skus)
        store.prices_by_website = body.get("prices_by_website", store.prices_by_website)
        if body.get("second_website") and not store.second_website:
            store.open_second_website()
        return Response(status_code=204)

    return [
        Route("/_sandbox/order", order, methods=["POST"]),
        Route("/_sandbox/goods", add_products, methods=["POST"]),
        Route("/_sandbox/stock", stock, methods=["POST"]),
        Route("/_sandbox/options", options, methods=["POST"]),
        Route("/_sandbox/row", row, methods=["PATCH"]),
        Route("/_sandbox/row", drop, methods=["DELETE"]),
        Route("/_sandbox/customer-token", customer_token, methods=["POST"]),
        Route("/_sandbox/setting", setting, methods=["POST"]),
    ]
