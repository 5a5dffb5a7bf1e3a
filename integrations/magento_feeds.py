#!/usr/bin/env python3
"""Fetches a seller's feeds from SyncCenter and writes them to its Magento shop. For cron on any server (docs/feeds.md).

    python3 magento_feeds.py settings.ini

Needs Python 3.10 or later and nothing else. The settings:

    [hub]
    url = https://hub.example
    key = an API key with the scope feeds:read
    [shop]
    url = https://shop.example
    consumer_key, consumer_secret, access_token, access_token_secret = the keys of an integration
    source = default
    attribute_set = 4
    price_list =
    [state]
    file = /var/lib/magento-feeds.json

What was read is remembered after it was written, so an interrupted run is repeated. Only one run works at a time. What
Magento rejects is printed, and the exit code is 2; if either server does not answer, or not with JSON, it is 1.
"""

import base64
import configparser
import fcntl
import hashlib
import hmac
import http.client
import json
import os
import re
import secrets
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

FEEDS = ("products", "inventory", "images")
BATCH = 50
ON_SALE = ("live", "suspended")
IMAGE_TYPES = {b"\xff\xd8\xff": ("image/jpeg", "jpg"), b"\x89PNG": ("image/png", "png"), b"GIF8": ("image/gif", "gif")}
Item = dict[str, Any]


class Rejected(Exception):
    """Magento does not accept what was sent."""


class NoAnswer(Exception):
    """A server cannot be reached, answers with another error, or not with JSON. The text names its URL."""


class CursorOutdated(Exception):
    """The feed has to be read from its beginning."""


class Hub:
    """`get(path)` returns the decoded JSON of the hub."""

    def __init__(self, get: Callable[[str], Any]) -> None:
        self.get = get

    def pages(self, feed: str, cursor: str) -> Iterator[tuple[list[Item], str]]:
        """The items that changed since the cursor, and the cursor after them."""
        more = True
        while more:
            page = self.get(f"/api/v1/feeds/{feed}?limit={BATCH}&cursor={quote(cursor, safe='')}")
            cursor, more = page["next"], page["more"]
            yield page["items"], cursor


