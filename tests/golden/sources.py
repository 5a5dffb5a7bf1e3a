"""The sources whose records are golden: how each is set up, and of which sandbox its recorded answers are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.process import SandboxProcess
from tests.golden.targets import Setup


def _ship(account: SandboxProcess) -> None:
    """Orders of ours, of which one has been shipped."""
    for number in (9001, 9002):
        about = {"account": "tstdrv1", "externalId": f"sc-order-{number}", "sku": "SKU-1"}
        account.control("POST", "orders", json=about)
    account.control("POST", "fulfil", json={"account": "tstdrv1", "order": "sc-order-9001"})


def _ship_sales(database: SandboxProcess) -> None:
    """Sales of ours, of which one has been shipped."""
    for number in (9001, 9002):
        database.control("POST", "orders", json={"account": "erp", "key": f"sc-order-{number}", "code": "SKU-1"})
    database.control("POST", "fulfil", json={"account": "erp", "key": "sc-order-9001", "tracking": ["T-9001"]})


def _map_fields(store: SandboxProcess) -> None:
    """Custom fields and a minimum quantity of the first product."""
    own = {"Recommended": "49.90", "Back on": "2026-05-01", "Pack": "6"}
    fields = [{"name": name, "value": value} for name, value in own.items()]
    store.control("PATCH", "products/alpha/1", json={"custom_fields": fields, "order_quantity_minimum": 12})


@dataclass(frozen=True)
class Source:
    """`path` is the address's, `account` and `options` are the sandbox's, `seeds` what is written into it before."""

    sandbox: str
    account: tuple[str, str]
    credentials: dict[str, str]
    path: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    setups: dict[str, Setup] = field(default_factory=lambda: {"default": Setup({"page_size": 10})})
    seeds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    prepare: Callable[[SandboxProcess], None] = lambda process: None


_NETSUITE = {
    "account": "TSTDRV1",
    "client_id": "sandbox-client",
    "certificate_id": "sandbox-certificate",
    "algorithm": "ES256",
}

SOURCES: dict[str, Source] = {
    "bigcommerce": Source(
        sandbox="bigcommerce",
        account=("alpha", "alpha-token"),
        credentials={"access_token": "alpha-token"},
        path="/stores/alpha",
        options={"products": 12, "customers": 6, "orders": 12, "quota": 100_000},
        prepare=_map_fields,
        setups={
            "default": Setup({"page_size": 10}),
            "mapped": Setup(
                {"page_size": 10, "channel_ids": [1], "b2b_channel_id": 2},
                {
                    "products": {
                        "rrp": "custom_fields.Recommended",
                        "restock_date": "custom_fields.Back on",
                        "settings": {"minimum": "order_quantity_minimum", "pack": "custom_fields.Pack"},
                    },
                    "customers": {
                        "accounting_id": "attributes.Account number",
                        "discount_percentage": "attributes.Discount percentage",
                    },
                },
            ),
        },
    ),
    "image_feed": Source(
        sandbox="image_feed",
        account=("studio", "studio-token"),
        credentials={"token": "studio-token"},
        path="/studio/images.jsonl",
        options={"products": 12},
    ),
    "magento": Source(
        sandbox="magento",
        account=("alpha", "alpha-token"),
        credentials={"access_token": "alpha-token"},
        options={"products": 12, "customers": 6, "orders": 12},
        setups={
            "default": Setup({"page_size": 10}),
            "mapped": Setup(
                {"page_size": 10, "admin_url": "https://source.example/admin", "b2b_store_id": 1},
                {
                    "products": {"barcode": "ean", "settings": {"weight": "weight"}, "restock_date": "restock_date"},
                    "customers": {"accounting_id": "custom_attributes.account_number", "parent_id": "group_id"},
                    "orders": {"vendor": "product.dropship_vendor"},
                },
            ),
        },
    ),
    "netsuite": Source(
        sandbox="netsuite",
        account=("tstdrv1", "word"),
        credentials={"private_key": "word"},
        path="/tstdrv1/services/rest",
        options={"products": 12},
        prepare=_ship,
        setups={
            "default": Setup(_NETSUITE),
            "mapped": Setup(_NETSUITE, {"products": {"attributes": {"Colour": "custitem_colour"}, "rrp": "weight"}}),
        },
    ),
    "shopify": Source(
        sandbox="shopify",
        account=("alpha", "alpha-token"),
        credentials={"access_token": "alpha-token"},
        options={"products": 6, "customers": 4, "orders": 6, "quota": 100_000},
        setups={
            "default": Setup(),
            "mapped": Setup(
                {"online_locations_only": False, "location_ids": [1]}, {"products": {"attributes": {"Maker": "vendor"}}}
            ),
        },
    ),
    "rest_shop": Source(
        sandbox="rest",
        account=("shop", "shop-token"),
        credentials={"token": "shop-token"},
        setups={"default": Setup()},
        seeds={
            "products": [
                {
                    "key": "p1",
                    "title": "Lámp “Öl” 🙂",
                    "slug": "lamp",
                    "description": "<p>Bright</p>",
                    "type": "physical",
                    "brand": "b1",
                    "categories": ["c1", "c2"],
                    "attributes": {"Material": "Oak", "Deep": {"a": [1, 2.5]}},
                    "images": [{"url": "https://images.example.com/1.jpg", "alt": "One"}],
                    "variants": [
                        {
                            "key": "v1",
                            "sku": "SKU-1",
                            "barcode": "4006381333931",
                            "weight_in_grams": 250.5,
                            "options": [{"name": "Size", "value": "S"}],
                            "rrp": 20,
                            "settings": {"pack": 6},
                            "price": 12.5,
                            "list_price": 15,
                            "quantity": 3,
                            "restock_date": "2026-03-01",
                        },
                        {"key": "v2", "sku": "", "price": None, "status": "suspended"},
                    ],
                },
                {"key": "p2", "title": "Plain", "status": "suspended", "updated_at": "2026-01-02T03:04:05+01:00"},
                {"key": "p3", "title": "Unreadable", "variants": [{"key": "v3", "weight_in_grams": -1}]},
            ],
            "categories": [{"key": "c1", "name": "Home"}, {"key": "c2", "name": "Lämpchen", "parent": "c1"}],
            "brands": [{"key": "b1", "name": "Acmé", "image_url": "https://images.example.com/b.png"}],
        },
    ),
    "seller_center_oms": Source(
        sandbox="seller_center_oms",
        account=("OMS", "oms-key"),
        credentials={"api_key": "oms-key"},
        options={"products": 12, "customers": 6, "orders": 12},
    ),
    "seller_center_shop": Source(
        sandbox="seller_center_shop",
        account=("SellerCenter", "shop-key"),
        credentials={"api_key": "shop-key"},
        options={"products": 12},
        setups={
            "default": Setup({"page_size": 10}),
            "mapped": Setup({"page_size": 10, "seller": "7"}, {"attributes": {"Size": "77", "Material": "4"}}),
        },
    ),
    "tryton": Source(
        sandbox="tryton",
        account=("erp", "key-of-an-application"),
        credentials={"key": "key-of-an-application"},
        path="/erp",
        options={"products": 12},
        prepare=_ship_sales,
        setups={
            "default": Setup(),
            "mapped": Setup({"stock": "quantity"}, {"products": {"rrp": "weight", "attributes": {"Type": "type"}}}),
        },
    ),
    "vendure": Source(
        sandbox="vendure",
        account=("shop", "vendure-key"),
        credentials={"api_key": "vendure-key"},
        options={"products": 12, "customers": 6, "orders": 12},
        setups={
            "default": Setup({"page_size": 10}),
            "mapped": Setup(
                {"page_size": 10, "prices": "without_tax", "dashboard_url": "https://source.example/dashboard"},
                {"products": {"brand": "", "barcode": "customFields.ean", "settings": {"maker": "facets.brand"}}},
            ),
        },
    ),
    "woocommerce": Source(
        sandbox="woocommerce",
        account=("ck_alpha", "alpha-secret"),
        credentials={"consumer_key": "ck_alpha", "consumer_secret": "alpha-secret"},
        options={"products": 4, "customers": 3, "orders": 6},
        setups={
            "default": Setup({"page_size": 5}),
            "mapped": Setup(
                {"page_size": 5, "require_weight": True},
                {
                    "products": {"mpn": "slug", "settings": {"class": "tax_class"}},
                    "customers": {"accounting_id": "meta_data.account_number"},
                },
            ),
        },
    ),
}
