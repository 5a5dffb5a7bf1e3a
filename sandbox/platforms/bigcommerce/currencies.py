"""`/v2/currencies` of the store, and `/v2/coupons`, of which it has none."""

from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.store import Store
from sandbox.platforms.bigcommerce.v2 import found, listing, page_of
from sandbox.tables import Row


def currency_view(store: Store, number: int, code: str) -> Row:
    return {
        "id": number,
        "is_default": code == store.currency,
        "currency_code": code,
        "currency_exchange_rate": "1.0000000000",
        "auto_update": False,
        "token_location": "left",
        "token": code,
        "decimal_token": ".",
        "thousands_token": ",",
        "decimal_places": 2,
        "name": code,
        "enabled": True,
        "is_transactional": True,
    }


def _currencies(store: Store) -> list[Row]:
    return [currency_view(store, number, code) for number, code in enumerate(store.currencies, 1)]


def list_currencies(request: ApiRequest) -> Response:
    return listing(request, page_of(request, _currencies(request.store)))


def get_currency(request: ApiRequest) -> Response:
    rows = {row["id"]: row for row in _currencies(request.store)}
    return json_response(found(rows.get(request.path["currency_id"])))


def list_coupons(request: ApiRequest) -> Response:
    return listing(request, page_of(request, []))


OPERATIONS = [
    Operation("GET", "/v2/currencies", list_currencies),
    Operation("GET", "/v2/currencies/{currency_id:int}", get_currency),
    Operation("GET", "/v2/coupons", list_coupons),
]
