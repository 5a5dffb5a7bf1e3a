"""What people do in the real Tryton server, and what they see there."""

from base64 import urlsafe_b64encode
from typing import Any

import orjson
import requests

from sandbox.real import tryton


class Staff:
    """People who work with the server at `url`, the address of its database."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/rest/model"
        self.headers = {"Authorization": f"Bearer {tryton.KEY}"}
        (warehouse,) = self.find("stock.location", [["type", "=", "warehouse"]])
        self.headers["X-Tryton-Context"] = _encoded({"company": 1, "locations": [warehouse["id"]]})

    def find(self, model: str, domain: list[Any], *fields: str) -> list[Any]:
        params = {"d": _encoded(domain), "f": list(fields), "o": _encoded([["id", "ASC"]])}
        found: list[Any] = self._call("GET", model, params=params)
        return found

    def write(self, model: str, number: int, values: dict[str, Any]) -> None:
        self._call("PUT", f"{model}/{number}", json=values)

    def press(self, model: str, number: int, *buttons: str) -> None:
        for button in buttons:
            self._call("POST", f"{model}/{number}/{button}", json={})

    def create(self, model: str, values: dict[str, Any]) -> int:
        return int(self._call("POST", model, json=values)["id"])

    def sales(self, number: str) -> list[Any]:
        """The sale of an order, and its returns, which have an origin."""
        fields = ("state", "lines.quantity", "lines.product.code", "shipments.state", "invoices.total_amount")
        return self.find("sale.sale", [["reference", "=", number]], "total_amount", "tax_amount", "origin", *fields)

    def ship(self, number: str, tracking: str) -> None:
        """Everything that is left of a sale, in one package."""
        (sale,) = [row for row in self.sales(number) if not row["origin"]]
        (shipment,) = [row["id"] for row in sale["shipments"] if row["state"] == "waiting"]
        self.press("stock.shipment.out", shipment, "assign_try", "pick")
        (found,) = self.find("stock.shipment.out", [["id", "=", shipment]], "outgoing_moves")
        ((carrier, kind),) = zip(self.find("carrier", []), self.find("stock.package.type", []), strict=True)
        package = {"type": kind["id"], "moves": [["add", found["outgoing_moves"]]], "shipping_reference": tracking}
        self.write("stock.shipment.out", shipment, {"carrier": carrier["id"], "packages": [["create", [package]]]})
        self.press("stock.shipment.out", shipment, "pack", "do")

    def _call(self, method: str, path: str, **details: Any) -> Any:
        """Raises RuntimeError with the server's message."""
        answer = requests.request(method, f"{self.url}/{path}", headers=self.headers, timeout=60, **details)
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.text[:2000]}")
        return answer.json()


def _encoded(value: Any) -> str:
    return urlsafe_b64encode(orjson.dumps(value)).decode()
