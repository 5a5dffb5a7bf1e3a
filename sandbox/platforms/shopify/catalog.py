"""Resolvers of the store and its catalog."""

import time
from collections.abc import Iterable
from typing import Any

from graphql import GraphQLError

from sandbox.platforms.shopify.schema import Context, Resolver, Row, gid
from sandbox.platforms.shopify.search import matching
from sandbox.platforms.shopify.store import Store


def require(context: Context, scope: str, field: str) -> None:
    """Refuse what the app has no scope for, as the vendor does."""
    scopes = context.store.scopes
    if scope not in scopes and scope.replace("read_", "write_", 1) not in scopes:
        raise GraphQLError(
            f"Access denied for {field} field. Required access: `{scope}` access scope.",
            extensions={"code": "ACCESS_DENIED", "requiredAccess": f"`{scope}` access scope."},
        )


def by_id(rows: Iterable[Row]) -> list[Row]:
    return [row | {"_sort": row["id"]} for row in sorted(rows, key=lambda row: row["id"])]


def in_order(rows: Iterable[Row], arguments: Row) -> list[Row]:
    """Rows in the order of `sortKey`, by ID where it is the same."""
    if arguments.get("sortKey") == "UPDATED_AT":
        chosen = [row | {"_sort": (row["updatedAt"], row["id"])} for row in rows]
    else:
        chosen = by_id(rows)
    chosen.sort(key=lambda row: row["_sort"], reverse=bool(arguments.get("reverse")))
    return chosen


def listed(rows: Iterable[Row]) -> list[Row]:
    """Rows in the order that they have."""
    return [row | {"_sort": place} for place, row in enumerate(rows)]


def products(_: Any, arguments: Row, context: Context) -> list[Row]:
    require(context, "read_products", "products")
    return in_order(matching(context.store.products.values(), arguments.get("query")), arguments)


def products_count(_: Any, arguments: Row, context: Context) -> Row:
    require(context, "read_products", "productsCount")
    found, limit = len(matching(context.store.products.values(), arguments.get("query"))), arguments.get("limit")
    return {"count": found if limit is None else min(found, limit)}


def collections(_: Any, arguments: Row, context: Context) -> list[Row]:
    require(context, "read_products", "collections")
    return in_order(matching(context.store.collections.values(), arguments.get("query")), arguments)


def variants(_: Any, arguments: Row, context: Context) -> list[Row]:
    require(context, "read_products", "productVariants")
    return in_order(matching(context.store.variants.values(), arguments.get("query")), arguments)


def _image(row: Row, arguments: Row, context: Context) -> Row | None:
    image: Row | None = row["image"] if _media_status(row, arguments, context) == "READY" else None
    return image


def _media_status(row: Row, arguments: Row, context: Context) -> str:
    if time.monotonic() < row.get("ready", 0):
        return "PROCESSING"
    return "FAILED" if row.get("failed") else "READY"


def _media_errors(row: Row, arguments: Row, context: Context) -> list[Row]:
    failed = _media_status(row, arguments, context) == "FAILED"
    return [{"message": "The image could not be downloaded."}] if failed else []


def vendors(_: Any, arguments: Row, context: Context) -> list[str]:
    require(context, "read_products", "productVendors")
    return sorted({row["vendor"] for row in context.store.products.values()})


def node(_: Any, arguments: Row, context: Context) -> Row | None:
    return find_any(context, arguments["id"])


def nodes(_: Any, arguments: Row, context: Context) -> list[Row | None]:
    return [find_any(context, each) for each in arguments["ids"]]


def find(store: Store, identifier: str) -> Row | None:
    """An object by its global ID; None if there is none. GraphQLError for what is no global ID."""
    kind, _, number = identifier.removeprefix("gid://shopify/").partition("/")
    if not identifier.startswith("gid://shopify/") or not number.isdecimal():
        raise GraphQLError(f"Invalid global id '{identifier}'", extensions={"code": "argumentLiteralsIncompatible"})
    tables = store.tables()
    return tables[kind].get(int(number)) if kind in tables else None


def find_any(context: Context, identifier: str) -> Row | None:
    """The same, with orders, which depend on what the app may read."""
    if identifier.startswith("gid://shopify/Order/"):
        return context.find_order(identifier)
    return find(context.store, identifier)


def _metafield(row: Row, arguments: Row, context: Context) -> Row | None:
    name = f"{arguments.get('namespace') or 'app'}.{arguments['key']}"
    value = row["metafields"].get(name)
    if value is None:
        return None
    namespace, _, key = name.partition(".")
    return {"id": 1, "namespace": namespace, "key": key, "type": "single_line_text_field", "value": value}


