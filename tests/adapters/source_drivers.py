"""Changes products in sandboxes as the people who use these platforms do, in one form for all of them."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import requests

from connectors.services.connections import install_connection
from hub.models import Connection
from sandbox.process import SandboxProcess
from tests.adapters.cases import CASES
from tests.factories import make_seller

# A product: `key`, `title`, `live`, `variants`. A variant: `sku`, `price`, `quantity` (None: stock is not tracked) and,
# with several locations, `elsewhere`. A product of a shop with taxonomy also has `brand` and `categories`, by key.
Goods = dict[str, Any]


class Driver(ABC):
    """One account of a sandbox. `ids`: the key of a product → its ID at the platform."""

    platform: ClassVar[str]
    # The most variants of a product, and the locations of stock.
    variants: ClassVar[int] = 1
    locations: ClassVar[int] = 1
    # Whether there are products whose stock is not tracked, or without a price, and whether products are deleted.
    untracked: ClassVar[bool] = True
    priceless: ClassVar[bool] = False
    deletes: ClassVar[bool] = True
    # Whether brands and categories are changed as well, with `save_brand` and `save_category`.
    taxonomy: ClassVar[bool] = False
    # Sequences that are tried by default, beside the one that has everything in it.
    examples: ClassVar[int] = 0
    options: ClassVar[dict[str, Any]] = {"products": 0, "dirty": False}

    def __init__(self, process: SandboxProcess) -> None:
        self.process = process
        self.ids: dict[str, Any] = {}
        self.others: set[str] = set()

    def connect(self, name: str) -> Connection:
        case = CASES[self.platform]
        return install_connection(
            seller=make_seller(name),
            platform=self.platform,
            name=name,
            slug=name,
            base_url=self.process.url + case.path,
            settings=case.settings,
            credentials={case.credential: case.account[1], **case.credentials},
            start=False,
        )

    def reset(self) -> None:
        self.process.reset()
        self.ids.clear()
        # Some have products of their own, whatever the options say.
        self.others = {str(row.get("id")) for row in self.process.state("products")}

    def external_id(self, key: str) -> str:
        return str(self.ids[key])

    def stock(self, variant: Goods) -> list[int]:
        """The quantities that the hub has of a variant, lowest first."""
        if variant["quantity"] is None:
            return []
        return sorted([variant["quantity"], variant["elsewhere"]] if self.locations > 1 else [variant["quantity"]])

    def save_brand(self, key: str, name: str) -> None:
        raise AssertionError("without taxonomy")

    def save_category(self, key: str, name: str, parent: str) -> None:
        raise AssertionError("without taxonomy")

    def save(self, key: str, goods: Goods) -> None:
        """Create or change a product."""
        if key in self.ids:
            self.change(self.ids[key], goods)
        else:
            self.ids[key] = self.create(goods)

    def delete(self, key: str) -> None:
        if key in self.ids:
            self.remove(self.ids.pop(key))

    @abstractmethod
    def create(self, goods: Goods) -> Any:
        """Create a product, and return its ID."""

    @abstractmethod
    def change(self, number: Any, goods: Goods) -> None: ...

    @abstractmethod
    def remove(self, number: Any) -> None: ...

    def request(self, method: str, path: str, body: Any, **headers: str) -> Any:
        answer = requests.request(method, f"{self.process.url}{path}", json=body, headers=headers, timeout=60)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


class BigCommerce(Driver):
    platform = "bigcommerce"
    options: ClassVar[dict[str, Any]] = Driver.options | {"quota": 100_000}

    def create(self, goods: Goods) -> Any:
        body = {"type": "physical", "weight": 1, "categories": [], **self._fields(goods)}
        token = {"X-Auth-Token": CASES[self.platform].account[1]}
        return self.request("POST", "/stores/alpha/v3/catalog/products", body, **token)["data"]["id"]

    def change(self, number: Any, goods: Goods) -> None:
        self.process.control("PATCH", f"products/alpha/{number}", json=self._fields(goods))

    def remove(self, number: Any) -> None:
        self.process.control("DELETE", f"products/alpha/{number}")

    @staticmethod
    def _fields(goods: Goods) -> Goods:
        (variant,) = goods["variants"]
        return {
            "name": goods["title"],
            "sku": variant["sku"],
            "price": variant["price"],
            "is_visible": goods["live"],
            "inventory_tracking": "none" if variant["quantity"] is None else "product",
            "inventory_level": variant["quantity"] or 0,
        }


class WooCommerce(Driver):
    platform = "woocommerce"

    def create(self, goods: Goods) -> Any:
        return self.process.control("POST", "row", json=self._body(values=self._fields(goods)))["id"]

    def change(self, number: Any, goods: Goods) -> None:
        self.process.control("PATCH", "row", json=self._body(id=number, changes=self._fields(goods)))

    def remove(self, number: Any) -> None:
        self.process.control("DELETE", "row", json=self._body(id=number, trash=number % 2 == 0))

    def _body(self, **details: Any) -> Any:
        return {"account": CASES[self.platform].account[0], "kind": "products", **details}

    @staticmethod
    def _fields(goods: Goods) -> Goods:
        (variant,) = goods["variants"]
        return {
            "name": goods["title"],
            "sku": variant["sku"],
            "regular_price": str(variant["price"]),
            "status": "publish" if goods["live"] else "draft",
            "manage_stock": variant["quantity"] is not None,
            "stock_quantity": variant["quantity"],
            "stock_status": "instock" if variant["quantity"] != 0 else "outofstock",
        }


class Vendure(Driver):
    platform = "vendure"

    def create(self, goods: Goods) -> Any:
        product = self._run("createProduct", "CreateProductInput!", {"translations": self._names(goods)})["id"]
        name = {"languageCode": "en", "name": goods["title"]}
        variant = {"productId": product, "sku": goods["variants"][0]["sku"], "translations": [name]}
        (made,) = self._run("createProductVariants", "[CreateProductVariantInput!]!", [variant])
        self.change((product, made["id"]), goods)
        return product, made["id"]

    def change(self, number: Any, goods: Goods) -> None:
        product, variant = number
        about = {"id": product, "enabled": goods["live"], "translations": self._names(goods)}
        self._run("updateProducts", "[UpdateProductInput!]!", [about])
        (wanted,) = goods["variants"]
        values = {
            "id": variant,
            "sku": wanted["sku"],
            "prices": [{"currencyCode": "GBP", "price": wanted["price"] * 100}],
            "trackInventory": "FALSE" if wanted["quantity"] is None else "TRUE",
            "stockLevels": [{"stockLocationId": "1", "stockOnHand": wanted["quantity"] or 0}],
        }
        self._run("updateProductVariants", "[UpdateProductVariantInput!]!", [values])

    def remove(self, number: Any) -> None:
        self.process.control("POST", "delete", json={"kind": "products", "id": number[0]})

    def external_id(self, key: str) -> str:
        return str(self.ids[key][0])

    def _run(self, name: str, kind: str, values: Any) -> Any:
        body = {
            "query": f"mutation($input: {kind}) {{ {name}(input: $input) {{ id }} }}",
            "variables": {"input": values},
        }
        headers = {"vendure-api-key": CASES[self.platform].account[1]}
        answer = self.request("POST", "/admin-api", body, **headers)
        assert "errors" not in answer, answer
        return answer["data"][name]

    @staticmethod
    def _names(goods: Goods) -> list[Goods]:
        slug = goods["variants"][0]["sku"].lower()
        name = {"languageCode": "en", "name": goods["title"], "slug": slug, "description": ""}
        return [name]


class Magento(Driver):
    """Simple products."""

    platform = "magento"

    def __init__(self, process: SandboxProcess) -> None:
        super().__init__(process)
        self.unmanaged: set[str] = set()

    def reset(self) -> None:
        super().reset()
        self.unmanaged.clear()

    def create(self, goods: Goods) -> Any:
        sku = goods["variants"][0]["sku"]
        self._control("POST", "goods", skus=[sku])
        (number,) = [row["id"] for row in self.process.state("products") if row["sku"] == sku]
        self.change(number, goods)
        return number

    def change(self, number: Any, goods: Goods) -> None:
        (variant,) = goods["variants"]
        sku, quantity = variant["sku"], variant["quantity"]
        changes = {"name": goods["title"], "price": variant["price"], "status": 1 if goods["live"] else 2, "sku": sku}
        self._control("PATCH", "row", kind="products", id=number, changes=changes)
        self._control("POST", "stock", sku=sku, quantity=quantity or 0)
        self.unmanaged = self.unmanaged - {sku} | ({sku} if quantity is None else set())
        self._control("POST", "setting", unmanaged=sorted(self.unmanaged))

    def remove(self, number: Any) -> None:
        self._control("DELETE", "row", kind="products", id=number)

    def _control(self, method: str, path: str, **details: Any) -> None:
        self.process.control(method, path, json={"account": "alpha", **details})


class NetSuite(Driver):
    """An item is never deleted; one that is inactive is hidden. Stock is always tracked."""

    platform = "netsuite"
    untracked = False
    deletes = False

    def __init__(self, process: SandboxProcess) -> None:
        super().__init__(process)
        self.skus: dict[int, str] = {}

    def create(self, goods: Goods) -> Any:
        sku = goods["variants"][0]["sku"]
        self._control("goods", skus=[sku])
        number = self._control("stock", sku=sku, quantity=0)["id"]
        self.skus[number] = sku
        self.change(number, goods)
        return number

    def change(self, number: Any, goods: Goods) -> None:
        (variant,) = goods["variants"]
        sku = variant["sku"]
        values = {"displayname": goods["title"], "itemid": sku, "isinactive": "F" if goods["live"] else "T"}
        self._control("items", sku=self.skus[number], values=values)
        self.skus[number] = sku
        self._control("stock", sku=sku, quantity=variant["quantity"])
        self._control("price", sku=sku, price=variant["price"])

    def remove(self, number: Any) -> None:
        raise AssertionError("items are not deleted")

    def _control(self, action: str, **details: Any) -> Any:
        return self.process.control("POST", action, json={"account": "tstdrv1", **details})


class Shopify(Driver):
    """Variants differ by a size. Stock is at two of the store's three locations."""

    platform = "shopify"
    variants = 3
    locations = 2
    options: ClassVar[dict[str, Any]] = Driver.options | {"quota": 100_000}
    SET: ClassVar[str] = """
    mutation Set($identifier: ProductSetIdentifiers, $input: ProductSetInput!) {
      productSet(identifier: $identifier, input: $input, synchronous: true) {
        product { id variants(first: 3) { nodes { inventoryItem { id } } } }
        userErrors { field message }
      }
    }
    """

    def create(self, goods: Goods) -> Any:
        return self._set(None, goods)

    def change(self, number: Any, goods: Goods) -> None:
        self._set({"id": f"gid://shopify/Product/{number}"}, goods)

    def remove(self, number: Any) -> None:
        self.process.control("DELETE", f"products/alpha/{number}")

    def _set(self, identifier: Any, goods: Goods) -> int:
        sizes = [str(place) for place, _ in enumerate(goods["variants"])]
        given = {
            "title": goods["title"],
            "status": "ACTIVE" if goods["live"] else "DRAFT",
            "productOptions": [{"name": "Size", "values": [{"name": size} for size in sizes]}],
            "variants": [
                {
                    "optionValues": [{"optionName": "Size", "name": size}],
                    "sku": variant["sku"],
                    "price": str(variant["price"]),
                    "inventoryItem": {"tracked": variant["quantity"] is not None},
                }
                for size, variant in zip(sizes, goods["variants"], strict=True)
            ],
        }
        token = {"X-Shopify-Access-Token": CASES[self.platform].account[1]}
        body = {"query": self.SET, "variables": {"identifier": identifier, "input": given}}
        answer = self.request("POST", "/admin/api/2026-07/graphql.json", body, **token)
        product = answer["data"]["productSet"]["product"]
        assert product, answer
        for variant, row in zip(goods["variants"], product["variants"]["nodes"], strict=True):
            item = int(row["inventoryItem"]["id"].rpartition("/")[2])
            for location, quantity in ((1, variant["quantity"]), (2, variant["elsewhere"])):
                level = {"item": item, "location": location, "available": quantity or 0}
                self.process.control("PUT", "levels/alpha", json=level)
        return int(product["id"].rpartition("/")[2])


