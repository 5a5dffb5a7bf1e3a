"""The GraphQL documents of customers and orders. Documents of the catalog explain their sizes."""

from collections.abc import Iterable

from connectors.platforms.shopify.documents import PAGE_INFO, metafield_selection, more

CUSTOMERS_PER_PAGE = 50
_ADDRESS = "id firstName lastName company address1 address2 city province provinceCode zip countryCodeV2 phone"
_COMPANIES = "companyContactProfiles { company { id name externalId } }"
_CUSTOMER = f"""
id firstName lastName note tags state taxExempt updatedAt
defaultEmailAddress {{ emailAddress }} defaultPhoneNumber {{ phoneNumber }}
addressesV2(first: 5) {{ nodes {{ {_ADDRESS} }} {PAGE_INFO} }}
"""
MORE_ADDRESSES = more("Customer", "addressesV2", "first: 100", _ADDRESS)


class CustomerDocuments:
    """The documents that read customers, with mapped metafields and, if wanted, their companies."""

    def __init__(self, metafields: Iterable[tuple[str, str]], *, companies: bool) -> None:
        self._fields = f"{_CUSTOMER} {_COMPANIES if companies else ''} {metafield_selection(metafields)}"

    @property
    def page(self) -> str:
        return f"""
        query Customers($first: Int!, $after: String, $query: String, $sortKey: CustomerSortKeys) {{
          customers(first: $first, after: $after, query: $query, sortKey: $sortKey) {{
            nodes {{ {self._fields} }} {PAGE_INFO}
          }}
        }}
        """

    @property
    def nodes(self) -> str:
        return f"query CustomerNodes($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Customer {{ {self._fields} }} }} }}"


# Amounts are in the currency in which the customer pays.
_MONEY = "{ presentmentMoney { amount } }"
_TAXES = f"taxLines {{ title rate priceSet {_MONEY} }}"
_ALLOCATIONS = f"discountAllocations {{ allocatedAmountSet {_MONEY} discountApplication {{ index }} }}"
_LINE = f"""
id sku name quantity currentQuantity unfulfilledQuantity nonFulfillableQuantity requiresShipping isGiftCard vendor
variant {{ id }} product {{ id }} customAttributes {{ key value }}
originalUnitPriceSet {_MONEY} originalTotalSet {_MONEY} {_TAXES} {_ALLOCATIONS}
duties {{ id price {_MONEY} {_TAXES} }}
"""
_SHIPPING = f"id title code isRemoved originalPriceSet {_MONEY} {_TAXES} {_ALLOCATIONS}"
_DISCOUNT = """
index targetType
... on DiscountCodeApplication { code }
... on ManualDiscountApplication { title }
... on AutomaticDiscountApplication { title }
... on ScriptDiscountApplication { title }
"""
_SETS = (
    *("totalPriceSet", "totalTaxSet", "subtotalPriceSet", "totalDiscountsSet", "totalShippingPriceSet"),
    *("totalReceivedSet", "totalRefundedSet", "totalTipReceivedSet", "currentTotalPriceSet"),
)
ORDERS_PER_PAGE = 3
_NESTED_LINES = 10
_ORDER = f"""
id name createdAt processedAt updatedAt cancelledAt closedAt displayFinancialStatus displayFulfillmentStatus
currencyCode presentmentCurrencyCode taxesIncluded dutiesIncluded note email phone clientIp cartToken sourceName tags
paymentGatewayNames edited test customer {{ id }}
{" ".join(f"{each} {_MONEY}" for each in _SETS)}
totalShopPrice: totalPriceSet {{ shopMoney {{ amount }} }}
totalCashRoundingAdjustment {{ paymentSet {_MONEY} refundSet {_MONEY} }}
billingAddress {{ {_ADDRESS} }} shippingAddress {{ {_ADDRESS} }}
additionalFees {{ id name price {_MONEY} {_TAXES} }}
shippingLines(first: 3, includeRemovals: true) {{ nodes {{ {_SHIPPING} }} {PAGE_INFO} }}
discountApplications(first: 10) {{ nodes {{ {_DISCOUNT} }} {PAGE_INFO} }}
lineItems(first: {_NESTED_LINES}) {{ nodes {{ {_LINE} }} {PAGE_INFO} }}
"""
_PURCHASER = "purchasingEntity { __typename ... on PurchasingCompany { company { id name } } }"
MORE_LINES = more("Order", "lineItems", "first: 40", _LINE)
MORE_SHIPPING = more("Order", "shippingLines", "first: 40, includeRemovals: true", _SHIPPING)
MORE_DISCOUNTS = more("Order", "discountApplications", "first: 100", _DISCOUNT)


