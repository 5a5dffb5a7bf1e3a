"""What BigCommerce's documentation leaves open, and how a connection test settles it (V6)."""

from connectors.platforms.bigcommerce.client import VARIANTS, BigCommerceClient, join
from connectors.platforms.bigcommerce.inventory import ITEMS
from connectors.sdk.assumptions import Assumption, Finding, confirmed, refuted, unknown
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.responses import RequestRejected

# A few rows settle it; all of them would take a call for each page.
ROWS = 50
LEVEL = {"include_fields": "inventory_level"}


def _stock_is_available_to_sell(client: BigCommerceClient) -> Finding:
    """Compares the levels of the catalog with those of the inventory, which `stock_by_location` reads."""
    rows, _ = client.list_page(ITEMS, limit=ROWS)
    available = {
        row["identity"]["variant_id"]: sum(each["available_to_sell"] for each in row["locations"]) for row in rows
    }
    products = join(sorted({row["identity"]["product_id"] for row in rows}))
    variants = client.fetch_all(VARIANTS, **{"product_id:in": products}, **LEVEL) if products else []
    levels = {row["id"]: row["inventory_level"] for row in variants}
    stocked = {number: level for number, level in levels.items() if level and available.get(number)}
    if not stocked:
        return unknown("None of the variants that were read has stock.")
    if other := sum(level != available[number] for number, level in stocked.items()):
        return refuted(f"Not so for {other} of {len(stocked)} variants.", stock_by_location=True)
    return confirmed(f"True for {len(stocked)} variants.")


def _may_create_shipments(client: BigCommerceClient) -> Finding:
    """No call tells the scopes of an account. So it asks for a shipment of order 0, which no store has."""
    shipment = {"order_address_id": 0, "items": [{"order_product_id": 0, "quantity": 1}]}
    try:
        client.http.request("POST", "/v2/orders/0/shipments", body=shipment)
    except RequestRejected as error:
        return confirmed(f"The store looked for the order of a shipment (status {error.status}).")
    except NeedsAttention as error:
        if error.status != 403:
            raise
        return refuted("The store refuses shipments. Give the API account the scope Orders with “modify”.")
    return unknown("The store did not say that the order does not exist.")


def _may_read_transactions(client: BigCommerceClient) -> Finding:
    rows = client.v2_list("/orders", limit=1, sort="id:desc")
    if not rows:
        return unknown("The store has no order yet.")
    try:
        client.http.get(f"/v3/orders/{rows[0]['id']}/transactions")
    except NeedsAttention as error:
        if error.status != 403:
            raise
        return refuted(
            "The store refuses them, so a refund for pieces that an edit took out of an order becomes a credit memo. "
            "Give the API account the scope Order Transactions with “read-only”."
        )
    return confirmed("The transactions of the latest order can be read.")


SOURCE_ASSUMPTIONS = (
    Assumption("shipments", "The account may create shipments, which other systems report.", _may_create_shipments),
    Assumption(
        "available_to_sell",
        "The stock of a variant in the catalog is what all locations together have to sell.",
        _stock_is_available_to_sell,
    ),
    Assumption("transactions", "The account may read transactions, which tell what was paid.", _may_read_transactions),
    Assumption("signature_headers", "Webhooks are signed with the headers of Standard Webhooks."),
)
TARGET_ASSUMPTIONS = (
    Assumption("empty_categories", "A new product may have no categories, unless the store needs a fallback category."),
)
