"""Products, variations and terms as the API shows them, with what the shop works out itself.

_products.md and _product-variations.md; for what a variation takes from its product: class-wc-product-variation.php
(seen in code).
"""

from decimal import Decimal
from typing import Any

from sandbox.platforms.woocommerce.clock import both, now
from sandbox.platforms.woocommerce.responses import Row
from sandbox.platforms.woocommerce.site import Site

_DATES = ("date_on_sale_from", "date_on_sale_to")
_HIDDEN = ("created", "modified")
_INHERITED = ("sku", "weight", "tax_class", "shipping_class")


def product(site: Site, row: Row) -> Row:
    """`id`, `name` and the dates come first, as in the vendor's answers."""
    number = row["id"]
    variations = site.variations_of(number)
    url = f"https://shop.example/product/{row['slug']}/"
    head = {"id": number, "name": row["name"], "slug": row["slug"], "permalink": url} | _dates(row)
    shown = head | {name: value for name, value in row.items() if name not in (*_HIDDEN, *_DATES)}
    shown |= _prices(row, variations) | _stock(row)
    shown |= {
        "shipping_required": not row["virtual"],
        "shipping_taxable": row["tax_status"] != "none",
        "shipping_class_id": 0,
        "average_rating": "0.00",
        "rating_count": 0,
        "total_sales": 0,
        "related_ids": [],
        "categories": [_reference(site.categories, each) for each in row["categories"] if each in site.categories],
        "images": [image for each in row["images"] if (image := media(site, each))],
        "variations": [each["id"] for each in variations if each["status"] in ("publish", "private")],
    }
    if site.has_brands:
        shown["brands"] = [_reference(site.brands, each) for each in row["brands"] if each in site.brands]
    else:
        del shown["brands"]
    if row["type"] == "variable":
        shown |= {"regular_price": "", "sale_price": ""}
    return shown | {"_links": {"self": [{"href": f"{_API}/products/{number}"}]}}


_API = "https://shop.example/wp-json/wc/v3"


def variation(site: Site, row: Row) -> Row:
    """Without a SKU, weight or class of its own a variation shows its product's."""
    parent = site.products[row["parent_id"]]
    shown = {"id": row["id"]} | _dates(row)
    shown |= {name: value for name, value in row.items() if name not in (*_HIDDEN, *_DATES)}
    shown |= {name: row[name] or parent[name] for name in _INHERITED}
    shown |= _prices(row, []) | _stock(row, parent)
    shown |= {
        "permalink": f"https://shop.example/product/{parent['slug']}/?variation={row['id']}",
        "shipping_class_id": 0,
        "image": media(site, row["image"]) if row["image"] else None,
    }
    del shown["parent_id"]
    return shown | {"_links": {"self": [{"href": f"{_API}/products/{parent['id']}/variations/{row['id']}"}]}}


def term(row: Row) -> Row:
    return {**row, "_links": {"collection": [{"href": f"{_API}/products/categories"}]}}


def media(site: Site, number: int) -> Row | None:
    found = site.media.get(number)
    if found is None:
        return None
    stamp = "2024-01-01T00:00:00"
    return {"id": number} | both("date_created", stamp) | both("date_modified", stamp) | found


def on_sale(row: Row) -> bool:
    """WC_Product::is_on_sale: only a price below the regular one, from the first to the last second."""
    if row["sale_price"] == "" or row["regular_price"] == "":
        return False
    if not Decimal(row["sale_price"]) < Decimal(row["regular_price"]):
        return False
    starts, ends = row["date_on_sale_from"], row["date_on_sale_to"]
    return not (starts and starts > now()) and not (ends and ends < now())


def price_of(row: Row) -> str:
    return str(row["sale_price"] if on_sale(row) else row["regular_price"])


def _dates(row: Row) -> Row:
    return both("date_created", row["created"]) | both("date_modified", row["modified"])


def _prices(row: Row, variations: list[Row]) -> Row:
    """A variable product shows the lowest price of its variations."""
    prices = [price for each in variations if (price := price_of(each))]
    own = min(prices, key=Decimal) if prices else "" if row.get("type") == "variable" else price_of(row)
    found: Row = {"price": own, "on_sale": on_sale(row) or any(map(on_sale, variations)), "price_html": ""}
    for name in _DATES:
        found |= both(name, row[name])
    return found | {"purchasable": own != "" and row["status"] == "publish"}


def _stock(row: Row, parent: Row | None = None) -> Row:
    """A variation without stock of its own, whose product's stock is managed, says `parent` and shows the product's."""
    owner, manages = row, row["manage_stock"]
    if parent is not None and not manages and parent["manage_stock"]:
        owner, manages = parent, "parent"
    status = owner["stock_status"] if manages else row["stock_status"]
    return {
        "manage_stock": manages,
        "stock_quantity": owner["stock_quantity"] if manages else None,
        "stock_status": status,
        "backorders": owner["backorders"],
        "backorders_allowed": owner["backorders"] != "no",
        "backordered": status == "onbackorder",
        "low_stock_amount": owner["low_stock_amount"],
    }


def _reference(terms: dict[int, Row], number: int) -> dict[str, Any]:
    return {name: terms[number][name] for name in ("id", "name", "slug")}