def _media(row: Row, arguments: Row, context: Context) -> list[Row]:
    own = (each for each in context.store.media.values() if each["product"] == row["id"])
    return listed(matching(own, arguments.get("query")))


def _options(row: Row, arguments: Row, context: Context) -> list[Row]:
    names = row["options"] or ["Title"]
    variants = context.store.variants_of(row["id"])
    values = [list(dict.fromkeys(each["options"][place] for each in variants)) for place in range(len(row["options"]))]
    return [
        {"id": row["id"] * 10 + place, "name": name, "position": place + 1, "values": values[place] if values else []}
        for place, name in enumerate(names)
    ]


def _selected(row: Row, arguments: Row, context: Context) -> list[Row]:
    names = context.store.products[row["product"]]["options"]
    if not names:
        return [{"name": "Title", "value": "Default Title"}]
    return [{"name": name, "value": value} for name, value in zip(names, row["options"], strict=True)]


def _title(row: Row, arguments: Row, context: Context) -> str:
    return " / ".join(row["options"]) or "Default Title"


def available(store: Store, variant: Row) -> int:
    places = [row for row in store.levels_of(variant["inventoryItem"]) if store.locations[row["location"]]["isActive"]]
    return sum(row["available"] for row in places)


def _levels(row: Row, arguments: Row, context: Context) -> list[Row]:
    require(context, "read_inventory", "inventoryLevels")
    rows = context.store.levels_of(row["id"])
    return by_id(each for each in rows if each["isActive"] or arguments.get("includeInactive"))


def _quantities(row: Row, arguments: Row, context: Context) -> list[Row]:
    known = {"available": row["available"], "on_hand": row["available"] + row.get("committed", 0)}
    return [{"id": row["id"], "name": name, "quantity": known[name]} for name in arguments["names"] if name in known]


RESOLVERS: dict[str, dict[str, Resolver]] = {
    "QueryRoot": {
        "collections": collections,
        "currentAppInstallation": lambda _, arguments, context: {
            "id": 1,
            "accessScopes": [{"handle": each, "description": each} for each in context.store.scopes],
        },
        "locations": lambda _, arguments, context: by_id(
            each for each in context.store.locations.values() if each["isActive"] or arguments.get("includeInactive")
        ),
        "node": node,
        "nodes": nodes,
        "product": node,
        "productVariants": variants,
        "productVendors": vendors,
        "products": products,
        "productsCount": products_count,
        "shop": lambda _, arguments, context: context.store.shop,
    },
    "Product": {
        "collections": lambda row, arguments, context: by_id(
            context.store.collections[each] for each in row["collections"] if each in context.store.collections
        ),
        "hasOnlyDefaultVariant": lambda row, arguments, context: not row["options"],
        "media": _media,
        "mediaCount": lambda row, arguments, context: {"count": len(_media(row, {}, context))},
        "metafield": _metafield,
        "options": _options,
        "variants": lambda row, arguments, context: listed(context.store.variants_of(row["id"])),
        "variantsCount": lambda row, arguments, context: {"count": len(context.store.variants_of(row["id"]))},
    },
    "ProductVariant": {
        "inventoryItem": lambda row, arguments, context: context.store.items[row["inventoryItem"]],
        "metafield": _metafield,
        "product": lambda row, arguments, context: context.store.products[row["product"]],
        "selectedOptions": _selected,
        "sellableOnlineQuantity": lambda row, arguments, context: available(context.store, row),
        "title": _title,
    },
    "MediaImage": {"image": _image, "status": _media_status, "mediaErrors": _media_errors},
    "Video": {"status": _media_status, "mediaErrors": _media_errors},
    "InventoryItem": {
        "inventoryLevel": lambda row, arguments, context: context.store.level_of(
            row["id"], int(arguments["locationId"].rpartition("/")[2])
        ),
        "inventoryLevels": _levels,
        "locationsCount": lambda row, arguments, context: {
            "count": sum(each["isActive"] for each in context.store.levels_of(row["id"]))
        },
        "measurement": lambda row, arguments, context: {"id": row["id"], "weight": row["weight"]},
        "variants": lambda row, arguments, context: listed([context.store.variants[row["variant"]]]),
    },
    "InventoryLevel": {
        "id": lambda row, arguments, context: gid("InventoryLevel", f"{row['id']}?inventory_item_id={row['item']}"),
        "item": lambda row, arguments, context: context.store.items[row["item"]],
        "location": lambda row, arguments, context: context.store.locations[row["location"]],
        "quantities": _quantities,
    },
}
