"""Seller Center's shop: queues product requests, acknowledges them exactly, and reports the new IDs in callbacks.

`POST /?…` takes `{"api": 1, "method": "Product.…", "params": {"productsInfo": […]}, "id": …}`. Malformed requests are
rejected as a whole; an entry that is merely wrong (a SKU in use, a missing product) fails alone, in the callback.
`/lookup` also takes `{"kind": "products", "seller_skus": […]}`. The formats of a rejection and of a failed result are
assumed: no document describes them.

Control routes beside those of sandbox.platforms.seller_center: `POST callbacks {"account", "url", "key"}` sets the
callback URL; `POST queue {"account", "paused"}` pauses and resumes the queue; `POST replay {"account"}` repeats the
callbacks; `POST goods {"account", "entries"}` creates products, as a user of the shop would. Kinds of state: products,
categories, brands, sellers, variants, in_stock, priced, requests, callbacks.
"""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

import requests
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from sandbox.catalog import EPOCH, Catalog, Product
from sandbox.platforms.base import Options, PagedDict, annotate_call, json_response
from sandbox.platforms.seller_center import Account, InvalidRequest, Row, SellerCenter, check_fields, string_list

SELLERS = 3
STATUSES = ("active", "inactive", "deleted")
TIMEOUT_S = 10
NAMES = ("product_id", "config_id", "seller_sku")
CONTENT = ("title", "description", "brand", "categories", "attributes", "seller")
# The fields that an entry of each method can have, and those that it must have.
FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "Product.createProducts": (
        {"id_catalog_product", "product_set", "product_identifier", "status", "variation", "price", "special_price"}
        | {"stock", *NAMES, *CONTENT},
        {"seller_sku", "id_catalog_product", "product_set", "title", "status"},
    ),
    "Product.updateProducts": (
        {"id_catalog_product", "product_set", "product_identifier", "status", "variation", *NAMES, *CONTENT},
        {"status"},
    ),
    "Product.updateImageCollection": ({"images", *NAMES}, {"images"}),
    "Product.updateStock": ({"stock", *NAMES}, {"stock"}),
    "Product.updatePrices": ({"price", "special_price", *NAMES}, {"price"}),
}


