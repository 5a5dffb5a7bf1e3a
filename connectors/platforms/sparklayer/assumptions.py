"""What SparkLayer's documentation leaves open, and how a connection test settles it."""

from typing import Any

from connectors.platforms.sparklayer.client import SparkLayerClient
from connectors.platforms.sparklayer.targets.packages import TYPES
from connectors.sdk.assumptions import Assumption, Finding, confirmed, refuted, unknown
from connectors.sdk.responses import RequestRejected

_PURCHASES = 20
_SYNC_LOG_FIELDS = {"external_id", "visible_id", "message"}


def _price_list_rows(client: SparkLayerClient) -> Finding:
    return confirmed(f"Read {client.price_lists.count()} price lists.")


def _base_currency(client: SparkLayerClient) -> Finding:
    try:
        answer = client.call("GET", "/api/v1/store-currency")
    except RequestRejected as error:
        if error.status == 404:
            return unknown("The site has no base currency yet.")
        return refuted(f"Reading it answered {error.status}. The first sync of store settings cannot compare it.")
    return (
        confirmed("Read it.") if isinstance(answer, dict) and answer.get("currency_code") else refuted("No currency.")
    )


def _purchases(client: SparkLayerClient) -> list[dict[str, Any]]:
    rows = client.call("GET", "/api/v1/purchases", params={"type": "order", "limit": _PURCHASES})
    return [each for each in rows if isinstance(each, dict)] if isinstance(rows, list) else []


def _package_types(client: SparkLayerClient) -> Finding:
    known = set((TYPES | client.settings.package_types).values())
    found = {
        str(package.get("type"))
        for row in _purchases(client)
        for package in row.get("packages") or ()
        if isinstance(package, dict) and package.get("type")
    }
    if not found:
        return unknown("The site has no orders with packages yet.")
    if foreign := sorted(found - known):
        return refuted(
            f"Orders of the site have packages of the types {', '.join(foreign)[:200]}. Set “Package types”."
        )
    return confirmed(f"Orders of the site have packages of the types {', '.join(sorted(found))}.")


def _customer_identifiers(client: SparkLayerClient) -> Finding:
    named = [row["customer_identifiers"] for row in _purchases(client) if row.get("customer_identifiers")]
    if not named:
        return unknown("The site has no orders of customers yet.")
    if all(isinstance(each, dict) and "sparklayer" in each for each in named):
        return confirmed(f"True for {len(named)} orders.")
    return refuted("Orders of the site name customers by other IDs.")


def _sync_log_fields(client: SparkLayerClient) -> Finding:
    integration = client.settings.integration
    try:
        answer = client.call("GET", "/api/v1/sync-log/{}/{}/errors", integration, "products")
    except RequestRejected as error:
        if error.status == 404:
            return unknown("There is no sync log of products yet.")
        raise
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if not errors or not isinstance(errors[0], dict):
        return unknown("The sync log of products has no errors.")
    missing = _SYNC_LOG_FIELDS - errors[0].keys()
    return refuted(f"Errors lack {', '.join(sorted(missing))}.") if missing else confirmed("Errors have these fields.")


ASSUMPTIONS = (
    Assumption("price_list_rows", "The list of price lists has its rows in `data`.", _price_list_rows),
    Assumption("base_currency", "`GET /api/v1/store-currency` returns the base currency.", _base_currency),
    Assumption(
        "package_types",
        "Packages have the types of the setting “Package types”; only `incoming` is documented.",
        _package_types,
    ),
    Assumption("customer_identifiers", "Orders name customers by SparkLayer's own IDs only.", _customer_identifiers),
    Assumption(
        "sync_log_fields", "An error in a sync log has `external_id`, `visible_id` and `message`.", _sync_log_fields
    ),
    Assumption("partial_update", "Customers are partially updated by `PATCH` under the path of their replacement."),
    Assumption(
        "default_addresses",
        "Default addresses are named in the customer (`default_billing_address_id`), or marked (`is_default_billing`).",
    ),
    Assumption("parent_id", "A customer's parent is named by the shop's ID."),
    Assumption("empty_pricing", "An empty `pricing` removes the prices of a SKU in a price list."),
    Assumption("lowest_price", "Of several price lists of a customer, the lowest price counts."),
    Assumption("products", "Products are written by the calls of the reference of 2023."),
    Assumption("resolved_ids", "Resolved IDs of a sync log are in `resolved`."),
)
