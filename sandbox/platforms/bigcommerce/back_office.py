"""Control routes beside the vendor's API: edits made in the store's control panel, and webhook deliveries.

These edits are neither logged nor rate limited, but they publish the same events and update the same dates as the API.
"""

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce.products import PRODUCT, apply_change, check_change, product_view
from sandbox.platforms.bigcommerce.responses import ApiError
from sandbox.platforms.bigcommerce.store import Store
from sandbox.platforms.bigcommerce.webhook_delivery import Delivery


def routes(stores: dict[str, Store], delivery: Delivery) -> list[BaseRoute]:
    async def product(request: Request) -> Response:
        store = stores.get(request.path_params["account"])
        row = store.products.get(request.path_params["product_id"]) if store else None
        if store is None or row is None:
            return json_response({"error": "no such account or product"}, 404)
        if request.method == "DELETE":
            store.remove_product(row)
            return Response(status_code=204)
        try:
            body = orjson.loads(await request.body())
            # The API does not let anybody set it; a shop's wrong clock does.
            date_modified = body.pop("date_modified", None)
            fields = PRODUCT.checked(body, creating=False)
            check_change(store, row, fields)
        except ApiError as error:
            return error.response()
        apply_change(store, row, fields)
        if date_modified is not None:
            store.products.change(row, {"date_modified": date_modified})
        return json_response(product_view(store, row))

    async def store_information(request: Request) -> Response:
        store = stores.get(request.path_params["account"])
        currency = orjson.loads(await request.body()).get("currency")
        if store is None or currency not in store.currencies:
            return json_response({"error": "no such account or currency"}, 404)
        store.change_currency(currency)
        return Response(status_code=204)

    async def deliveries(request: Request) -> Response:
        return json_response({"pending": delivery.pending, "attempts": delivery.as_dicts()})

    async def replay(request: Request) -> Response:
        count = request.query_params.get("count", "1")
        if not count.isdecimal():
            return json_response({"error": "count must be an integer"}, 400)
        return json_response({"replayed": delivery.replay(int(count))})

    return [
        Route("/_sandbox/products/{account}/{product_id:int}", product, methods=["PATCH", "DELETE"]),
        Route("/_sandbox/information/{account}", store_information, methods=["PATCH"]),
        Route("/_sandbox/deliveries", deliveries),
        Route("/_sandbox/deliveries/replay", replay, methods=["POST"]),
    ]
