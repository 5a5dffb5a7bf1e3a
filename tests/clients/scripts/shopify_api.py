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
print(
    json.dumps(
        {
            "signed": signed,
            "token": token.startswith("shpat_"),
            "shop": found["data"]["shop"]["name"],
            "titles": [row["title"] for row in found["data"]["products"]["nodes"]],
            "cost": sorted(found["extensions"]["cost"]),
            "unknown": unknown["errors"][0]["message"],
        }
    )
)
