"""What an account may read and what Shopify's documentation leaves open; a connection test settles it (V6)."""

from connectors.platforms.shopify.client import API_VERSION, ShopifyClient
from connectors.sdk.assumptions import Assumption, Finding, confirmed, refuted

READ_SCOPES = ("read_products", "read_inventory", "read_locations", "read_customers", "read_orders")
WRITE_SCOPES = ("write_products", "write_inventory", "read_locations")


def _read_scopes(client: ShopifyClient) -> Finding:
    scopes = (*READ_SCOPES, *(("read_companies",) if client.settings.companies else ()))
    if missing := [each for each in scopes if each not in client.scopes]:
        return refuted(f"Missing: {', '.join(missing)}. Add them to the app, and install it in the store again.")
    return confirmed(f"Granted: {', '.join(scopes)}.")


def _all_orders(client: ShopifyClient) -> Finding:
    if "read_all_orders" in client.scopes:
        return confirmed("The app has the scope read_all_orders.")
    return refuted(
        "The app lacks the scope read_all_orders, which Shopify grants on request: only orders of the last 60 days are "
        "imported."
    )


def _version(client: ShopifyClient) -> Finding:
    client.clear_cache()
    return confirmed(f"{client.shop['name']} answered by version {API_VERSION}.")


def _write_scopes(client: ShopifyClient) -> Finding:
    scopes = (*WRITE_SCOPES, *(("write_publications",) if client.settings.publication_ids else ()))
    if missing := [each for each in scopes if each not in client.scopes]:
        return refuted(f"Missing: {', '.join(missing)}. Add them to the app, and install it in the store again.")
    return confirmed(f"Granted: {', '.join(scopes)}.")


SOURCE_ASSUMPTIONS = (
    Assumption("read_scopes", "The app has the scopes of all data that is imported.", _read_scopes),
    Assumption("all_orders", "The app may read orders that are older than 60 days.", _all_orders),
    Assumption("api_version", f"The store answers by version {API_VERSION} of the Admin API.", _version),
    Assumption("stock_changes", "A change of stock is announced by an event, or changes the date of its product."),
)
TARGET_ASSUMPTIONS = (
    Assumption("write_scopes", "The app has the scopes of all data that is exported.", _write_scopes),
    Assumption("api_version", f"The store answers by version {API_VERSION} of the Admin API.", _version),
    Assumption("image_names", "The address of an image that Shopify has copied keeps the name of its file."),
)
