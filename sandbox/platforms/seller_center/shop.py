"""Seller Center's shop: takes product calls, answers them at once or later by callback, and reports the new IDs.

`POST /?…` takes `{"api": 1, "method": "Product.…", "params": {…}, "id": …}`, signed, or as the second call of a batch
that starts with `auth` (with the control route `login`). Malformed requests are rejected as a whole; an entry that is
merely wrong (a SKU in use, a missing product, a special price without its dates) fails alone. By default the shop is
asynchronous: it acknowledges exactly, and sends the results in a callback. A synchronous shop (control route `flow`)
answers with the results. Results follow product-api/createproducts, updatestock (failures without `product`) and
productupdateimagecollection (an object). `/lookup` also takes `{"kind": "products", "seller_skus": […]}`. The format of
a rejection, and `variation`, are assumed: no document describes them.

Control routes beside those of sandbox.platforms.seller_center: `POST callbacks {"account", "url", "key"}` sets the
callback URL; `POST queue {"account", "paused"}` pauses and resumes the queue; `POST flow {"account", "synchronous"}`;
`POST login {"account", "username", "password"}` requires a log-in; `POST replay {"account"}` repeats the callbacks;
`POST goods {"account", "entries"}` creates products, as a user of the shop would, and `POST article {"account",
"article"}` an article with its products, or replaces the one with its ID. Kinds of state: products, categories,
brands, sellers, variants, in_stock, priced, requests, callbacks.
"""

import asyncio
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import orjson
import requests
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.catalog import EPOCH, Catalog, Product
from sandbox.platforms.base import Options, PagedDict, annotate_call, json_response
from sandbox.platforms.seller_center import (
    Account,
    InvalidRequest,
    Row,
    SellerCenter,
    check_fields,
    error_response,
    is_signed,
    string_list,
)
from sandbox.platforms.seller_center.calls import ADD_IMAGES, IMAGES, PRICES, SELLERS, the_call, validated

