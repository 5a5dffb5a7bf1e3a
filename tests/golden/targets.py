"""How the targets are set up for which payloads are golden: platform → name of the setup → settings and field map.

Every setup gets items that are linked at the target; the first one also gets items that are not.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Setup:
    """`foreign`: the connection is that of a vendor who ships parts of the seller's orders."""

    settings: dict[str, Any] = field(default_factory=dict)
    field_map: dict[str, Any] = field(default_factory=dict)
    foreign: bool = False


_ELEVATE = {"markets": ["uk"], "price_list": "shop", "locale": "en-GB"}
_LABELS = {"custom_labels": ["Material", "Rooms", "Watt", "Dimmable", "Size", "Nothing"]}
_NETSUITE = {
    "account": "TSTDRV1",
    "client_id": "client",
    "certificate_id": "certificate",
    "algorithm": "ES256",
}
_SPARKLAYER = {"site_id": "acme", "client_id": "client"}

CREDENTIALS: dict[str, dict[str, str]] = {
    "bigcommerce": {"access_token": "word"},
    "bigcommerce_target": {"access_token": "word"},
    "elevate": {"api_key": "word"},
    "magento": {"access_token": "word"},
    "magento_target": {"access_token": "word"},
    "netsuite": {"private_key": "word"},
    "rest": {"token": "word"},
    "seller_center_oms": {"api_key": "word"},
    "seller_center_shop": {"api_key": "word"},
    "shopify": {"access_token": "word"},
    "shopify_target": {"access_token": "word"},
    "sparklayer": {"client_secret": "word"},
    "tryton": {"key": "word"},
    "vendure": {"api_key": "word"},
    "vendure_target": {"api_key": "word"},
    "woocommerce": {"consumer_key": "word", "consumer_secret": "word"},
    "woocommerce_target": {"consumer_key": "word", "consumer_secret": "word"},
}

TARGETS: dict[str, dict[str, Setup]] = {
    "bigcommerce": {"default": Setup()},
    "bigcommerce_target": {
        "default": Setup(),
        "trade prices": Setup({"price_list": "trade", "price_list_id": 4, "location_id": 2, "on_removal": "delete"}),
    },
    "elevate": {
        "v4": Setup(_ELEVATE),
        "v4, options as products": Setup(
            _ELEVATE | {"markets": ["uk", "de"], "product_options": ["Color"], "size_option": "Size"},
            {
                "markets": {"de": {"price_list": "trade"}},
                "translations": {"de-DE": {"title": "Material"}},
                "stores": {"main": "1"},
            },
        ),
        "v4, labels": Setup(
            _ELEVATE
            | _LABELS
            | {
                "markets": ["uk", "de"],
                "price_list": "trade",
                "locale": "",
                "product_url": "https://shop.example/{id}/{slug}",
                "variant_key": "id",
                "untracked_stock": 0,
            },
            {"label_names": {"Rooms": "room_names"}},
        ),
        "v3": Setup(_ELEVATE | _LABELS | {"api_version": "v3"}, {"label_names": {"Rooms": "room_names"}}),
    },
    "magento": {"default": Setup(), "notify": Setup({"notify": True, "ship_from": "second"})},
    "magento_target": {
        "default": Setup(),
        "trade prices": Setup(
            {"price_list": "trade", "source_code": "second", "attribute_set_id": 9},
            {"brand": "maker", "options": {"Size": "size_code"}},
        ),
    },
    "netsuite": {
        "default": Setup(_NETSUITE),
        "rich": Setup(
            _NETSUITE
            | {
                "time_zone": "America/New_York",
                "subsidiary": "3",
                "location": "5",
                "guest_customer": "77",
                "send_pending": True,
                "currencies": {"GBP": "2"},
                "order_defaults": {"custbody_channel": {"id": "3"}},
                "external_ids": "north",
            },
            {
                "orders": {"number": "custbody_number", "seller": "custbody_seller", "line_id": "custcol_line"},
                "customers": {"accounting_id": "accountNumber", "tax_id": "vatRegNumber", "group": "custentity_group"},
            },
        ),
        "vendor": Setup(_NETSUITE, {"orders": {"seller": "custbody_seller"}}, foreign=True),
        "vendor, sellers' prices": Setup(
            _NETSUITE | {"dropship_prices": True, "seller_customers": {"north": "12"}}, foreign=True
        ),
    },
    "rest": {"default": Setup(), "trade prices": Setup({"price_list": "trade"})},
    "seller_center_oms": {
        "default": Setup(),
        "statuses": Setup({"send_statuses": True, "cancel_reason": "Storniert", "return_reason": "Zurück"}),
    },
    "seller_center_shop": {
        "default": Setup(),
        "mapped": Setup({"seller": "7", "price_list": "trade"}, {"attributes": {"Size": "77", "Material": "4"}}),
    },
    "shopify": {"default": Setup()},
    "shopify_target": {
        "default": Setup(),
        "trade prices": Setup({"price_list": "trade", "location_id": 2, "on_removal": "delete"}),
    },
    "sparklayer": {
        "default": Setup(_SPARKLAYER),
        "mapped": Setup(
            _SPARKLAYER
            | {"shop": "north-shop", "price_list": "trade", "site_env": "test", "stock_locations": {"default": "main"}},
            {"settings": {"pack": "pack_size", "Minimum": "minimum_quantity"}},
        ),
    },
    "tryton": {
        "default": Setup(),
        "rich": Setup(
            {
                "guest_party": "77",
                "send_pending": True,
                "send_bundles": True,
                "refunds": "return",
                "taxes": {"25": "4"},
            },
            {"customers": {"accounting_id": "code", "group": "lang"}},
        ),
        "vendor": Setup({"seller_parties": {"north": "12"}}, foreign=True),
    },
    "vendure": {"default": Setup()},
    "vendure_target": {
        "default": Setup(),
        "trade prices": Setup({"price_list": "trade", "location_id": "2", "on_removal": "delete"}),
    },
    "woocommerce": {"default": Setup()},
    "woocommerce_target": {"default": Setup(), "trade prices": Setup({"price_list": "trade"})},
}