class Tryton(Driver):
    """A product is never deleted; one that is not active is hidden. The second warehouse has no stock of it."""

    platform = "tryton"
    untracked = False
    deletes = False

    def create(self, goods: Goods) -> Any:
        sku = goods["variants"][0]["sku"]
        template = self._control("products", name=goods["title"], codes=[sku])["id"]
        (product,) = [row["id"] for row in self._products() if row["code"] == sku]
        self.change((template, product), goods)
        return template, product

    def change(self, number: Any, goods: Goods) -> None:
        (variant,) = goods["variants"]
        template, product = number
        price = {"__class__": "Decimal", "decimal": str(variant["price"])}
        values = {"name": goods["title"], "active": goods["live"], "list_price": price}
        self._control("write", model="product.template", id=template, values=values)
        values = {"code": variant["sku"], "active": goods["live"]}
        self._control("write", model="product.product", id=product, values=values)
        self._control("stock", code=variant["sku"], quantity=variant["quantity"])

    def remove(self, number: Any) -> None:
        raise AssertionError("products are not deleted")

    def external_id(self, key: str) -> str:
        return str(self.ids[key][0])

    def stock(self, variant: Goods) -> list[int]:
        return [0, variant["quantity"]]

    def _products(self) -> Any:
        case = CASES[self.platform]
        address = f"{self.process.url}{case.path}/rest/model/product.product"
        headers = {"Authorization": f"Bearer {case.account[1]}"}
        return requests.get(address, params={"f": ["id", "code"]}, headers=headers, timeout=60).json()

    def _control(self, action: str, **details: Any) -> Any:
        return self.process.control("POST", action, json={"account": "erp", **details})


