"""ShopifyAPI: documents with variables, the installation with its signature, and a token for a code."""

import json
import os
import urllib.request
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import shopify

SANDBOX = os.environ["SANDBOX"]
VENDOR = "https://alpha.myshopify.com"
send = urllib.request.urlopen


def to_sandbox(request: Any, *arguments: Any, **options: Any) -> Any:
    assert request.full_url.startswith(VENDOR)
    request.full_url = SANDBOX + request.full_url.removeprefix(VENDOR)
    return send(request, *arguments, **options)


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        return None


def consent(url: str) -> dict[str, str]:
    """What the store sends back to the app."""
    request = urllib.request.Request(  # noqa: S310 - an address of the sandbox
        url.replace(VENDOR, SANDBOX), headers={"Host": "alpha.myshopify.com"}
    )
    try:
        urllib.request.build_opener(NoRedirects).open(request)
    except urllib.error.HTTPError as answer:
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    raise AssertionError("no redirect")


urllib.request.urlopen = to_sandbox
shopify.Session.setup(api_key="sandbox-client", secret="sandbox-secret")
shopify.ApiVersion.define_version(shopify.Release("2026-07"))
session = shopify.Session("alpha.myshopify.com", "2026-07")
state = "state-of-this-installation"
answer = consent(session.create_permission_url(["read_products"], "https://hub.example/oauth/callback/", state))
signed = shopify.Session.validate_hmac(answer), shopify.Session.validate_hmac(answer | {"code": "another"})
token = session.request_token(answer)
shopify.ShopifyResource.activate_session(session)
document = "query Products($first: Int!) { shop { name } products(first: $first) { nodes { id title } } }"
found = json.loads(shopify.GraphQL().execute(document, {"first": 3}))
unknown = json.loads(shopify.GraphQL().execute("{ products(first: 1) { nodes { colour } } }"))
# Writing: a product with options, then its stock, for which the directive is required.
product_set = """
mutation Set($input: ProductSetInput!, $identifier: ProductSetIdentifiers) {
  productSet(input: $input, identifier: $identifier, synchronous: true) {
    product { handle variants(first: 5) { nodes { sku price inventoryItem { id } } } }
    userErrors { field message code }
  }
}
"""
values = [{"optionName": "Size", "name": each} for each in ("S", "M")]
product = {
    "title": "Chair of a client",
    "productOptions": [{"name": "Size", "values": [{"name": each["name"]} for each in values]}],
    "variants": [
        {"optionValues": [each], "sku": f"CHAIR-{each['name']}", "price": "79.99", "inventoryItem": {"tracked": True}}
        for each in values
    ],
}
given = {"input": product, "identifier": {"handle": "chair-of-a-client"}}
written = [json.loads(shopify.GraphQL().execute(product_set, given))["data"]["productSet"] for _ in range(2)]
set_stock = """
mutation Stock($input: InventorySetQuantitiesInput!) {
  inventorySetQuantities(input: $input) %s { inventoryAdjustmentGroup { reason } userErrors { code field } }
}
"""
item = written[1]["product"]["variants"]["nodes"][0]["inventoryItem"]["id"]
quantity = {"inventoryItemId": item, "locationId": "gid://shopify/Location/1", "quantity": 4, "changeFromQuantity": 0}
stock = {"input": {"name": "available", "reason": "correction", "quantities": [quantity]}}
key = '@idempotent(key: "5e2f8f0e-2f5b-4d5e-8f5e-0c1d6a1b2c3d")'
set_once = [json.loads(shopify.GraphQL().execute(set_stock % key, stock)) for _ in range(2)]
without_key = json.loads(shopify.GraphQL().execute(set_stock % "", stock))
print(
    json.dumps(
        {
            "signed": signed,
            "token": token.startswith("shpat_"),
            "shop": found["data"]["shop"]["name"],
            "titles": [row["title"] for row in found["data"]["products"]["nodes"]],
            "cost": sorted(found["extensions"]["cost"]),
            "unknown": unknown["errors"][0]["message"],
            "written": written,
            "stock": [each["data"]["inventorySetQuantities"] for each in set_once],
            "without_key": without_key["errors"][0]["extensions"]["code"],
        }
    )
)