SELLER_COUNT = 3
EPOCH_TIME = datetime.fromtimestamp(EPOCH, UTC)
TIMEOUT_S = 10


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
        self.synchronous = False
        self.login: tuple[str, str] | None = None

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
        if failure := _special_price_problem(entry):
            return failure
        variant |= {name: entry.get(name) for name in (*PRICES, "stock")}
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

    def set_images(self, params: Row) -> Row:
        """Replace the images of a product set. The result is an object; a missing set is a failure."""
        article = self.tables["products"].rows.get(str(params["productSetSrcId"]))
        if article is None:
            return {"status": "failure", "error": {"message": "no such product set", "code": 12}}
        known = {image.get("hash"): image for image in article["images"]}
        images = [known.get(each["hash"], each) for each in params["images"]]
        self.save_article(article | {"images": images})
        named = [
            {"uri": f"/p/{each['hash']}.jpg", "hash": each["hash"], "srcId": number}
            for number, each in enumerate(images, 1)
        ]
        return {"productSetSrcId": params["productSetSrcId"], "images": named}

    def add_image(self, entry: Row) -> bool:
        """Add an image to the article of a product; False for a missing product."""
        found = self.article({"product_id": str(entry["productId"])})
        if found is None:
            return False
        self.save_article(found[0] | {"images": [*found[0]["images"], {"url": entry["fileName"]}]})
        return True

    def save_seller(self, entry: Row, *, is_new: bool) -> bool:
        """Create a seller, or change what is given; False for one that exists, or does not."""
        table, key = self.tables["sellers"], str(entry["id"])
        if is_new == (key in table.rows):
            return False
        table.put(table.rows.get(key, {}) | entry | {"id": key})
        return True

    def set_stock(self, entry: Row) -> str:
        return self._set(entry, bool(int(entry["quantity"])), {"stock": int(entry["quantity"])})

    def set_prices(self, entry: Row) -> str:
        values = {name: entry[name] for name in PRICES if name in entry}
        return _special_price_problem(entry) or self._set(entry, bool(entry["price"]), values)

    def _set(self, entry: Row, is_filled: bool, values: Row) -> str:
        """As at the vendor, setting an empty value on a missing product is not an error."""
        found = self.article(entry)
        if found is None or found[1] is None:
            return "no such product" if is_filled else ""
        self.change(found[0], found[1], **values)
        return ""

    def process_call(self, call: Row) -> Any:
        """Process a request. Returns its result: an array in the order of the request, or an object."""
        if call["method"] in IMAGES:
            return self.set_images(call["params"])
        if call["method"] == ADD_IMAGES:
            return [self.add_image(each) for each in call["params"]["imageInfos"]]
        if call["method"] in SELLERS:
            is_new = call["method"] == SELLERS[0]
            return {str(each["id"]): self.save_seller(each, is_new=is_new) for each in call["params"]["sellerData"]}
        handler = {
            "Product.createProducts": self.create,
            "Product.updateProducts": self.update,
            "Product.updateStock": self.set_stock,
            "Product.updatePrices": self.set_prices,
        }[call["method"]]
        named = call["method"] != "Product.updateStock"
        return [self._result(entry, handler(entry), named=named) for entry in call["params"]["productsInfo"]]

    def _result(self, entry: Row, failure: str, *, named: bool) -> Row:
        found = self.article(entry)
        sku = entry.get("seller_sku") or (found[1]["seller_sku"] if found and found[1] else "")
        product: Row = {"seller_sku": sku}
        if failure:
            error = {"status": "failure", "error": {"message": failure, "code": 7}}
            return error | ({"product": product} if named else {})
        if found and found[1]:
            updated = datetime.fromisoformat(found[0]["updated_at"]) if "updated_at" in found[0] else EPOCH_TIME
            product |= {"sku": f"{sku}-{found[1]['id']}", "id": found[1]["id"], "config_id": found[0]["id"]}
            product["updated_at"] = updated.strftime("%Y-%m-%d %H:%M:%S")
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
        for number in range(1, SELLER_COUNT + 1):
            _add(shop, "sellers", {"name": f"Seller {number}", "status": "active"}, EPOCH)
        for brand in catalog.brands:
            _add(shop, "brands", {"name": brand}, EPOCH)
        for category in catalog.categories:
            parent = None if category.parent is None else str(category.parent + 1)
            _add(shop, "categories", {"name": category.name, "parent": parent, "position": 0}, EPOCH)
        for number, product in enumerate(products):
            _add_article(shop, product, str(number % SELLER_COUNT + 1))
        return shop

    def control_routes(self) -> list[BaseRoute]:
        return [
            *super().control_routes(),
            self.control("callbacks", self._set_callback_url),
            self.control("queue", self._set_paused),
            self.control("replay", self._replay),
            self.control("goods", self._create_products),
            self.control("article", self._save_article),
            self.control("flow", self._set_flow),
            self.control("login", self._set_login),
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

    def routes(self) -> list[BaseRoute]:
        return [Route("/", self._push_request, methods=["POST"]), *super().routes()[1:]]

    async def _push_request(self, request: Request) -> Response:
        """Find the account: by the user name of a batch, else by the signature."""
        await self.options.latency()
        try:
            body = orjson.loads(await request.body())
        except orjson.JSONDecodeError as error:
            return error_response(400, str(error))
        call, login = the_call(body)
        name = self._account_of(login) if login else self._signer(request)
        if name is None or (self.data[name].login is not None and not login):
            return error_response(401, "ServiceName, Timestamp and Signature, or a log-in, must be valid")
        annotate_call(request, account=name)
        return await self.push(name, self.data[name], call, request)

    def _account_of(self, login: tuple[str, str]) -> str | None:
        return next((name for name, shop in self.data.items() if shop.login == login), None)

    def _signer(self, request: Request) -> str | None:
        parameters = dict(request.query_params)
        token = self.accounts.get(parameters.get("ServiceName", ""))
        return parameters["ServiceName"] if token is not None and is_signed(parameters, token) else None

    async def push(self, name: str, account: Shop, body: Row, request: Request) -> Response:
        request_id = body.get("id") if isinstance(body, dict) else None
        request_id = str(request_id) if isinstance(request_id, str | int) else ""
        try:
            entries = validated(body)
        except InvalidRequest as invalid:
            return json_response([{"api": 1, "error": {"code": 1, "message": str(invalid)}, "id": request_id}])
        annotate_call(request, items=len(entries))
        account.requests[f"{len(account.requests):09d}"] = {
            "id": request_id,
            "method": body["method"],
            "entries": entries,
        }
        if account.synchronous:
            result = account.process_call(body)
            answer = {"api": 1, "result": result, "id": request_id}
            return json_response([answer] if isinstance(result, list) else answer)
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

    def _set_flow(self, shop: Shop, body: Row) -> Row:
        shop.synchronous = bool(body["synchronous"])
        return {"synchronous": shop.synchronous}

    def _set_login(self, shop: Shop, body: Row) -> Row:
        shop.login = (str(body["username"]), str(body["password"]))
        return {"username": shop.login[0]}

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

    def _save_article(self, shop: Shop, body: Row) -> Row:
        given = body["article"]
        article = {"id": given.get("id") or shop.tables["products"].allocate_id(), "images": [], **given}
        variants = [
            {"id": each.get("id") or shop.tables["variants"].allocate_id(), **each} for each in given["variants"]
        ]
        shop.save_article(article | {"variants": variants})
        return {"id": article["id"]}

    def _create_products(self, shop: Shop, body: Row) -> Row:
        return {"failures": [reason for entry in body["entries"] if (reason := shop.create(entry))]}


def _post(url: str, batch: list[Row]) -> int | None:
    """Return the status of the receiver's answer, or None without an answer."""
    try:
        return int(requests.post(url, json=batch, timeout=TIMEOUT_S, allow_redirects=False).status_code)
    except requests.RequestException:
        return None


def _special_price_problem(entry: Row) -> str:
    """A special price needs both its dates (product-api/updateprices)."""
    if entry.get("special_price") is not None and not (entry.get("special_from_date") and entry.get("special_to_date")):
        return "No special from and/or to date given"
    return ""


CONTENT = ("title", "description", "brand", "categories", "attributes", "seller", "attribute_set")


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