class SellerCenterShop(Driver):
    platform = "seller_center_shop"
    variants = 2

    def create(self, goods: Goods) -> Any:
        return self._save(goods, variants=[])

    def change(self, number: Any, goods: Goods) -> None:
        (row,) = [each for each in self.process.state("products") if each["id"] == number]
        self._save(goods, variants=row["variants"], id=number)

    def remove(self, number: Any) -> None:
        self.process.control("POST", "delete", json={"kind": "products", "ids": [number]})

    def _save(self, goods: Goods, *, variants: list[Goods], **known: str) -> Any:
        rows = [
            {
                **({"id": variants[place]["id"]} if place < len(variants) else {}),
                "seller_sku": variant["sku"],
                "status": "active" if goods["live"] else "inactive",
                "price": variant["price"],
                "stock": variant["quantity"],
            }
            for place, variant in enumerate(goods["variants"])
        ]
        article = {**known, "title": goods["title"], "status": rows[0]["status"], "variants": rows}
        return self.process.control("POST", "article", json={"article": article})["id"]


_SENT = ("sku", "price", "quantity")


class RestShop(Driver):
    """Without changed dates: what a partial read finds, it finds by content."""

    platform = "rest_shop"
    variants = 3
    priceless = True
    taxonomy = True
    examples = 2

    def create(self, goods: Goods) -> Any:
        self.change(goods["key"], goods)
        return goods["key"]

    def change(self, number: Any, goods: Goods) -> None:
        status = "live" if goods["live"] else "suspended"
        product = {
            "key": number,
            "title": goods["title"],
            "status": status,
            "brand": goods["brand"],
            "categories": goods["categories"],
            "variants": [
                {"key": f"{number}-{place}", "status": status, **{name: variant[name] for name in _SENT}}
                for place, variant in enumerate(goods["variants"])
            ],
        }
        self._put("products", product)

    def remove(self, number: Any) -> None:
        self._call("DELETE", "products", [number])

    def save_brand(self, key: str, name: str) -> None:
        self._put("brands", {"key": key, "name": name})

    def save_category(self, key: str, name: str, parent: str) -> None:
        self._put("categories", {"key": key, "name": name, "parent": parent})

    def _put(self, kind: str, item: Goods) -> None:
        self._call("PUT", kind, [item])

    def _call(self, method: str, kind: str, body: Any) -> None:
        self.request(method, f"/v1/{kind}", body, Authorization=f"Bearer {CASES[self.platform].account[1]}")


DRIVERS = (BigCommerce, WooCommerce, Vendure, Magento, NetSuite, Shopify, Tryton, SellerCenterShop, RestShop)