class Shop(Account):
    """One shop: its articles by config_id, each with its products (SKUs)."""

    def __init__(self) -> None:
        super().__init__(("products", "categories", "brands", "sellers", "variants"))
        self.skus: dict[str, str] = {}
        self.sets: dict[str, str] = {}
        self.paused = False
        self.waiting: list[Row] = []
        self.requests = PagedDict()
        self.callbacks = PagedDict()
        self.url = ""
        self.key = ""

    def article(self, entry: Row) -> tuple[Row, Row | None] | None:
        """Return the article named by an entry, with the product if it names one; None if there is none."""
        config_id = entry.get("config_id") or self.skus.get(entry.get("seller_sku", ""))
        rows = self.tables["products"].rows
        if config_id is None and "product_id" in entry:
            config_id = self.tables["variants"].rows.get(entry["product_id"], {}).get("config_id")
        article = rows.get(config_id or "")
        if article is None:
            return None
        if not entry.keys() & {"product_id", "seller_sku"}:
            return article, None
        for variant in article["variants"]:
            if variant["id"] == entry.get("product_id") or variant["seller_sku"] == entry.get("seller_sku"):
                return article, variant
        return None

    def save_article(self, article: Row, *, at: datetime | None = None) -> None:
        """Store an article with its products. An article without products is deleted."""
        if not article["variants"]:
            self.tables["products"].drop(article["id"])
            return
        self.tables["products"].put(article, at=at)
        for variant in article["variants"]:
            self.tables["variants"].put(variant | {"config_id": article["id"]})
            if variant["seller_sku"]:
                self.skus[variant["seller_sku"]] = article["id"]

    def change(self, article: Row, variant: Row, **values: Any) -> None:
        variants = [each | values if each["id"] == variant["id"] else each for each in article["variants"]]
        self.save_article(article | {"variants": variants})

    # The methods, entry by entry; each returns the reason of a failure

    def create(self, entry: Row) -> str:
        if self.article({"seller_sku": entry["seller_sku"]}):
            return f"seller_sku {entry['seller_sku']} exists"
        known = entry.get("config_id") or self.sets.get(entry["product_set"])
        article = self.tables["products"].rows.get(known or "")
        if article is None:
            config_id = self.tables["products"].allocate_id()
            self.sets[entry["product_set"]] = config_id
            article = {"id": config_id, "status": "active", "images": [], "variants": []}
        variant = {"id": self.tables["variants"].allocate_id(), "seller_sku": entry["seller_sku"]}
        variant |= {name: entry.get(name) for name in ("price", "special_price", "stock")}
        self.save_article(_content(article, entry) | {"variants": [*article["variants"], _named(variant, entry)]})
        return ""

    def update(self, entry: Row) -> str:
        found = self.article(entry)
        if found is None:
            return "" if entry["status"] == "deleted" else "no such product"
        article, variant = found
        if entry["status"] == "deleted":
            removed = article["variants"] if variant is None else [variant]
            for each in removed:
                self.tables["variants"].drop(each["id"])
                self.skus.pop(each["seller_sku"], None)
            self.save_article(article | {"variants": [each for each in article["variants"] if each not in removed]})
        elif variant is None:
            self.save_article(_content(article, entry))
        else:
            self.change(_content(article, entry), variant, **_named({}, entry))
        return ""

    def set_images(self, entry: Row) -> str:
        found = self.article(entry)
        if found is None:
            return "no such product"
        self.save_article(found[0] | {"images": [{"url": url} for url in entry["images"]]})
        return ""

    def value(self, entry: Row) -> str:
        """Set stock or prices. As at the vendor, setting an empty value on a missing product is not an error."""
        found = self.article(entry)
        if found is None or found[1] is None:
            return "" if not entry.get("stock") and not entry.get("price") else "no such product"
        self.change(found[0], found[1], **{name: entry[name] for name in entry if name not in NAMES})
        return ""

    def process_call(self, call: Row) -> list[Row]:
        """Process a request. Returns the results for its callback."""
        handler = {
            "Product.createProducts": self.create,
            "Product.updateProducts": self.update,
            "Product.updateImageCollection": self.set_images,
        }.get(call["method"], self.value)
        return [self._result(entry, handler(entry)) for entry in call["params"]["productsInfo"]]

    def _result(self, entry: Row, failure: str) -> Row:
        found = self.article(entry)
        sku = entry.get("seller_sku") or (found[1]["seller_sku"] if found and found[1] else "")
        if failure:
            return {"status": "error", "message": failure, "product": {"seller_sku": sku}}
        product: Row = {"seller_sku": sku}
        if found and found[1]:
            product |= {"sku": f"{sku}-{found[1]['id']}", "id": found[1]["id"], "config_id": found[0]["id"]}
        return {"status": "success", "product": product}


