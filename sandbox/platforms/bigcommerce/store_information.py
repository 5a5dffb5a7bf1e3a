"""The store itself: `/v2/store`, `/v2/time`, `/v3/channels`."""

import time

from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.bigcommerce.api import ApiRequest, Operation
from sandbox.platforms.bigcommerce.responses import Pager

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}


def show_store(request: ApiRequest) -> Response:
    store = request.store
    host = f"{store.name}.shop.example.com"
    currency = store.currency
    return json_response(
        {
            "id": store.name,
            "account_uuid": f"00000000-0000-4000-8000-{store.id:012d}",
            "domain": host,
            "secure_url": f"https://{host}",
            "control_panel_base_url": f"https://{host}",
            "status": "live",
            "name": f"Shop {store.name}",
            "first_name": "Robin",
            "last_name": "Keeper",
            "address": "1 Market Place",
            "country": "United Kingdom",
            "country_code": "GB",
            "phone": "+44 20 7946 0000",
            "admin_email": f"owner@{host}",
            "order_email": f"orders@{host}",
            "language": "en",
            "currency": currency,
            "currency_symbol": SYMBOLS.get(currency, currency),
            "decimal_separator": ".",
            "thousands_separator": ",",
            "decimal_places": 2,
            "currency_symbol_location": "left",
            "weight_units": "KGS",
            "dimension_units": "Centimeters",
            "plan_name": "Sandbox",
            "plan_level": "Sandbox",
            "plan_is_trial": False,
            "is_price_entered_with_tax": False,
            "store_id": store.id,
            "default_channel_id": 1,
            "default_site_id": 1000,
            "timezone": {"name": "Etc/UTC", "raw_offset": 0, "dst_offset": 0, "dst_correction": False},
            "features": {"multi_storefront_enabled": True},
        }
    )


def show_time(request: ApiRequest) -> Response:
    return json_response({"time": int(time.time())})


def list_channels(request: ApiRequest) -> Response:
    pager = Pager(request.query, 0)
    start, stop = pager.bounds
    return pager.page_response(request.store.channels[start:stop], len(request.store.channels))


OPERATIONS = [
    Operation("GET", "/v2/store", show_store),
    Operation("GET", "/v2/time", show_time),
    Operation("GET", "/v3/channels", list_channels),
]
