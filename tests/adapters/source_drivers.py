"""Changes products in sandboxes as the people who use these platforms do, in one form for all of them."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import requests

from connectors.services.connections import install_connection
from hub.models import Connection
from sandbox.process import SandboxProcess
from tests.adapters.cases import CASES
from tests.factories import make_seller

# `title`, `live`, `sku`, `price`, and `quantity`: None if stock is not tracked.
Goods = dict[str, Any]


class Driver(ABC):
    """One account of a sandbox. `ids`: the key of a product → its ID at the platform."""

    platform: ClassVar[str]
    # Whether there are products whose stock is not tracked, and whether products are deleted.
    untracked: ClassVar[bool] = True
    deletes: ClassVar[bool] = True
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
        self.others = {str(row["id"]) for row in self.process.state("products")}

    def external_id(self, key: str) -> str:
        return str(self.ids[key])

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
        return {
            "name": goods["title"],
            "sku": goods["sku"],
            "price": goods["price"],
            "is_visible": goods["live"],
            "inventory_tracking": "none" if goods["quantity"] is None else "product",
            "inventory_level": goods["quantity"] or 0,
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
        tracked = goods["quantity"] is not None
        return {
            "name": goods["title"],
            "sku": goods["sku"],
            "regular_price": str(goods["price"]),
            "status": "publish" if goods["live"] else "draft",
            "manage_stock": tracked,
            "stock_quantity": goods["quantity"],
            "stock_status": "instock" if goods["quantity"] != 0 else "outofstock",
        }


class Vendure(Driver):
    platform = "vendure"

    def create(self, goods: Goods) -> Any:
        product = self._run("createProduct", "CreateProductInput!", {"translations": self._names(goods)})["id"]
        name = {"languageCode": "en", "name": goods["title"]}
        variant = {"productId": product, "sku": goods["sku"], "translations": [name]}
        (made,) = self._run("createProductVariants", "[CreateProductVariantInput!]!", [variant])
        self.change((product, made["id"]), goods)
        return product, made["id"]

    def change(self, number: Any, goods: Goods) -> None:
        product, variant = number
        about = {"id": product, "enabled": goods["live"], "translations": self._names(goods)}
        self._run("updateProducts", "[UpdateProductInput!]!", [about])
        values = {
            "id": variant,
            "sku": goods["sku"],
            "prices": [{"currencyCode": "GBP", "price": goods["price"] * 100}],
            "trackInventory": "FALSE" if goods["quantity"] is None else "TRUE",
            "stockLevels": [{"stockLocationId": "1", "stockOnHand": goods["quantity"] or 0}],
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
        name = {"languageCode": "en", "name": goods["title"], "slug": goods["sku"].lower(), "description": ""}
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
        self._control("POST", "goods", skus=[goods["sku"]])
        (number,) = [row["id"] for row in self.process.state("products") if row["sku"] == goods["sku"]]
        self.change(number, goods)
        return number

    def change(self, number: Any, goods: Goods) -> None:
        changes = {"name": goods["title"], "price": goods["price"], "status": 1 if goods["live"] else 2}
        self._control("PATCH", "row", kind="products", id=number, changes=changes | {"sku": goods["sku"]})
        self._control("POST", "stock", sku=goods["sku"], quantity=goods["quantity"] or 0)
        self.unmanaged = self.unmanaged - {goods["sku"]} | ({goods["sku"]} if goods["quantity"] is None else set())
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
        self._control("goods", skus=[goods["sku"]])
        number = self._control("stock", sku=goods["sku"], quantity=0)["id"]
        self.skus[number] = goods["sku"]
        self.change(number, goods)
        return number

    def change(self, number: Any, goods: Goods) -> None:
        values = {"displayname": goods["title"], "itemid": goods["sku"], "isinactive": "F" if goods["live"] else "T"}
        self._control("items", sku=self.skus[number], values=values)
        self.skus[number] = goods["sku"]
        self._control("stock", sku=goods["sku"], quantity=goods["quantity"])
        self._control("price", sku=goods["sku"], price=goods["price"])

    def remove(self, number: Any) -> None:
        raise AssertionError("items are not deleted")

    def _control(self, action: str, **details: Any) -> Any:
        return self.process.control("POST", action, json={"account": "tstdrv1", **details})


DRIVERS = (BigCommerce, WooCommerce, Vendure, Magento, NetSuite)