class SellerCenterShop(SellerCenter[Shop]):
    """All shops, each with its own queue and callbacks."""

    name = "seller_center_shop"
    listed = ("products", "categories", "brands", "sellers")
    readable = ("products", "categories", "brands")

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._in_flight: set[asyncio.Task[None]] = set()

    @cached_property
    def _catalog_data(self) -> tuple[Catalog, list[Product]]:
        catalog = Catalog(str(self.options.seed), self.options.products, self.options.dirty)
        return catalog, list(catalog.products())

    def fill(self) -> Shop:
        shop = Shop()
        catalog, products = self._catalog_data
        for number in range(1, SELLERS + 1):
            _add(shop, "sellers", {"name": f"Seller {number}", "status": "active"}, EPOCH)
        for brand in catalog.brands:
            _add(shop, "brands", {"name": brand}, EPOCH)
        for category in catalog.categories:
            parent = None if category.parent is None else str(category.parent + 1)
            _add(shop, "categories", {"name": category.name, "parent": parent, "position": 0}, EPOCH)
        for number, product in enumerate(products):
            _add_article(shop, product, str(number % SELLERS + 1))
        return shop

    def control_routes(self) -> list[BaseRoute]:
        return [
            *super().control_routes(),
            self.control("callbacks", self._set_callback_url),
            self.control("queue", self._set_paused),
            self.control("replay", self._replay),
            self.control("goods", self._create_products),
        ]

    def state(self, account: str, kind: str, after: str | None, limit: int) -> tuple[list[Any], Any]:
        shop = self.data.get(account)
        own = {"requests", "callbacks", "in_stock", "priced"}
        if shop is None or kind not in own:
            return super().state(account, kind, after, limit)
        if kind in ("requests", "callbacks"):
            rows = shop.requests if kind == "requests" else shop.callbacks
        else:
            name = "stock" if kind == "in_stock" else "price"
            variants = shop.tables["variants"].rows.items()
            rows = PagedDict({key: row for key, row in variants if row.get(name)})
        keys, following = rows.page(after, limit)
        return [rows[key] for key in keys], following

    async def reset(self) -> None:
        await super().reset()
        for task in self._in_flight:
            task.cancel()

    async def push(self, name: str, account: Shop, body: Row, request: Request) -> Response:
        request_id = str(body.get("id"))
        try:
            entries = validated_entries(body)
        except InvalidRequest as invalid:
            return json_response([{"api": 1, "error": {"code": 1, "message": str(invalid)}, "id": request_id}])
        annotate_call(request, items=len(entries))
        account.requests[f"{len(account.requests):09d}"] = {
            "id": request_id,
            "method": body["method"],
            "entries": entries,
        }
        account.waiting.append(body)
        if not account.paused:
            self._process_queue(account)
        return json_response([{"api": 1, "result": [{"status": "success"}], "id": request_id}])

    async def _lookup(self, name: str, account: Shop, body: Row, request: Request) -> Response:
        if "seller_skus" not in body:
            return await super()._lookup(name, account, body, request)
        check_fields(body, "kind", "seller_skus", "seller")
        found = []
        for sku in string_list(body, "seller_skus"):
            article = account.article({"seller_sku": sku})
            if article and article[1] and body.get("seller") in (None, article[0].get("seller")):
                found.append({"seller_sku": sku, "id": article[1]["id"], "config_id": article[0]["id"]})
        annotate_call(request, items=len(found))
        return json_response({"found": found})

    # The queue and its callbacks

    def _process_queue(self, shop: Shop) -> None:
        while shop.waiting:
            call = shop.waiting.pop(0)
            results = shop.process_call(call)
            self._call_back(shop, {"result": results}, str(call["id"]))

    def _call_back(self, shop: Shop, outcome: Row, request_id: str) -> None:
        key = f"{len(shop.callbacks):09d}"
        shop.callbacks[key] = {"id": request_id, "params": outcome, "status": None}
        if shop.url:
            task = asyncio.get_running_loop().create_task(self._deliver(shop, key))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)

    async def _deliver(self, shop: Shop, key: str) -> None:
        """Send a callback once. It is not retried, so a receiver that misses it has to look up the result."""
        recorded = shop.callbacks[key]
        batch = [
            {"jsonrpc": "2.0", "method": "auth", "params": {"apiKey": shop.key}},
            {"jsonrpc": "2.0", "method": "Callback.process", "params": recorded["params"], "id": recorded["id"]},
        ]
        status = await asyncio.to_thread(_post, shop.url, batch)
        shop.callbacks[key] = recorded | {"status": status}

    def _set_callback_url(self, shop: Shop, body: Row) -> Row:
        shop.url, shop.key = str(body["url"]), str(body["key"])
        return {"url": shop.url}

    def _set_paused(self, shop: Shop, body: Row) -> Row:
        shop.paused = bool(body["paused"])
        waiting = len(shop.waiting)
        if not shop.paused:
            self._process_queue(shop)
        return {"paused": shop.paused, "waiting": waiting}

    def _replay(self, shop: Shop, body: Row) -> Row:
        recorded = list(shop.callbacks.values())
        for each in recorded:
            self._call_back(shop, each["params"], each["id"])
        return {"replayed": len(recorded)}

    def _create_products(self, shop: Shop, body: Row) -> Row:
        return {"failures": [reason for entry in body["entries"] if (reason := shop.create(entry))]}


def _post(url: str, batch: list[Row]) -> int | None:
    """Return the status of the receiver's answer, or None without an answer."""
    try:
        return int(requests.post(url, json=batch, timeout=TIMEOUT_S, allow_redirects=False).status_code)
    except requests.RequestException:
        return None


