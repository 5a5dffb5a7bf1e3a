"""What each operation does, and the right that it requires.

Rights are those of the vendor's `webapi.xml` files: seen in code for catalog and inventory, assumed for the others.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request

from sandbox.platforms.base import annotate_call
from sandbox.platforms.magento import (
    bulk_api,
    carts,
    customers,
    inventory,
    invoices,
    products,
    shipments,
    stock_and_prices,
    websites,
)
from sandbox.platforms.magento.responses import ApiError, Row, unknown
from sandbox.platforms.magento.search import search
from sandbox.platforms.magento.store import GROUPS, MEDIA, SOURCES, Store

Handler = Callable[[Request, Store], Awaitable[Any]]
BULK_RIGHT = "Magento_Catalog::products"
SELECTION_RIGHT = "Magento_InventorySourceSelectionApi::source_selection_algorithm_post"


async def _json(request: Request) -> Any:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise ApiError(400, "Server cannot understand Content-Type HTTP header media type %1", "unknown")
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "Decoding error.") from error


async def _body(request: Request) -> Row:
    body = await _json(request)
    if not isinstance(body, dict):
        raise ApiError(400, "Decoding error.")
    return body


def _listing(kind: str) -> Handler:
    async def handle(request: Request, store: Store) -> Row:
        rows: Any = getattr(store, kind)
        found = rows if isinstance(rows, list) else rows.values()
        is_attribute = kind in ("customers", "categories")
        return search(
            request, found, products.field_value, enforce_limits=store.enforce_limits, attributes=is_attribute
        )

    return handle


async def _products(request: Request, store: Store) -> Row:
    rows = websites.in_view(store, request.path_params["view"], store.products.values())
    return search(request, rows, products.product_value, enforce_limits=store.enforce_limits, attributes=True)


async def _source_items(request: Request, store: Store) -> Row:
    return search(request, store.sources.values(), products.field_value, enforce_limits=store.enforce_limits)


async def _source(request: Request, store: Store) -> Row:
    code = request.path_params["code"]
    if code not in SOURCES:
        raise ApiError(404, 'Source with code "%value" does not exist.', value=code)
    return {"source_code": code, "name": code, "enabled": True, "country_id": "GB", "postcode": "0"}


async def _sources(request: Request, store: Store) -> Row:
    return search(request, inventory.sources(store), products.field_value, enforce_limits=store.enforce_limits)


async def _source_links(request: Request, store: Store) -> Row:
    return search(request, inventory.source_links(store), products.field_value, enforce_limits=store.enforce_limits)


async def _stock(request: Request, store: Store) -> Row:
    return inventory.stock_of(store, request.path_params["channel"], request.path_params["code"])


async def _salable(request: Request, store: Store) -> Row:
    """As in the shop, `total_count` counts the page only."""
    stock = inventory.stock_of(store, request.path_params["channel"], request.path_params["code"])
    found = await _products(request, store)
    items = inventory.salable_quantities(store, stock["stock_id"], found["items"])
    return found | {"items": items, "total_count": len(items)}


async def _select_sources(request: Request, store: Store) -> Row:
    return inventory.select_sources(store, await _body(request))


async def _websites(request: Request, store: Store) -> list[Row]:
    return websites.websites(store)


async def _store_groups(request: Request, store: Store) -> list[Row]:
    return websites.store_groups(store)


async def _store_views(request: Request, store: Store) -> list[Row]:
    return websites.store_views(store)


async def _attribute_options(request: Request, store: Store) -> list[Row]:
    code = request.path_params["code"]
    for row in store.attributes.values():
        if row["attribute_code"] == code:
            return list(row["options"])
    raise unknown("attributeCode", code)


async def _add_tier_prices(request: Request, store: Store) -> list[Row]:
    return stock_and_prices.save_tier_prices(store, await _body(request), replace=False)


async def _replace_tier_prices(request: Request, store: Store) -> list[Row]:
    return stock_and_prices.save_tier_prices(store, await _body(request), replace=True)


async def _tier_prices(request: Request, store: Store) -> list[Row]:
    return stock_and_prices.tier_prices(store, await _body(request))


async def _delete_tier_prices(request: Request, store: Store) -> list[Row]:
    return stock_and_prices.delete_tier_prices(store, await _body(request))


async def _create_customer(request: Request, store: Store) -> Row:
    return customers.create(store, await _body(request))


async def _update_customer(request: Request, store: Store) -> Row:
    return customers.update(store, request.path_params["number"], await _body(request))


async def _customer(request: Request, store: Store) -> Row:
    return customers.customer_of(store, request.path_params["number"])


async def _delete_customer(request: Request, store: Store) -> bool:
    return customers.delete(store, request.path_params["number"])


async def _delete_address(request: Request, store: Store) -> bool:
    return customers.delete_address(store, request.path_params["number"])


async def _groups(request: Request, store: Store) -> Row:
    rows = [{"id": number, "code": name, "tax_class_id": 3} for number, name in enumerate(GROUPS)]
    return search(request, rows, products.field_value, enforce_limits=store.enforce_limits)


async def _configs(request: Request, store: Store) -> list[Row]:
    return [
        {
            "id": websites.VIEWS[code][0],
            "code": code,
            "website_id": websites.VIEWS[code][1],
            "locale": "de_DE" if code == "german" else "en_GB",
            "base_currency_code": store.options.currency,
            "default_display_currency_code": store.options.currency,
            "timezone": "Europe/London",
            "weight_unit": "kgs",
            "base_url": "http://shop.example/",
            "base_link_url": "http://shop.example/",
            "secure_base_url": "https://shop.example/",
            "secure_base_link_url": "https://shop.example/",
            "base_static_url": "http://shop.example/static/",
            "secure_base_static_url": "https://shop.example/static/",
            "base_media_url": MEDIA,
            "secure_base_media_url": MEDIA,
        }
        for code in websites.view_codes(store)
    ]


async def _ship(request: Request, store: Store) -> int:
    return shipments.ship(store, request.path_params["number"], await _body(request))


async def _order(request: Request, store: Store) -> Row:
    return invoices.order_of(store, request.path_params["number"])


async def _cancel(request: Request, store: Store) -> bool:
    return invoices.cancel(store, request.path_params["number"])


async def _invoice(request: Request, store: Store) -> Row:
    return invoices.invoice_by_id(store, request.path_params["number"])


async def _credit_memo(request: Request, store: Store) -> Row:
    return invoices.credit_memo_by_id(store, request.path_params["number"])


async def _make_invoice(request: Request, store: Store) -> int:
    return invoices.invoice(store, request.path_params["number"], await _body(request))


async def _refund(request: Request, store: Store) -> int:
    return invoices.refund(store, request.path_params["number"], await _body(request))


async def _refund_invoice(request: Request, store: Store) -> int:
    return invoices.refund_invoice(store, request.path_params["number"], await _body(request))


async def _track(request: Request, store: Store) -> Row:
    return shipments.track(store, await _body(request))


async def _base_prices(request: Request, store: Store) -> list[Row]:
    return stock_and_prices.save_base_prices(store, await _body(request))


async def _save(request: Request, store: Store) -> Row:
    return bulk_api.save(store, await _body(request), request.path_params["view"])


async def _save_named(request: Request, store: Store) -> Row:
    body = await _body(request)
    if isinstance(body.get("product"), dict):
        body["product"]["sku"] = request.path_params["sku"]
    return bulk_api.save(store, body, request.path_params["view"])


async def queue(request: Request, store: Store) -> Row:
    bodies = await _json(request)
    annotate_call(request, items=len(bodies) if isinstance(bodies, list) else None)
    return bulk_api.queue(store, bodies, request.path_params["view"])


async def _detailed_status(request: Request, store: Store) -> Row:
    return bulk_api.detailed_status(store, request.path_params["name"])


async def _save_source_items(request: Request, store: Store) -> list[Row]:
    return stock_and_prices.save_source_items(store, await _body(request))


async def _media(request: Request, store: Store) -> list[Row]:
    return list(products.product_of(store, request.path_params["sku"])["media_gallery_entries"])


async def _add_image(request: Request, store: Store) -> int:
    return products.add_image(store, request.path_params["sku"], await _body(request))


async def _delete_image(request: Request, store: Store) -> bool:
    return products.delete_image(store, request.path_params["sku"], request.path_params["number"])


HANDLERS: list[tuple[str, str, str, Handler]] = [
    ("GET", "/store/storeConfigs", "Magento_Backend::store", _configs),
    ("GET", "/orders", "Magento_Sales::actions_view", _listing("orders")),
    ("GET", "/orders/{number:int}", "Magento_Sales::actions_view", _order),
    ("POST", "/orders/{number:int}/cancel", "Magento_Sales::cancel", _cancel),
    ("GET", "/invoices", "Magento_Sales::sales_invoice", _listing("invoices")),
    ("GET", "/invoices/{number:int}", "Magento_Sales::sales_invoice", _invoice),
    ("GET", "/creditmemos", "Magento_Sales::sales_creditmemo", _listing("credit_memos")),
    ("GET", "/creditmemo/{number:int}", "Magento_Sales::sales_creditmemo", _credit_memo),
    ("POST", "/order/{number:int}/invoice", "Magento_Sales::invoice", _make_invoice),
    ("POST", "/order/{number:int}/refund", "Magento_Sales::creditmemo", _refund),
    ("POST", "/invoice/{number:int}/refund", "Magento_Sales::creditmemo", _refund_invoice),
    ("GET", "/shipments", "Magento_Sales::shipment", _listing("shipments")),
    ("POST", "/order/{number:int}/ship", "Magento_Sales::ship", _ship),
    ("POST", "/shipment/track", "Magento_Sales::shipment", _track),
    ("GET", "/products", "Magento_Catalog::products", _products),
    ("GET", "/products/attributes", "Magento_Catalog::attributes_attributes", _listing("attributes")),
    ("GET", "/products/attributes/{code}/options", "Magento_Catalog::attributes_attributes", _attribute_options),
    ("POST", "/products/base-prices", "Magento_Catalog::catalog", _base_prices),
    ("POST", "/products/tier-prices", "Magento_Catalog::catalog", _add_tier_prices),
    ("PUT", "/products/tier-prices", "Magento_Catalog::catalog", _replace_tier_prices),
    ("POST", "/products/tier-prices-information", "Magento_Catalog::catalog", _tier_prices),
    ("POST", "/products/tier-prices-delete", "Magento_Catalog::catalog", _delete_tier_prices),
    ("POST", "/products", "Magento_Catalog::products", _save),
    ("PUT", "/products/{sku}", "Magento_Catalog::products", _save_named),
    ("GET", "/bulk", "Magento_Logging::system_magento_logging_bulk_operations", _listing("operations")),
    (
        "GET",
        "/bulk/{name}/detailed-status",
        "Magento_Logging::system_magento_logging_bulk_operations",
        _detailed_status,
    ),
    ("GET", "/products/{sku}/media", "Magento_Catalog::catalog", _media),
    ("POST", "/products/{sku}/media", "Magento_Catalog::catalog", _add_image),
    ("DELETE", "/products/{sku}/media/{number:int}", "Magento_Catalog::catalog", _delete_image),
    ("GET", "/categories/list", "Magento_Catalog::categories", _listing("categories")),
    ("GET", "/customers/search", "Magento_Customer::customer", _listing("customers")),
    ("POST", "/customers", "Magento_Customer::manage", _create_customer),
    ("PUT", "/customers/{number:int}", "Magento_Customer::manage", _update_customer),
    ("GET", "/customers/{number:int}", "Magento_Customer::customer", _customer),
    ("DELETE", "/customers/{number:int}", "Magento_Customer::manage", _delete_customer),
    ("DELETE", "/addresses/{number:int}", "Magento_Customer::manage", _delete_address),
    ("GET", "/customerGroups/search", "Magento_Customer::group", _groups),
    ("GET", "/inventory/source-items", "Magento_InventoryApi::source", _source_items),
    ("POST", "/inventory/source-items", "Magento_InventoryApi::stock_source_item_assign", _save_source_items),
    ("GET", "/inventory/sources", "Magento_InventoryApi::source", _sources),
    ("GET", "/inventory/sources/{code}", "Magento_InventoryApi::source", _source),
    ("GET", "/inventory/stock-resolver/{channel}/{code}", "Magento_InventoryApi::stock", _stock),
    ("GET", "/inventory/stock-source-links", "Magento_InventoryApi::stock_source_link", _source_links),
    ("GET", "/inventory/export-stock-salable-qty/{channel}/{code}", "Magento_InventoryApi::stock", _salable),
    ("POST", "/inventory/source-selection-algorithm-result", SELECTION_RIGHT, _select_sources),
    ("GET", "/store/websites", "Magento_Backend::store", _websites),
    ("GET", "/store/storeGroups", "Magento_Backend::store", _store_groups),
    ("GET", "/store/storeViews", "Magento_Backend::store", _store_views),
    *carts.HANDLERS,
]
