"""What the documentation of the shop leaves open, and how a connection test settles it."""

from connectors.platforms.seller_center_shop.client import ShopClient
from connectors.sdk.assumptions import Assumption, Finding, confirmed, refuted, unknown
from connectors.sdk.responses import RequestRejected

_PAGE = 20


def _reads(client: ShopClient) -> Finding:
    try:
        rows, _, _ = client.listing.read("products", since=None, cursor=None, limit=1, **client.seller_filter)
        client.listing.existing("sellers", ["0"])
    except RequestRejected as error:
        return refuted(f"The shop answered {error.status} to /read or /lookup. Nothing can be imported or checked.")
    return confirmed("The shop answers /list, /read and /lookup." + ("" if rows else " It has no products yet."))


def _filters_by_seller(client: ShopClient) -> Finding:
    own = client.settings.seller
    if not own:
        return unknown("The connection has no seller ID, so nothing is filtered.")
    rows, _, _ = client.listing.read("products", since=None, cursor=None, limit=_PAGE, seller=own)
    sellers = {str(row["seller"]) for row in rows if isinstance(row, dict) and row.get("seller")}
    if sellers - {own}:
        return refuted("The shop also returned products of other sellers. They are left out, at the cost of time.")
    return confirmed("The shop returned products of this seller only.") if sellers else unknown("It has no products.")


ASSUMPTIONS = (
    Assumption("listing_calls", "The shop has the calls `/list`, `/read` and `/lookup`, which are ours.", _reads),
    Assumption("seller_filter", "`/read` with `seller` returns products of that seller only.", _filters_by_seller),
    Assumption("removal_of_article", "Status `deleted` with only a `config_id` removes all products of an article."),
    Assumption("optional_fields", "The shop accepts null for fields that a product does not have."),
    Assumption("shop_sku", "Stock and prices of a product that is named by `product_id` need no `sku`."),
    Assumption("image_hash", "The hash of an image only tells it apart, so that of its URL will do."),
    Assumption("variation", "The shop takes the options of a product as `variation`."),
    Assumption("signed_pushes", "The shop accepts pushes that are signed like calls to the OMS, or ignores it."),
    Assumption("batch_size", "The shop takes 100 products in a call."),
)