# Validation of requests


def validated_entries(body: Row) -> list[Row]:
    """Return the entries of a request. Raises InvalidRequest for anything that the method does not accept."""
    if body.keys() != {"api", "method", "params", "id"} or body["api"] != 1:
        raise InvalidRequest("a call requires api (1), method, params and id")
    if not isinstance(body["id"], str | int) or body["method"] not in FIELDS:
        raise InvalidRequest(f"method must be one of {', '.join(FIELDS)}; id must be a string or a number")
    params = body["params"]
    if (
        not isinstance(params, dict)
        or params.keys() != {"productsInfo"}
        or not isinstance(params["productsInfo"], list)
    ):
        raise InvalidRequest("params must contain productsInfo, a list")
    entries: list[Row] = params["productsInfo"]
    if not entries:
        raise InvalidRequest("productsInfo is empty")
    allowed, required = FIELDS[body["method"]]
    for index, entry in enumerate(entries):
        if problem := _problem(entry, allowed, required):
            raise InvalidRequest(f"productsInfo[{index}]: {problem}")
    return entries


def _problem(entry: Any, allowed: set[str], required: set[str]) -> str:
    if not isinstance(entry, dict):
        return "must be an object"
    if unknown := entry.keys() - allowed:
        return f"unknown: {', '.join(sorted(unknown))}"
    if missing := required - entry.keys():
        return f"missing: {', '.join(sorted(missing))}"
    if not entry.keys() & set(NAMES):
        return f"the product must be identified by one of {', '.join(NAMES)}"
    for name, value in entry.items():
        if not _fits(name, value):
            return f"{name} is malformed"
    return ""


def _fits(name: str, value: Any) -> bool:
    match name:
        case "stock":
            return isinstance(value, int) and not isinstance(value, bool) and value >= 0
        case "price" | "special_price":
            return value is None or _is_amount(value)
        case "status":
            return value in STATUSES
        case "categories" | "images":
            return isinstance(value, list) and all(isinstance(each, str) for each in value)
        case "attributes" | "variation":
            return isinstance(value, dict)
        case "brand":
            return value is None or isinstance(value, str)
        case "title" | "seller_sku":
            return isinstance(value, str) and 0 < len(value) <= 255 and "\0" not in value
    return isinstance(value, str)


def _is_amount(value: Any) -> bool:
    try:
        return isinstance(value, str) and Decimal(value) >= 0
    except InvalidOperation:
        return False


def _content(article: Row, entry: Row) -> Row:
    return article | {name: entry[name] for name in CONTENT if name in entry}


def _named(variant: Row, entry: Row) -> Row:
    return variant | {name: entry[name] for name in ("product_identifier", "status", "variation") if name in entry}


# Initial data


def _add(shop: Shop, kind: str, row: Row, modified: int) -> None:
    table = shop.tables[kind]
    table.put({"id": table.allocate_id(), **row}, at=datetime.fromtimestamp(modified, UTC))


def _add_article(shop: Shop, product: Product, seller: str) -> None:
    names = [name for name, _ in product.options]
    modified_at = datetime.fromtimestamp(product.modified, UTC)
    config_id = shop.tables["products"].allocate_id()
    variants = []
    for variant in product.variants:
        price = product.price if variant.price is None else variant.price
        variants.append(
            {
                "id": shop.tables["variants"].allocate_id(),
                "seller_sku": variant.sku,
                "product_identifier": "",
                "status": "active",
                "variation": dict(zip(names, variant.labels, strict=True)),
                "price": None if price is None else f"{price:.2f}",
                "special_price": None if product.sale_price is None else f"{product.sale_price:.2f}",
                "stock": variant.stock,
            }
        )
    article = {
        "id": config_id,
        "seller": seller,
        "title": product.title,
        "description": product.description,
        "brand": str(product.brand + 1),
        "categories": [str(each + 1) for each in product.categories],
        "status": "active" if product.visible else "inactive",
        "attributes": {},
        "images": [{"url": url} for url in product.images],
        "variants": variants,
    }
    shop.save_article(article, at=modified_at)
