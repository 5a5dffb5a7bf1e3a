"""Control routes beside the vendor's API: what a person changes in the store's admin."""

from dataclasses import replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.platforms.base import json_response

TABLES = ("products", "variants", "items", "locations", "collections", "media")


def routes(accounts: dict[str, Any]) -> list[BaseRoute]:
    async def edit(request: Request) -> Response:
        """`PATCH /_sandbox/{table}/{account}/{id}` sets fields of a row, `DELETE` removes a product."""
        account, table = accounts.get(request.path_params["account"]), request.path_params["table"]
        rows = getattr(account.store, table) if account and table in TABLES else {}
        row = rows.get(request.path_params["number"])
        if account is None or row is None:
            return json_response({"error": "no such account, table or row"}, 404)
        if request.method == "DELETE":
            if table == "products":
                account.store.delete_product(row["id"])
            else:
                del rows[row["id"]]
            return Response(status_code=204)
        account.store.change(row, **orjson.loads(await request.body()))
        return json_response(row)

    async def level(request: Request) -> Response:
        """`PUT /_sandbox/levels/{account}` `{"item", "location", "available"}`; None takes the item away from there."""
        store, body = accounts[request.path_params["account"]].store, orjson.loads(await request.body())
        if body["available"] is None:
            found = store.level_of(body["item"], body["location"])
            del store.levels[found["id"]]
        else:
            store.set_level(body["item"], body["location"], body["available"])
        return Response(status_code=204)

    async def own(request: Request) -> Response:
        """`POST /_sandbox/own/{account}` `{"product", "sku", "options"}` adds a variant and an image to a product."""
        store, body = accounts[request.path_params["account"]].store, orjson.loads(await request.body())
        position = len(store.variants_of(body["product"])) + 1
        store.add_variant(body["product"], sku=body["sku"], options=body["options"], price="1.00", position=position)
        store.add_image(body["product"], "https://cdn.shopify.com/s/files/1/files/own.jpg?v=1")
        return Response(status_code=204)

    async def processing(request: Request) -> Response:
        """`PATCH /_sandbox/processing/{account}` `{"seconds"}`: how long images and products are processed."""
        store, body = accounts[request.path_params["account"]].store, orjson.loads(await request.body())
        store.options = replace(store.options, import_ms=body["seconds"] * 1000)
        return Response(status_code=204)

    async def settings(request: Request) -> Response:
        """`PATCH /_sandbox/settings/{account}` `{"scopes", "bulk_outcome", "shop"}`."""
        account, body = accounts[request.path_params["account"]], orjson.loads(await request.body())
        account.store.scopes = body.get("scopes", account.store.scopes)
        account.bulk.outcome = body.get("bulk_outcome", account.bulk.outcome)
        account.store.shop |= body.get("shop", {})
        return Response(status_code=204)

    return [
        Route("/_sandbox/levels/{account}", level, methods=["PUT"]),
        Route("/_sandbox/own/{account}", own, methods=["POST"]),
        Route("/_sandbox/processing/{account}", processing, methods=["PATCH"]),
        Route("/_sandbox/settings/{account}", settings, methods=["PATCH"]),
        Route("/_sandbox/{table}/{account}/{number:int}", edit, methods=["PATCH", "DELETE"]),
    ]
