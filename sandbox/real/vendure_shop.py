"""The shop of the real Vendure server: how it is set up, and what its customers and its staff do.

Prices include 20 % tax and are in GBP; the coupon TEN takes off 10 %; shipping costs 5.00.
"""

from typing import Any

import requests

PASSWORD = "password-of-the-sandbox"
SHIPPING = 500
# SKU → price in pence; each product has two sizes, with 50 pieces of each in stock.
PRODUCTS = {
    "Desk lamp": {"DESK-S": 1050, "DESK-M": 1250},
    "Floor lamp": {"FLOOR-S": 8999, "FLOOR-M": 9999},
    "Wall lamp": {"WALL-S": 3333, "WALL-M": 3777},
    "Reading lamp": {"LAMP-1": 2500, "LAMP-2": 2500},
}
BRAND = "Acme"
# Shipped by the company whose ERP is the real Tryton server, which has the same SKUs.
BRANDS = {"Reading lamp": "Sandbox GmbH"}
STOCK = 50
_ERROR = "... on ErrorResult { errorCode message }"


class RequestFailed(Exception):
    """The server answered with an error."""


class Api:
    """One of the server's two APIs. A log-in, or a cart, is remembered by its token."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.url = url
        self.headers = dict(headers or {})

    def run(self, document: str, **variables: Any) -> Any:
        """The data of a query or mutation. Raises RequestFailed for errors, also for those within the data."""
        body = {"query": document, "variables": variables}
        answer = requests.post(self.url, json=body, headers=self.headers, timeout=60)
        if token := answer.headers.get("vendure-auth-token"):
            self.headers["Authorization"] = f"Bearer {token}"
        content = answer.json()
        results = [each for each in (content.get("data") or {}).values() if isinstance(each, dict)]
        if content.get("errors") or any("errorCode" in each for each in results):
            raise RequestFailed(content)
        return content["data"]


class Shop:
    """A running server. `url` is the address of a connection, `api_key` its credential."""

    def __init__(self, url: str, api_key: str) -> None:
        self.url = url
        self.api_key = api_key
        self.admin = Api(f"{url}/admin-api", {"vendure-api-key": api_key})

    def variant_ids(self) -> dict[str, str]:
        """SKU → ID."""
        rows = self.admin.run("{ productVariants { items { id sku } } }")["productVariants"]["items"]
        return {row["sku"]: row["id"] for row in rows}

    def update_variant(self, sku: str, **values: Any) -> None:
        document = "mutation($input: [UpdateProductVariantInput!]!) { updateProductVariants(input: $input) { id } }"
        self.admin.run(document, input=[{"id": self.variant_ids()[sku], **values}])

    def buy(self, goods: dict[str, int], *, coupon: str = "", email: str = "ann@example.com") -> dict[str, Any]:
        """What a guest does to place and pay an order: its ID, code, lines and payments, and the total with tax."""
        storefront, ids = Api(f"{self.url}/shop-api"), self.variant_ids()
        for sku, quantity in goods.items():
            storefront.run(
                f"mutation($id: ID!, $n: Int!) "
                f"{{ addItemToOrder(productVariantId: $id, quantity: $n) {{ {_ERROR} }} }}",
                id=ids[sku],
                n=quantity,
            )
        if coupon:
            storefront.run(f"mutation($c: String!) {{ applyCouponCode(couponCode: $c) {{ {_ERROR} }} }}", c=coupon)
        customer = {"firstName": "Ann", "lastName": "Lee", "emailAddress": email}
        storefront.run(
            f"mutation($input: CreateCustomerInput!) {{ setCustomerForOrder(input: $input) {{ {_ERROR} }} }}",
            input=customer,
        )
        address = {
            "fullName": "Ann Lee",
            "streetLine1": "1 High Street",
            "city": "Leeds",
            "postalCode": "LS1 1AA",
            "countryCode": "GB",
        }
        storefront.run(
            f"mutation($input: CreateAddressInput!) {{ setOrderShippingAddress(input: $input) {{ {_ERROR} }} }}",
            input=address,
        )
        storefront.run(f'mutation {{ setOrderShippingMethod(shippingMethodId: ["1"]) {{ {_ERROR} }} }}')
        storefront.run(f'mutation {{ transitionOrderToState(state: "ArrangingPayment") {{ {_ERROR} }} }}')
        paid = storefront.run(
            f'mutation {{ addPaymentToOrder(input: {{method: "dummy", metadata: {{}}}}) '
            f"{{ ... on Order {{ id }} {_ERROR} }} }}"
        )
        return self.order(paid["addPaymentToOrder"]["id"])

    def order(self, order_id: str) -> dict[str, Any]:
        document = """query($id: ID!) { order(id: $id) {
            id code state totalWithTax lines { id quantity productVariant { sku } } payments { id }
            fulfillments { id state trackingCode lines { orderLineId quantity } }
        } }"""
        found: dict[str, Any] = self.admin.run(document, id=order_id)["order"]
        return found

    def ship(self, order: dict[str, Any], quantity: int, *, tracking: str) -> None:
        """Ship some pieces of the first line."""
        arguments = [{"name": "method", "value": "DHL"}, {"name": "trackingCode", "value": tracking}]
        made = self.admin.run(
            f"mutation($input: FulfillOrderInput!) {{ addFulfillmentToOrder(input: $input) "
            f"{{ ... on Fulfillment {{ id }} {_ERROR} }} }}",
            input={
                "lines": [{"orderLineId": order["lines"][0]["id"], "quantity": quantity}],
                "handler": {"code": "manual-fulfillment", "arguments": arguments},
            },
        )
        self.admin.run(
            f'mutation($id: ID!) {{ transitionFulfillmentToState(id: $id, state: "Shipped") {{ {_ERROR} }} }}',
            id=made["addFulfillmentToOrder"]["id"],
        )

    def refund(self, order: dict[str, Any], quantity: int) -> str:
        """Refund some pieces of the first line. Returns the ID of the refund, which is pending."""
        made = self.admin.run(
            f"mutation($input: RefundOrderInput!) {{ refundOrder(input: $input) "
            f"{{ ... on Refund {{ id }} {_ERROR} }} }}",
            input={
                "lines": [{"orderLineId": order["lines"][0]["id"], "quantity": quantity}],
                "shipping": 0,
                "adjustment": 0,
                "paymentId": order["payments"][0]["id"],
                "reason": "Broken",
            },
        )
        return str(made["refundOrder"]["id"])

    def complete_refund(self, refund_id: str) -> None:
        document = f"mutation($input: SettleRefundInput!) {{ settleRefund(input: $input) {{ {_ERROR} }} }}"
        self.admin.run(document, input={"id": refund_id, "transactionId": "paid back"})


def prepare(url: str) -> str:
    """Set up the shop of an empty server. Returns its API key."""
    admin = Api(f"{url}/admin-api")
    admin.run(
        f'mutation($password: String!) {{ login(username: "superadmin", password: $password) {{ {_ERROR} }} }}',
        password=PASSWORD,
    )
    _set_up_channel(admin)
    _set_up_checkout(admin)
    _create_products(admin)
    key = admin.run(
        "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey } }",
        input={"roleIds": ["1"], "translations": _named("SyncCenter")},
    )
    return str(key["createApiKey"]["apiKey"])


def _named(name: str, **values: str) -> list[dict[str, str]]:
    return [{"languageCode": "en", "name": name, **values}]


def _configured(code: str, **arguments: str) -> dict[str, Any]:
    return {"code": code, "arguments": [{"name": name, "value": value} for name, value in arguments.items()]}


def _created(admin: Api, mutation: str, kind: str, **values: Any) -> Any:
    """The ID of what `createTaxRate(input: CreateTaxRateInput!)` creates."""
    document = f"mutation($input: {kind}!) {{ {mutation}(input: $input) {{ ... on Node {{ id }} }} }}"
    return admin.run(document, input=values)[mutation]["id"]


def _set_up_channel(admin: Api) -> None:
    country = _created(
        admin, "createCountry", "CreateCountryInput", code="GB", enabled=True, translations=_named("United Kingdom")
    )
    zone = _created(admin, "createZone", "CreateZoneInput", name="United Kingdom", memberIds=[country])
    category = _created(admin, "createTaxCategory", "CreateTaxCategoryInput", name="Standard", isDefault=True)
    _created(
        admin, "createTaxRate", "CreateTaxRateInput", name="VAT", enabled=True, value=20, categoryId=category,
        zoneId=zone,
    )  # fmt: skip
    admin.run(
        f"mutation($input: UpdateChannelInput!) {{ updateChannel(input: $input) {{ {_ERROR} }} }}",
        input={
            "id": "1",
            "defaultTaxZoneId": zone,
            "defaultShippingZoneId": zone,
            "pricesIncludeTax": True,
            "defaultCurrencyCode": "GBP",
            "availableCurrencyCodes": ["GBP", "EUR"],
        },
    )


def _set_up_checkout(admin: Api) -> None:
    _created(
        admin, "createShippingMethod", "CreateShippingMethodInput", code="standard",
        fulfillmentHandler="manual-fulfillment", translations=_named("Standard", description=""),
        checker=_configured("default-shipping-eligibility-checker", orderMinimum="0"),
        calculator=_configured("default-shipping-calculator", rate=str(SHIPPING), includesTax="auto", taxRate="20"),
    )  # fmt: skip
    _created(
        admin, "createPaymentMethod", "CreatePaymentMethodInput", code="dummy", enabled=True,
        handler=_configured("dummy-payment-handler", automaticSettle="true"),
        translations=_named("On account", description=""),
    )  # fmt: skip
    _created(
        admin, "createPromotion", "CreatePromotionInput", enabled=True, couponCode="TEN", conditions=[],
        actions=[_configured("order_percentage_discount", discount="10")],
        translations=_named("Ten percent", description=""),
    )  # fmt: skip


def _create_products(admin: Api) -> None:
    facet = admin.run(
        "mutation($input: CreateFacetInput!) { createFacet(input: $input) { values { id name } } }",
        input={
            "code": "brand",
            "isPrivate": False,
            "translations": _named("Brand"),
            "values": [
                {"code": name.lower().replace(" ", "-"), "translations": _named(name)}
                for name in (BRAND, *BRANDS.values())
            ],
        },
    )
    brands = {value["name"]: value["id"] for value in facet["createFacet"]["values"]}
    _created(
        admin, "createCollection", "CreateCollectionInput", filters=[],
        translations=_named("Lamps", slug="lamps", description=""),
    )  # fmt: skip
    for name, prices in PRODUCTS.items():
        slug = name.lower().replace(" ", "-")
        product = _created(
            admin, "createProduct", "CreateProductInput", facetValueIds=[brands[BRANDS.get(name, BRAND)]],
            translations=_named(name, slug=slug, description="<p>Bright.</p>"),
        )  # fmt: skip
        group = admin.run(
            "mutation($input: CreateProductOptionGroupInput!) "
            "{ createProductOptionGroup(input: $input) { id options { id } } }",
            input={
                "code": f"{slug}-size",
                "translations": _named("Size"),
                "options": [{"code": sku[-1].lower(), "translations": _named(sku[-1])} for sku in prices],
            },
        )["createProductOptionGroup"]
        admin.run(
            "mutation($product: ID!, $group: ID!) "
            "{ addOptionGroupToProduct(productId: $product, optionGroupId: $group) { id } }",
            product=product,
            group=group["id"],
        )
        admin.run(
            "mutation($input: [CreateProductVariantInput!]!) { createProductVariants(input: $input) { id } }",
            input=[
                {
                    "productId": product,
                    "sku": sku,
                    "price": price,
                    "stockOnHand": STOCK,
                    "optionIds": [option["id"]],
                    "translations": _named(f"{name} {sku[-1]}"),
                }
                for (sku, price), option in zip(prices.items(), group["options"], strict=True)
            ],
        )
