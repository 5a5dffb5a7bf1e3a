"""What BigCommerce's documentation leaves open, and how a connection test settles it (V6)."""

from connectors.platforms.bigcommerce.client import VARIANTS, BigCommerceClient, join
from connectors.platforms.bigcommerce.inventory import ITEMS
from connectors.sdk.assumptions import Assumption, Finding, confirmed, refuted, unknown

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


SOURCE_ASSUMPTIONS = (
    Assumption(
        "available_to_sell",
        "The stock of a variant in the catalog is what all locations together have to sell.",
        _stock_is_available_to_sell,
    ),
    Assumption("signature_headers", "Webhooks are signed with the headers of Standard Webhooks."),
)
TARGET_ASSUMPTIONS = (
    Assumption("empty_categories", "A new product may have no categories, unless the store needs a fallback category."),
)
