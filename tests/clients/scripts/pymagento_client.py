"""Uses the client `pymagento`; prints what it found."""

import json
import os

from magento import Magento
from magento.exceptions import MagentoException

api = Magento(token="token", base_url=os.environ["SANDBOX"], scope="all")
first = next(api.get_products(limit=1))
product = {"sku": "LAMP/1", "name": "Lamp", "attribute_set_id": 4, "price": 20, "type_id": "simple"}
created = api.save_product(product)
twin = None
try:
    api.save_product(product | {"sku": "LAMP-2"})
except MagentoException as error:
    twin = str(error)
bulk = api.async_update_products([{"sku": "LAMP/1", "price": 30}, {"sku": "LAMP-3", "name": "No attribute set"}])
statuses = [each["status"] for each in api.get_bulk_detailed_status(bulk["bulk_uuid"])["operations_list"]]
stock = [{"sku": "LAMP/1", "source_code": "default", "quantity": 7, "status": 1}]
api.save_source_items(stock + [{"sku": "NOPE", "source_code": "default", "quantity": 7, "status": 1}])
prices = api.save_base_prices(
    [{"sku": "LAMP/1", "price": 25, "store_id": 0}, {"sku": "NOPE", "price": 1, "store_id": 0}]
)
orders = list(api.get_orders())
open_order = next(each for each in orders if each["state"] == "processing")
shipment = api.ship_order(open_order["entity_id"], {"items": []})
print(
    json.dumps(
        {
            "products": [each["sku"] for each in api.get_products()],
            "created": created["sku"],
            "twin": twin,
            "statuses": statuses,
            "stock": [[each["sku"], each["quantity"]] for each in api.get_source_items(sku="LAMP/1")],
            "rejected_prices": [each["parameters"] for each in prices],
            "orders": [each["increment_id"] for each in orders],
            "shipments": [each["entity_id"] for each in api.get_order_shipments(open_order["entity_id"])],
            "shipment": int(shipment),
            "customers": [each["email"] for each in api.get_customers()],
            "groups": [each["code"] for each in api.get_customer_groups()],
            "categories": len(list(api.get_categories())),
            "brands": [each["label"].strip() for each in api.get_manufacturers()],
            "media": len(api.get_product_medias(first["sku"])),
            "websites": [each["code"] for each in api.get_websites()],
            "currency": api.get_store_configs()[0]["base_currency_code"],
            "memos": len(list(api.get_credit_memos())),
            "invoices": len(list(api.get_invoices())) > 0,
            "links": [each["source_code"] for each in api.get_stock_source_links()],
            "sources": [each["source_code"] for each in api.get_sources()],
        }
    )
)