class OrderDocuments:
    """The documents that read orders, with mapped metafields and, if wanted, the company that ordered."""

    def __init__(self, metafields: Iterable[tuple[str, str]], *, companies: bool) -> None:
        self._fields = f"{_ORDER} {_PURCHASER if companies else ''} {metafield_selection(metafields)}"

    @property
    def page(self) -> str:
        return f"""
        query Orders($first: Int!, $after: String, $query: String, $sortKey: OrderSortKeys) {{
          orders(first: $first, after: $after, query: $query, sortKey: $sortKey) {{
            nodes {{ {self._fields} }} {PAGE_INFO}
          }}
        }}
        """

    @property
    def nodes(self) -> str:
        return f"query OrderNodes($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Order {{ {self._fields} }} }} }}"


_FULFILLMENT_LINES = "id quantity lineItem { id }"
_REFUND_LINES = f"quantity restockType lineItem {{ id }} subtotalSet {_MONEY} totalTaxSet {_MONEY}"
_REFUND_SHIPPING = f"id subtotalAmountSet {_MONEY} taxAmountSet {_MONEY}"
_REFUND_ADJUSTMENTS = f"id reason amountSet {_MONEY} taxAmountSet {_MONEY}"
# These lists have no pages: one of this length may lack entries.
LIMITS = {"fulfillments": 40, "refunds": 25, "transactions": 50}
# Shipments and refunds of one order, which most orders do not have.
FULFILLMENTS = f"""
query Fulfillments($id: ID!) {{
  order(id: $id) {{
    fulfillments(first: 10) {{
      id name status createdAt trackingInfo {{ company number url }}
      fulfillmentLineItems(first: 20) {{ nodes {{ {_FULFILLMENT_LINES} }} {PAGE_INFO} }}
    }}
  }}
}}
"""
REFUNDS = f"""
query Refunds($id: ID!) {{
  order(id: $id) {{
    refunds(first: 5) {{
      id createdAt note totalRefundedSet {_MONEY}
      refundLineItems(first: 10) {{ nodes {{ {_REFUND_LINES} }} {PAGE_INFO} }}
      refundShippingLines(first: 3) {{ nodes {{ {_REFUND_SHIPPING} }} {PAGE_INFO} }}
      orderAdjustments(first: 3) {{ nodes {{ {_REFUND_ADJUSTMENTS} }} {PAGE_INFO} }}
    }}
  }}
}}
"""
PAYMENTS = f"""
query Payments($id: ID!) {{
  order(id: $id) {{ transactions(first: {LIMITS["transactions"]}) {{ id kind status gateway amountSet {_MONEY} }} }}
}}
"""
# Of an order with more of them than the queries above return.
MANY_FULFILLMENTS = FULFILLMENTS.replace(
    "fulfillments(first: 10)", f"fulfillments(first: {LIMITS['fulfillments']})"
).replace("fulfillmentLineItems(first: 20)", "fulfillmentLineItems(first: 5)")
MANY_REFUNDS = REFUNDS.replace("refunds(first: 5)", f"refunds(first: {LIMITS['refunds']})").replace(
    "refundLineItems(first: 10)", "refundLineItems(first: 1)"
)
MORE_FULFILLMENT_LINES = more("Fulfillment", "fulfillmentLineItems", "first: 100", _FULFILLMENT_LINES)
MORE_REFUND_LINES = more("Refund", "refundLineItems", "first: 50", _REFUND_LINES)
MORE_REFUND_SHIPPING = more("Refund", "refundShippingLines", "first: 50", _REFUND_SHIPPING)
MORE_REFUND_ADJUSTMENTS = more("Refund", "orderAdjustments", "first: 50", _REFUND_ADJUSTMENTS)
