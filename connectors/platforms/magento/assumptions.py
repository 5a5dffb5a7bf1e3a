"""What is assumed about a shop, and how a connection test finds out (V6)."""

from connectors.platforms.magento.client import MAX_PAGE_SIZE, ShopClient, TargetClient
from connectors.platforms.magento.search import Filter, search_params
from connectors.platforms.magento.targets.products.bulks import TOPIC
from connectors.sdk.assumptions import Assumption, Finding, confirmed, refuted, unknown
from connectors.sdk.errors import NeedsAttention

# What is read, by the listing that needs the right.
_READ = (
    "/products",
    "/products/attributes",
    "/categories/list",
    "/customers/search",
    "/customerGroups/search",
    "/orders",
    "/shipments",
    "/creditmemos",
    "/inventory/source-items",
    "/inventory/sources",
    "/inventory/stock-source-links",
)


def _rights(client: ShopClient) -> Finding:
    missing = []
    for path in _READ:
        try:
            client.get(path, search_params([], sort=(), size=1, page=1))
        except NeedsAttention as error:
            if error.status not in (401, 403):
                raise
            missing.append(str(error))
    if missing:
        return refuted(" ".join(dict.fromkeys(missing)))
    return confirmed(f"All {len(_READ)} listings that are imported can be read.")


def _salable(client: ShopClient) -> Finding:
    website = next(iter(client.websites.codes), "base")
    path = f"/inventory/export-stock-salable-qty/website/{website}"
    try:
        client.get(path, search_params([], sort=("entity_id",), size=1, page=1))
    except NeedsAttention as error:
        return refuted(str(error), deduct_reservations=False)
    return confirmed(f"Magento tells what can be sold on the website {website}.")


def _bulks(client: TargetClient) -> Finding:
    if not client.settings.bulk:
        return unknown("Bulks are switched off in the settings.")
    try:
        client.get("/bulk", search_params([[Filter("topic_name", TOPIC)]], sort=("id",), size=1, page=1))
    except NeedsAttention as error:
        return refuted(str(error), bulk=False)
    return confirmed("The results of bulks can be read.")


def _page_size(client: TargetClient) -> Finding:
    try:
        client.get("/inventory/sources", search_params([], sort=(), size=MAX_PAGE_SIZE, page=1))
    except NeedsAttention as error:
        return refuted(str(error))
    return confirmed(f"Pages of {MAX_PAGE_SIZE} rows are answered.")


def _customers_by_website(client: ShopClient) -> Finding:
    websites = client.websites
    if not websites.limited or client.settings.shared_customers:
        return unknown("Customers of all websites are imported.")
    own = [Filter("store_id", ",".join(map(str, websites.own_stores)), "in")]
    with_account = [Filter("customer_id", 0, "gt")]
    orders, _ = client.search("/orders", own, with_account, sort=("entity_id",), size=100)
    ids = {str(row.get("customer_id")) for row in orders if isinstance(row, dict)}
    found = client.fetch_by_ids("/customers/search", ids) if ids else []
    others = [row for row in found if isinstance(row, dict) and not websites.includes(row.get("website_id"))]
    if others:
        return refuted(f"{len(others)} customers of other websites have orders on this one.", shared_customers=True)
    return (
        confirmed(f"All {len(found)} customers of the first orders belong to the website.")
        if found
        else unknown("No customer with an account has ordered on the website yet.")
    )


_ALL_GROUPS = Assumption("all_groups", "A tier price for everybody has the customer group `ALL GROUPS`, number 32000.")
SHOP = (
    Assumption("rights", "The integration may read all that is imported.", _rights),
    Assumption("salable", "Magento tells what can be sold, with the module for exporting stock.", _salable),
    Assumption("page_size", "Pages of 300 rows are allowed, which is the limit of shops that limit them.", _page_size),
    Assumption(
        "customers_by_website",
        "Only customers of a website order on it, unless the settings say so.",
        _customers_by_website,
    ),
    _ALL_GROUPS,
)
TARGET = (
    Assumption("bulks", "The integration may read the results of bulks.", _bulks),
    Assumption("page_size", "Pages of 300 rows are allowed, which is the limit of shops that limit them.", _page_size),
    Assumption("three_bytes", "Magento's database cannot store characters of four bytes, such as emoji."),
    _ALL_GROUPS,
)
