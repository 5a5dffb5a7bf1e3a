"""The configuration of each adapter for the standard suite (test_contract.py)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.adapters.registry import adapter_for
from connectors.sdk.account import Account
from connectors.sdk.adapter import Adapter
from connectors.sdk.http import HttpClient
from connectors.sdk.tokens import TokenPair, TokenStore
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.samples import SAMPLES, order

# The private key of the certificate that is registered in NetSuite.
NETSUITE_KEY = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
    .strip()
)


class NoTokens:
    """For adapters that do not use OAuth 2 refresh tokens."""

    def load(self) -> None:
        return None

    def refresh(self, *, replaces: str, exchange: Callable[[str], TokenPair]) -> TokenPair:
        raise AssertionError("nothing is to be refreshed")


@dataclass(frozen=True)
class Case:
    """How to connect an adapter to its sandbox. `states`: data type → (kind of the sandbox's state, its ID field).

    `credentials` are its other credentials. `prepare` creates what a test needs in the sandbox; `calls` is the
    maximum number of calls for a batch of creates; `changes_only` are exports that never create anything at the
    target and have tests of their own; `timestamp_fields` are fields of the sandbox's state that contain modification
    times; `filters` maps data types to settings that exclude some of their items, but not all; `samples` are used for
    comparisons instead of those of `samples.py`; `tokens(sandbox, token)` creates the token store of an adapter that is
    opened with this credential.
    """

    sandbox: str
    account: tuple[str, str]
    credential: str
    credentials: dict[str, str] = field(default_factory=dict)
    path: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    states: dict[DataType, tuple[str, str]] = field(default_factory=dict)
    seeds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    prepare: Callable[[SandboxProcess], Any] = lambda process: None
    page: str = ""
    calls: int = 2
    changes_only: frozenset[DataType] = frozenset()
    timestamp_fields: frozenset[str] = frozenset()
    filters: dict[DataType, dict[str, Any]] = field(default_factory=dict)
    samples: dict[DataType, list[Any]] = field(default_factory=dict)
    tokens: Callable[[SandboxProcess, str], TokenStore] = lambda process, token: NoTokens()


def seed_stock_products(shop: SandboxProcess) -> None:
    """Create the products whose stock and prices are sent."""
    entries = [
        {
            "seller_sku": item.sku,
            "id_catalog_product": str(item.id),
            "product_set": str(item.id),
            "title": f"Lamp {item.id}",
            "status": "active",
        }
        for item in SAMPLES[DataType.STOCK]
    ]
    shop.control("POST", "goods", json={"entries": entries})


def seed_variants(storefront: SandboxProcess) -> None:
    """Create the variants whose stock and prices are sent."""
    for item in SAMPLES[DataType.STOCK]:
        key = f"synccenter-{item.id}"
        variant = {"external_id": key, "sku": item.sku, "status": "live"}
        product = {"external_id": f"of-{key}", "title": "Lamp", "slug": key, "variants": [variant]}
        storefront.control("POST", "goods", json={"site": "acme", "products": [product]})


def seed_magento_products(shop: SandboxProcess) -> None:
    """The same for a Magento shop, including the options of the products that are sent."""
    skus = [item.sku for item in SAMPLES[DataType.STOCK]]
    shop.control("POST", "goods", json={"account": "alpha", "skus": skus})
    sizes = [f"S{variant.id}" for item in SAMPLES[DataType.PRODUCTS] for variant in item.variants]
    shop.control("POST", "options", json={"account": "alpha", "code": "size", "labels": sizes})


def seed_shipped_orders(account: SandboxProcess) -> None:
    """Create and ship orders of ours; exported orders are created by the tests."""
    for number in (9001, 9002):
        about = {"account": "tstdrv1", "externalId": f"sc-order-{number}", "sku": "SKU-1"}
        account.control("POST", "orders", json=about)
        account.control("POST", "fulfil", json={"account": "tstdrv1", "order": f"sc-order-{number}"})


def seed_sales(database: SandboxProcess) -> None:
    """The same in Tryton."""
    for number in (9001, 9002):
        database.control("POST", "orders", json={"account": "erp", "key": f"sc-order-{number}", "code": "SKU-1"})
        database.control(
            "POST", "fulfil", json={"account": "erp", "key": f"sc-order-{number}", "tracking": [f"T-{number}"]}
        )


# Every request to a Magento shop is signed.
MAGENTO_OAUTH = {"access_token": "alpha", "consumer_key": "sandbox-client", "consumer_secret": "sandbox-secret"}

# To run the suite for a platform, add it here.
CASES = {
    "bigcommerce": Case(
        sandbox="bigcommerce",
        account=("alpha", "alpha-token"),
        credential="access_token",
        path="/stores/alpha",
        settings={"page_size": 20},
        options={"products": 50, "customers": 45, "orders": 30, "quota": 100_000},
        states={
            DataType.PRODUCTS: ("products", "id"),
            DataType.BRANDS: ("brands", "id"),
            DataType.CATEGORIES: ("categories", "category_id"),
            DataType.CUSTOMERS: ("customers", "id"),
        },
        filters={
            DataType.PRODUCTS: {"channel_ids": [2]},
            DataType.CATEGORIES: {"channel_ids": [2]},
            DataType.ORDERS: {"b2b_channel_id": 2},
        },
        changes_only=frozenset((DataType.ORDERS,)),
    ),
    "bigcommerce_target": Case(
        sandbox="bigcommerce",
        account=("alpha", "alpha-token"),
        credential="access_token",
        path="/stores/alpha",
        settings={"on_removal": "delete", "customers": True},
        options={"products": 5, "quota": 100_000},
        states={
            DataType.PRODUCTS: ("products", "id"),
            DataType.BRANDS: ("brands", "id"),
            DataType.CATEGORIES: ("categories", "category_id"),
        },
        calls=2 + 2 * 5,  # one call to find a product and one to create it
        changes_only=frozenset((DataType.STOCK, DataType.PRICES, DataType.CUSTOMERS)),  # customers are never removed
        timestamp_fields=frozenset(("date_modified",)),
    ),
    "elevate": Case(
        sandbox="elevate",
        account=("cluster", "cluster-key"),
        credential="api_key",
        settings={"markets": ["uk"], "price_list": "shop-price", "locale": "en-GB"},
        states={DataType.PRODUCTS: ("groups", "key")},
    ),
    "image_feed": Case(
        sandbox="image_feed",
        account=("studio", "studio-token"),
        credential="token",
        path="/studio/images.jsonl",
        settings={"page_size": 20},
        options={"products": 50},
        states={DataType.PRODUCTS: ("galleries", "sku")},
    ),
    "magento": Case(
        sandbox="magento",
        account=("alpha", "alpha-token"),
        credential="access_token_secret",
        credentials=MAGENTO_OAUTH,
        settings={"page_size": 20},
        options={"products": 50, "customers": 45, "orders": 30},
        states={
            DataType.PRODUCTS: ("products", "id"),
            DataType.BRANDS: ("brands", "value"),
            DataType.CATEGORIES: ("categories", "id"),
            DataType.CUSTOMERS: ("customers", "id"),
            DataType.ORDERS: ("orders", "entity_id"),
        },
        filters={DataType.ORDERS: {"b2b_store_id": 2}},
        changes_only=frozenset((DataType.ORDERS,)),
    ),
    "magento_target": Case(
        sandbox="magento",
        account=("alpha", "alpha-token"),
        credential="access_token_secret",
        credentials=MAGENTO_OAUTH,
        options={"products": 5},
        settings={"customers": True},
        states={DataType.PRODUCTS: ("offered", "id"), DataType.STOCK: ("in_stock", "id")},
        prepare=seed_magento_products,
        calls=10,  # a lookup before and after each of two bulks, their results, and what is queued already
        changes_only=frozenset((DataType.PRICES, DataType.CUSTOMERS)),  # customers are never removed
    ),
    "netsuite": Case(
        sandbox="netsuite",
        account=("tstdrv1", NETSUITE_KEY),
        credential="private_key",
        path="/tstdrv1/services/rest",
        settings={
            "account": "TSTDRV1",
            "client_id": "sandbox-client",
            "certificate_id": "sandbox-certificate",
            "algorithm": "ES256",
            "guest_customer": "1",
        },
        options={"products": 30},
        states={
            DataType.PRODUCTS: ("products", "id"),
            DataType.ORDERS: ("open_orders", "id"),
            DataType.CUSTOMERS: ("active_customers", "id"),
        },
        prepare=seed_shipped_orders,
        calls=2 + 3 + 5,  # a token to replace an expired one, three queries, and one write per order
    ),
    "rest": Case(
        sandbox="rest",
        account=("erp", "erp-token"),
        credential="token",
        states={each: (each.value, "key") for each in adapter_for("rest").targets()},
    ),
    "rest_shop": Case(
        sandbox="rest",
        account=("shop", "shop-token"),
        credential="token",
        states={each: (each.value, "key") for each in adapter_for("rest_shop").sources()},
        seeds={
            "products": [{"key": f"p{n:03d}", "title": f"Product {n}", "price": n} for n in range(230)],
            "categories": [{"key": "c1", "name": "Home"}, {"key": "c2", "name": "Lamps", "parent": "c1"}],
            "brands": [{"key": "b1", "name": "Acme"}],
            "customers": [{"key": f"c{n}", "email": f"buyer{n}@example.com"} for n in range(3)],
            "orders": [
                {
                    "key": f"o{n}",
                    "number": f"N-{n}",
                    "status": "confirmed",
                    "currency": "GBP",
                    "total": 24,
                    "placed_at": "2026-01-02T10:00:00+00:00",
                    "lines": [{"key": f"l{n}", "quantity": 2, "unit_price": 12}],
                }
                for n in range(3)
            ],
        },
    ),
    "seller_center_oms": Case(
        sandbox="seller_center_oms",
        account=("OMS", "oms-key"),
        credential="api_key",
        settings={"page_size": 20},
        options={"products": 20, "customers": 45, "orders": 50},
        states={DataType.CUSTOMERS: ("customers", "id"), DataType.ORDERS: ("orders", "id")},
        page="seller-center",
        changes_only=frozenset((DataType.ORDERS,)),
    ),
    "seller_center_shop": Case(
        sandbox="seller_center_shop",
        account=("SellerCenter", "shop-key"),
        credential="api_key",
        settings={"page_size": 20},
        states={
            DataType.PRODUCTS: ("products", "id"),
            DataType.CATEGORIES: ("categories", "id"),
            DataType.BRANDS: ("brands", "id"),
            DataType.STOCK: ("in_stock", "id"),
            DataType.PRICES: ("priced", "id"),
        },
        prepare=seed_stock_products,
        page="seller-center",
        calls=3 + 5,  # two lookups, one call for all products, and one for the images of each
    ),
    "shopify": Case(
        sandbox="shopify",
        account=("alpha", "alpha-token"),
        credential="access_token",
        credentials={"client_secret": "sandbox-secret"},
        options={"products": 30, "customers": 20, "orders": 20, "quota": 100_000},
        states={
            DataType.PRODUCTS: ("products", "id"),
            DataType.CATEGORIES: ("collections", "id"),
            DataType.CUSTOMERS: ("customers", "id"),
            DataType.ORDERS: ("orders", "id"),
        },
        filters={DataType.ORDERS: {"companies": True, "b2b_orders_only": True}},
        changes_only=frozenset((DataType.ORDERS,)),
    ),
    "shopify_target": Case(
        sandbox="shopify",
        account=("alpha", "alpha-token"),
        credential="access_token",
        settings={"on_removal": "delete"},
        options={"products": 5, "quota": 100_000},
        states={DataType.PRODUCTS: ("products", "id")},
        # The store, a search by SKU, the definition of the key, a search by key, and one call for each product.
        calls=4 + 5,
        changes_only=frozenset((DataType.STOCK, DataType.PRICES)),
        timestamp_fields=frozenset(("updatedAt",)),
    ),
    "sparklayer": Case(
        sandbox="sparklayer",
        account=("acme", "client-word"),
        credential="client_secret",
        settings={"site_id": "acme", "client_id": "sandbox-client"},
        states={
            DataType.PRODUCTS: ("offered", "external_id"),
            DataType.STOCK: ("in_stock", "external_id"),
            DataType.PRICES: ("priced", "priced_as"),
            DataType.CUSTOMERS: ("customers", "external_id"),
        },
        prepare=seed_variants,
        # An order of a customer waits for the customer.
        samples={DataType.ORDERS: [order(number, customer_id=None) for number in (1, 2)]},
        calls=2 + 2 * 5,  # a token to replace an expired one; one call to find a product and one to create it
        # An order already exists as a cart, and a store has only one set of settings.
        changes_only=frozenset((DataType.ORDERS, DataType.SETTINGS)),
    ),
    "tryton": Case(
        sandbox="tryton",
        account=("erp", "key-of-the-user-application"),
        credential="key",
        path="/erp",
        settings={"guest_party": "1", "only_salable": False},
        options={"products": 30},
        states={
            DataType.PRODUCTS: ("products", "id"),
            DataType.ORDERS: ("open_orders", "id"),
            DataType.CUSTOMERS: ("active_customers", "id"),
        },
        prepare=seed_sales,
        # Nine queries about the company, what the orders refer to, and the addresses; three calls per order.
        calls=9 + 3 * 5,
        timestamp_fields=frozenset(("write_date",)),
        filters={DataType.PRODUCTS: {"only_salable": True}},
    ),
    "vendure": Case(
        sandbox="vendure",
        account=("shop", "vendure-key"),
        credential="api_key",
        settings={"page_size": 6},
        options={"products": 50, "customers": 45, "orders": 30},
        states={
            DataType.PRODUCTS: ("products", "id"),
            DataType.CUSTOMERS: ("customers", "id"),
            DataType.CATEGORIES: ("collections", "id"),
            DataType.BRANDS: ("facet_values", "id"),
        },
        changes_only=frozenset((DataType.ORDERS,)),
    ),
    "vendure_target": Case(
        sandbox="vendure",
        account=("shop", "vendure-key"),
        credential="api_key",
        settings={"on_removal": "delete"},
        options={"products": 5},
        states={DataType.PRODUCTS: ("products", "id")},
        # Three lookups and the channel; for each product itself, its option group (two calls) and its variants.
        calls=4 + 4 * 5,
        changes_only=frozenset((DataType.STOCK, DataType.PRICES)),
        timestamp_fields=frozenset(("updatedAt",)),
    ),
    "woocommerce": Case(
        sandbox="woocommerce",
        account=("ck_alpha", "alpha-secret"),
        credential="consumer_secret",
        credentials={"consumer_key": "ck_alpha"},
        settings={"page_size": 8},
        options={"products": 12, "customers": 12, "orders": 12},
        states={
            DataType.PRODUCTS: ("products", "id"),
            DataType.BRANDS: ("brands", "id"),
            DataType.CATEGORIES: ("categories", "id"),
            DataType.CUSTOMERS: ("customers", "id"),
            DataType.ORDERS: ("orders", "id"),
        },
        filters={
            DataType.CUSTOMERS: {"customer_roles": ["wholesale_customer"]},
            DataType.ORDERS: {"b2b_created_via": ["checkout"]},
        },
        changes_only=frozenset((DataType.ORDERS,)),
    ),
    "woocommerce_target": Case(
        sandbox="woocommerce",
        account=("ck_alpha", "alpha-secret"),
        credential="consumer_secret",
        credentials={"consumer_key": "ck_alpha"},
        settings={"on_removal": "delete"},
        options={"products": 3},
        states={DataType.PRODUCTS: ("products", "id")},
        # A lookup, the weight unit, a batch of products, and the variations of each: read and sent.
        calls=3 + 2 * 5,
        changes_only=frozenset((DataType.STOCK, DataType.PRICES)),
        timestamp_fields=frozenset(("modified",)),
    ),
}


def adapter_of(
    key: str,
    process: SandboxProcess,
    *,
    token: str | None = None,
    credentials: dict[str, str] | None = None,
    field_map: dict[str, Any] | None = None,
    **settings: Any,
) -> Adapter[Any]:
    """The adapter as the application opens it, but without a database. The caller closes `http`.

    `token` replaces the credential that is the case's; `credentials` replaces them all."""
    case, adapter_class = CASES[key], adapter_for(key)
    base_url, credential = process.url + case.path, token or case.account[1]
    account = Account(
        base_url=base_url,
        settings=adapter_class.Settings.model_validate(case.settings | settings),
        credentials=adapter_class.Credentials.model_validate(
            case.credentials | {case.credential: credential} if credentials is None else credentials
        ),
        field_map=adapter_class.FieldMap.model_validate(field_map or {}),
    )
    http = HttpClient(base_url, deadline=10, private_hosts=["127.0.0.1"])
    return adapter_class(account, http, case.tokens(process, credential))
