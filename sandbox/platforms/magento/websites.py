"""Websites with their shops (store groups) and store views, and values that products have in a store view only.

There is one website, `base`, unless a control call adds the second. A shop has a root category and store views. Names,
texts, status and visibility belong to store views, prices to websites if the shop is set up so; everything else is
global. https://developer.adobe.com/commerce/webapi/rest/use-rest/construct-request/
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sandbox.platforms.magento.responses import Row

if TYPE_CHECKING:
    from sandbox.platforms.magento.store import Store

ADMIN, BASE, SECOND = 0, 1, 2
WEBSITES = {ADMIN: "admin", BASE: "base", SECOND: "europe"}
# Store view → its ID and website. `all` is the scope of the admin panel.
VIEWS = {"all": (0, ADMIN), "default": (1, BASE), "outlet": (2, BASE), "german": (3, SECOND)}
DEFAULT_CATEGORY, SECOND_CATEGORY = 2, 9000
FIELDS_OF_VIEWS = ("name", "status", "visibility")
ATTRIBUTES_OF_VIEWS = ("description", "url_key", "special_price", "special_from_date", "special_to_date")


def has_view(store: "Store", code: str) -> bool:
    return code in VIEWS and (store.second_website or VIEWS[code][1] != SECOND)


def view_codes(store: "Store") -> list[str]:
    """The store views without the one of the admin panel."""
    return [code for code in VIEWS if code != "all" and has_view(store, code)]


def websites(store: "Store") -> list[Row]:
    return [
        {"id": number, "code": code, "name": code.title(), "default_group_id": number}
        for number, code in WEBSITES.items()
        if store.second_website or number != SECOND
    ]


def store_groups(store: "Store") -> list[Row]:
    roots = {ADMIN: 0, BASE: DEFAULT_CATEGORY, SECOND: SECOND_CATEGORY}
    return [
        {"id": row["id"], "website_id": row["id"], "root_category_id": roots[row["id"]], "default_store_id": row["id"]}
        | {"name": row["name"], "code": row["code"]}
        for row in websites(store)
    ]


def store_views(store: "Store") -> list[Row]:
    rows = [("admin", ADMIN, ADMIN), *((code, *VIEWS[code]) for code in view_codes(store))]
    return [
        {"id": number, "code": code, "name": code, "website_id": website, "store_group_id": website, "is_active": 1}
        for code, number, website in rows
    ]


def website_of(store_id: int) -> int:
    return next((website for number, website in VIEWS.values() if number == store_id), BASE)


def views_of(website: int) -> list[int]:
    return [number for number, each in VIEWS.values() if each == website]


def in_view(store: "Store", view: str, rows: Iterable[Row]) -> Iterable[Row]:
    """The products as a store view shows them: with its own values, else with the global ones."""
    number = VIEWS[view][0]
    return (_shown(row, own) if (own := store.scoped.get((row["id"], number))) else row for row in rows)


def _shown(row: Row, own: Row) -> Row:
    custom = {each["attribute_code"]: each["value"] for each in row["custom_attributes"]}
    custom |= {code: value for code, value in own.items() if code in ATTRIBUTES_OF_VIEWS}
    fields = {name: value for name, value in own.items() if name not in ATTRIBUTES_OF_VIEWS}
    return row | fields | {"custom_attributes": [{"attribute_code": c, "value": v} for c, v in custom.items()]}


def take_values_of_view(store: "Store", view: str, row: Row, product: Row) -> Row:
    """Store what belongs to the store view; returns the rest of the product."""
    number, website = VIEWS[view]
    if number == ADMIN:
        return product
    own = {name: product[name] for name in FIELDS_OF_VIEWS if name in product}
    custom = product.get("custom_attributes", [])
    own |= {e["attribute_code"]: e["value"] for e in custom if e["attribute_code"] in ATTRIBUTES_OF_VIEWS}
    store.scoped.setdefault((row["id"], number), {}).update(own)
    rest = {name: value for name, value in product.items() if name not in FIELDS_OF_VIEWS}
    rest["custom_attributes"] = [e for e in custom if e["attribute_code"] not in ATTRIBUTES_OF_VIEWS]
    if store.prices_by_website and "price" in rest:
        set_price(store, row, number, rest.pop("price"))
    return rest


def set_price(store: "Store", row: Row, store_id: int, price: float) -> None:
    """As in the shop's code, a price belongs to all store views of a website, unless prices are global."""
    if store_id == ADMIN or not store.prices_by_website:
        row["price"] = price
        return
    for number in views_of(website_of(store_id)):
        store.scoped.setdefault((row["id"], number), {})["price"] = price
