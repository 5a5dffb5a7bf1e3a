"""What WooCommerce's documentation leaves open, and how a connection test settles it (V6)."""

from datetime import datetime, timedelta

from connectors.platforms.woocommerce.client import ORDERS, PRODUCTS, ShopClient
from connectors.platforms.woocommerce.error_messages import is_missing_route
from connectors.platforms.woocommerce.targets.shipments import TURN_ON
from connectors.sdk.api_model import utc
from connectors.sdk.assumptions import Assumption, Finding, confirmed, refuted, unknown
from connectors.sdk.errors import NeedsAttention

# A few products settle it, and each needs a call.
PRODUCTS_TO_COMPARE = 5
CLOSE = timedelta(minutes=5)


def _variations_change_their_product(client: ShopClient) -> Finding:
    """Compares the change dates of variable products with those of their variations."""
    query = {"type": "variable", "_fields": "id,date_modified_gmt", "orderby": "date", "order": "desc"}
    products, _ = client.list_page(PRODUCTS, **query, per_page=PRODUCTS_TO_COMPARE)
    compared = older = 0
    for product in products:
        path = f"{PRODUCTS}/{product['id']}/variations"
        rows, _ = client.list_page(path, _fields="id,date_modified_gmt", per_page=20)
        changed = _time(product)
        dates = [date for date in map(_time, rows) if date]
        if changed and dates:
            compared += 1
            older += max(dates) > changed + CLOSE
    if not compared:
        return unknown("The shop has no variable product with variations.")
    if older:
        return refuted(f"Not so for {older} of {compared} products.", change_dates=False)
    return confirmed(f"True for {compared} products.")


def _change_filter_works(client: ShopClient) -> Finding:
    """A time in the far future matches nothing, unless the filter is ignored."""
    query = {"modified_after": "2100-01-01T00:00:00", "dates_are_gmt": "true", "_fields": "id", "per_page": 1}
    for path in (PRODUCTS, ORDERS):
        if client.list_page(path, **query)[0]:
            return refuted("The shop ignores it, so each partial import reads everything. Update WooCommerce.")
    return confirmed("A time in the future matches no product and no order.")


def _has_fulfillments(client: ShopClient) -> Finding:
    rows, _ = client.list_page(ORDERS, _fields="id", per_page=1)
    if not rows:
        return unknown("The shop has no order yet.")
    try:
        client.get(f"{ORDERS}/{rows[0]['id']}/fulfillments")
    except NeedsAttention as error:
        if not is_missing_route(error):
            raise
        return refuted(f"Shipments cannot get back to the shop. {TURN_ON}")
    return confirmed("The fulfillments of an order can be read.")


def _time(row: object) -> datetime | None:
    try:
        return utc(datetime.fromisoformat(str(row["date_modified_gmt"])))  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        return None


SOURCE_ASSUMPTIONS = (
    Assumption(
        "change_dates",
        "A change of a variation changes the date of its product, too.",
        _variations_change_their_product,
    ),
    Assumption("fulfillments", "The shop has order fulfillments, to which shipments are sent.", _has_fulfillments),
    Assumption("modified_after", "Products and orders can be listed by their date of change.", _change_filter_works),
)
