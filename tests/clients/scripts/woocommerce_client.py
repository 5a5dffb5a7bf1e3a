"""Uses the vendor's client `woocommerce`: OAuth 1.0a on plain HTTP; prints what it found."""

import json
import os

from woocommerce import API

api = API(
    url=os.environ["SANDBOX"],
    consumer_key="ck_alpha",
    consumer_secret="alpha-secret",
    version="wc/v3",
    timeout=30,
)
wrong = API(url=os.environ["SANDBOX"], consumer_key="ck_alpha", consumer_secret="wrong", version="wc/v3")

products = api.get("products", params={"per_page": 100, "orderby": "id", "order": "asc"}).json()
variable = next(each for each in products if each["type"] == "variable")
variations = api.get(f"products/{variable['id']}/variations", params={"per_page": 100}).json()
created = api.post("products", {"name": "Lamp & Shade", "type": "simple", "regular_price": "21.99", "sku": "CLIENT"})
again = api.post("products", {"name": "Twin", "sku": "CLIENT"})
batch = {"update": [{"id": created.json()["id"], "regular_price": "20"}], "delete": [987654321]}
result = api.post("products/batch", batch).json()
deleted = api.delete(f"products/{created.json()['id']}", params={"force": True})
orders = api.get("orders", params={"per_page": 100, "order": "asc", "orderby": "id"}).json()
print(
    json.dumps(
        {
            "products": [each["id"] for each in products],
            "variations": sorted(each["id"] for each in variations),
            "named": sorted(variable["variations"]),
            "created": created.json()["name"],
            "again": again.json()["code"],
            "updated": result["update"][0]["regular_price"],
            "missing": result["delete"][0]["error"]["code"],
            "deleted": deleted.status_code,
            "orders": [each["number"] for each in orders],
            "customers": [each["email"] for each in api.get("customers", params={"role": "all"}).json()],
            "wrong": wrong.get("products").status_code,
        }
    )
)