class Shop:
    """Writes to Magento. `keys` are those of an integration."""

    def __init__(self, url: str, keys: dict[str, str], *, source: str, attribute_set: int, price_list: str) -> None:
        self.url = url.rstrip("/")
        self.keys = keys
        self.source, self.attribute_set, self.price_list = source, attribute_set, price_list

    def call(self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> Any:
        """The decoded answer. Raises Rejected for 400 and 404, NoAnswer for everything else."""
        address = f"{self.url}/rest/all/V1{path}"
        pairs = {quote(name, safe="~"): quote(value, safe="~") for name, value in (query or {}).items()}
        full = address + ("?" + "&".join(f"{name}={value}" for name, value in pairs.items()) if pairs else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        headers["Authorization"] = authorization(self.keys, method, address, pairs)
        try:
            return _read_json(full, data=data, method=method, headers=headers)
        except urllib.error.HTTPError as error:
            if error.code in (400, 404):
                raise Rejected(error.read().decode("utf-8", "replace")[:300]) from error
            raise NoAnswer(f"{address}: {error}") from error

    def find(self, skus: list[str]) -> dict[str, Item]:
        """SKU in lower case → product."""
        query = {"searchCriteria[pageSize]": str(3 * len(skus) or 1)}
        for number, sku in enumerate(skus):  # leading zeros: the shop sorts by number, the standard as text
            name = f"searchCriteria[filter_groups][0][filters][{number:03}]"
            query.update({f"{name}[field]": "sku", f"{name}[value]": sku})
        found = self.call("GET", "/products", query=query)["items"] if skus else []
        return {each["sku"].lower(): each for each in found}

    def save_products(self, items: list[Item], state: Item) -> None:
        """Each variant becomes a simple product; what is no longer on sale is disabled."""
        known_skus = state.setdefault("skus", {})
        variants = [(item, each) for item in items for each in item.get("variants", ()) if each.get("sku")]
        existing = self.find([each["sku"] for _, each in variants])
        for item, variant in variants:
            row = existing.get(variant["sku"].lower())
            on_sale = item["status"] in ON_SALE and variant["status"] in ON_SALE
            if on_sale:
                self.attempt(self._product(item, variant, new=row is None))
            elif row is not None:
                self.attempt({"sku": row["sku"], "status": 2})
        for item in items:
            now = [each["sku"] for each in item.get("variants", ()) if each.get("sku")]
            for gone in set(known_skus.pop(str(item["id"]), ())) - set(now):
                self.attempt({"sku": gone, "status": 2})
            if now and item["status"] in ON_SALE:
                known_skus[str(item["id"])] = now

    def _product(self, item: Item, variant: Item, *, new: bool) -> Item:
        name = " ".join([item["title"], *(option["value"] for option in variant.get("options") or ())])
        product: Item = {"sku": variant["sku"], "name": name, "type_id": "simple", "custom_attributes": []}
        product["status"] = 1 if (item["status"], variant["status"]) == ("live", "live") else 2
        product["custom_attributes"].append({"attribute_code": "description", "value": item.get("description") or ""})
        prices = [each for each in variant["prices"] if each["min_quantity"] == 1 and not each["customer_groups"]]
        price = next((each for each in prices if self.price_list in ("", each["price_list"])), None)
        if price is not None or new:
            product["price"] = price["amount"] if price else 0
        if variant.get("weight_in_grams") is not None:
            product["weight"] = variant["weight_in_grams"] / 1000
        if new:
            key = re.sub(r"[\W_]+", "-", f"{name}-{variant['sku']}".lower()).strip("-")
            product["custom_attributes"].append({"attribute_code": "url_key", "value": key})
            product["attribute_set_id"] = self.attribute_set
            # Without a price there is nothing to sell yet.
            product["status"] = product["status"] if price else 2
        return product

    def save_stock(self, items: list[Item], state: Item) -> None:
        entries = []
        for item in items:
            if item.get("sku") and item["status"] != "deleted":
                quantity = max(0, item.get("quantity") or 0) if item["status"] in ON_SALE else 0
                about = {"sku": item["sku"], "source_code": self.source}
                entries.append({**about, "quantity": quantity, "status": int(quantity > 0)})
        existing = self.find([each["sku"] for each in entries])
        entries = [each for each in entries if each["sku"].lower() in existing]
        if entries:
            self.call("POST", "/inventory/source-items", {"sourceItems": entries})

    def save_images(self, items: list[Item], state: Item) -> None:
        """The gallery of each product; images of the shop's own are kept. A product is saved with all its images, since
        an empty list would remove the others as well."""
        for item in items:
            skus = [each["sku"] for each in item.get("variants", ()) if each["sku"] and each["status"] in ON_SALE]
            for row in self.find(skus).values():
                own = {image_name(each): each for each in row.get("media_gallery_entries") or ()}
                kept = [each for name, each in own.items() if not name.startswith("hub")]
                wanted = [own.get(name_of(each["url"])) or upload(each) for each in item.get("images", ())]
                wanted = [each for each in wanted if each]
                if [each.get("id") for each in kept + wanted] != [each["id"] for each in own.values()]:
                    self.attempt({"sku": row["sku"], "media_gallery_entries": kept + wanted})

    rejected = 0

    def attempt(self, product: Item) -> None:
        try:
            self.call("POST", "/products", {"product": product})
        except Rejected as error:
            self.rejected += 1
            print(f"{product['sku']}: {error}", file=sys.stderr)


def name_of(url: str) -> str:
    return "hub" + hashlib.sha256(url.encode()).hexdigest()[:16]


def image_name(entry: Item) -> str:
    """The name that we gave to an image, else one that no image of ours has."""
    name = entry["file"].rpartition("/")[2]
    return name[:19] if re.match("hub[0-9a-f]{16}", name) else f"own{entry['id']}"


def upload(image: Item) -> Item | None:
    """The entry of a new image; None if it cannot be fetched."""
    try:
        with _open(image["url"]) as answer:
            content = answer.read()
    except (OSError, http.client.HTTPException, ValueError) as error:
        print(f"{image['url']}: {error}", file=sys.stderr)
        return None
    kind = next((kind for start, kind in IMAGE_TYPES.items() if content.startswith(start)), None)
    if kind is None:
        print(f"{image['url']}: not a JPEG, PNG or GIF", file=sys.stderr)
        return None
    data = {"base64_encoded_data": base64.b64encode(content).decode(), "type": kind[0]}
    about = {"media_type": "image", "label": image.get("label") or "", "position": image.get("position") or 0}
    return {**about, "disabled": False, "types": [], "content": {**data, "name": f"{name_of(image['url'])}.{kind[1]}"}}


def _open(url: str, **about: Any) -> Any:
    """The answer to a request. Raises ValueError for anything but HTTP, such as a local file."""
    if not url.startswith(("http://", "https://")):
        raise ValueError("the URL is not one of HTTP")
    request = urllib.request.Request(url, **about)  # noqa: S310 - checked above
    return urllib.request.urlopen(request, timeout=60)  # noqa: S310 - checked above


def _read_json(url: str, **about: Any) -> Any:
    """The decoded answer to a request. Raises urllib.error.HTTPError for an error status, else NoAnswer."""
    try:
        with _open(url, **about) as answer:
            return json.load(answer)
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer(f"{url.partition('?')[0]}: {error}") from error


def authorization(keys: dict[str, str], method: str, address: str, query: dict[str, str]) -> str:
    """OAuth 1 with HMAC-SHA256 (RFC 5849). `query` is percent-encoded."""
    oauth = {
        "oauth_consumer_key": keys["consumer_key"],
        "oauth_nonce": secrets.token_hex(16),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(int(time.time())),
        "oauth_token": keys["access_token"],
        "oauth_version": "1.0",
    }
    encoded = {name: quote(value, safe="~") for name, value in oauth.items()}
    parameters = "&".join(f"{name}={value}" for name, value in sorted({**encoded, **query}.items()))
    base = "&".join(quote(each, safe="~") for each in (method, address, parameters))
    key = "&".join(quote(keys[name], safe="~") for name in ("consumer_secret", "access_token_secret"))
    signature = base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()
    encoded["oauth_signature"] = quote(signature, safe="~")
    return "OAuth " + ", ".join(f'{name}="{value}"' for name, value in encoded.items())


def run(hub: Hub, shop: Shop, state: Item, save: Callable[[], None]) -> None:
    """Bring the shop up to date; `save` stores the state after each page."""
    writers = {"products": shop.save_products, "inventory": shop.save_stock, "images": shop.save_images}
    for feed in FEEDS:
        try:
            _follow(hub, feed, state, writers[feed], save)
        except CursorOutdated:
            state[feed] = ""
            _follow(hub, feed, state, writers[feed], save)


def _follow(
    hub: Hub, feed: str, state: Item, write: Callable[[list[Item], Item], None], save: Callable[[], None]
) -> None:
    for items, cursor in hub.pages(feed, state.get(feed, "")):
        write(items, state)
        state[feed] = cursor
        save()


def _hub_get(url: str, key: str) -> Callable[[str], Any]:
    def get(path: str) -> Any:
        address = url.rstrip("/") + path
        try:
            return _read_json(address, headers={"Authorization": f"Bearer {key}"})
        except urllib.error.HTTPError as error:
            if error.code == 410:
                raise CursorOutdated from error
            raise NoAnswer(f"{address}: {error}") from error

    return get


def main(settings_file: str) -> int:
    """Returns the exit code: 0 if everything was written, or another run is still working; 2 if Magento rejected
    products; 1 if the run stopped and has to be repeated: a server gave no usable answer, Magento rejected stock or a
    search, or the state cannot be stored. What went wrong is printed to stderr."""
    settings = configparser.ConfigParser(interpolation=None)
    with open(settings_file) as file:
        settings.read_file(file)
    of_shop = settings["shop"]
    names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
    shop = Shop(
        of_shop["url"],
        {name: of_shop[name] for name in names},
        source=of_shop.get("source", "default"),
        attribute_set=of_shop.getint("attribute_set", 4),
        price_list=of_shop.get("price_list", ""),
    )
    path = settings["state"]["file"]
    with open(f"{path}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0  # the previous run is still working
        state = {}
        if os.path.exists(path):
            with open(path) as file:
                state = json.load(file)

        def save() -> None:
            with open(f"{path}.new", "w") as file:
                json.dump(state, file)
            os.replace(f"{path}.new", path)

        try:
            run(Hub(_hub_get(settings["hub"]["url"], settings["hub"]["key"])), shop, state, save)
        except (Rejected, NoAnswer, OSError, http.client.HTTPException) as error:
            print(error, file=sys.stderr)
            return 1
    return 2 if shop.rejected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
