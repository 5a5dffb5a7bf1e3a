"""The GraphQL documents that write to a store, and those that read what is there before. Documents of the catalog
explain their sizes."""

from collections.abc import Iterable

from connectors.platforms.shopify.documents import PAGE_INFO, more
from connectors.platforms.shopify.sales_documents import LIMITS

# The metafield of products with our ID, in the namespace of the app.
PRODUCT_KEY = "synccenter_product"
# Products per query of what exists: each costs about 110 points.
PRODUCTS_PER_QUERY = 8
_VARIANT = "id sku selectedOptions { name value }"
_MEDIUM = "id status mediaErrors { message } ... on MediaImage { image { url } }"
EXISTING_PRODUCTS = f"""
query ExistingProducts($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    ... on Product {{
      id title
      variants(first: 30) {{ nodes {{ {_VARIANT} }} {PAGE_INFO} }}
      media(first: 20) {{ nodes {{ {_MEDIUM} }} {PAGE_INFO} }}
    }}
  }}
}}
"""
MORE_VARIANTS = more("Product", "variants", "first: 250", _VARIANT)
MORE_MEDIA = more("Product", "media", "first: 100", _MEDIUM)
VARIANTS_BY_SKU = f"""
query VariantsBySku($query: String!, $after: String) {{
  productVariants(first: 250, after: $after, query: $query) {{
    nodes {{ sku product {{ id title }} }} {PAGE_INFO}
  }}
}}
"""

_ERRORS = "userErrors { field message code }"
# Of the product that was written; more variants are read on.
_WRITTEN = f'id metafield(key: "{PRODUCT_KEY}") {{ value }} variants(first: 250) {{ nodes {{ id sku }} {PAGE_INFO} }}'
MORE_WRITTEN_VARIANTS = more("Product", "variants", "first: 250", "id sku")
PRODUCT_SET = f"""
mutation SetProduct($input: ProductSetInput!, $identifier: ProductSetIdentifiers, $synchronous: Boolean!) {{
  productSet(input: $input, identifier: $identifier, synchronous: $synchronous) {{
    product {{ {_WRITTEN} }}
    productSetOperation {{ id }}
    {_ERRORS}
  }}
}}
"""
PRODUCT_OPERATION = f"""
query ProductOperation($id: ID!) {{
  productOperation(id: $id) {{
    status
    product {{ {_WRITTEN} }}
    ... on ProductSetOperation {{ {_ERRORS} }}
  }}
}}
"""
DEFINE_PRODUCT_KEY = f"""
mutation DefineProductKey($definition: MetafieldDefinitionInput!) {{
  metafieldDefinitionCreate(definition: $definition) {{ createdDefinition {{ id }} {_ERRORS} }}
}}
"""
PUBLISH = """
mutation Publish($id: ID!, $input: [PublicationInput!]!) {
  publishablePublish(id: $id, input: $input) { userErrors { field message } }
}
"""
ARCHIVE = """
mutation ArchiveProduct($id: ID!) {
  productUpdate(product: { id: $id, status: ARCHIVED }) { product { id } userErrors { field message } }
}
"""
DELETE = """
mutation DeleteProduct($id: ID!) {
  productDelete(input: { id: $id }) { deletedProductId userErrors { field message } }
}
"""
COMPARED_PRODUCTS = f"""
query ComparedProducts($first: Int!, $after: String, $query: String) {{
  products(first: $first, after: $after, query: $query, sortKey: ID) {{
    nodes {{ id title vendor status }} {PAGE_INFO}
  }}
}}
"""

COMPARED_PRICES = f"""
query ComparedPrices($first: Int!, $after: String) {{
  productVariants(first: $first, after: $after, sortKey: ID) {{
    nodes {{ id price compareAtPrice }} {PAGE_INFO}
  }}
}}
"""
UPDATE_PRICES = f"""
mutation UpdatePrices($product: ID!, $variants: [ProductVariantsBulkInput!]!) {{
  productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: true) {{
    productVariants {{ id }} {_ERRORS}
  }}
}}
"""

_STOCK = """
id requiresComponents
inventoryItem {
  id tracked
  inventoryLevel(locationId: $location) { id isActive quantities(names: ["available"]) { name quantity } }
}
"""
# Variants per query of stock: each costs 5 points.
VARIANTS_PER_QUERY = 150
STOCK_OF_VARIANTS = f"""
query StockOfVariants($ids: [ID!]!, $location: ID!) {{
  nodes(ids: $ids) {{ ... on ProductVariant {{ {_STOCK} }} }}
}}
"""
COMPARED_STOCK = f"""
query ComparedStock($first: Int!, $after: String, $location: ID!) {{
  productVariants(first: $first, after: $after, sortKey: ID) {{ nodes {{ {_STOCK} }} {PAGE_INFO} }}
}}
"""
TRACK = """
mutation TrackStock($id: ID!) {
  inventoryItemUpdate(id: $id, input: { tracked: true }) { inventoryItem { id } userErrors { field message } }
}
"""
STOCK_AT_LOCATION = """
mutation StockAtLocation($item: ID!, $location: ID!, $quantity: Int!, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location, available: $quantity) @idempotent(key: $key) {
    inventoryLevel { id }
    userErrors { field message }
  }
}
"""
SET_STOCK = f"""
mutation SetStock($input: InventorySetQuantitiesInput!, $key: String!) {{
  inventorySetQuantities(input: $input) @idempotent(key: $key) {{ inventoryAdjustmentGroup {{ id }} {_ERRORS} }}
}}
"""

_FULFILLED_LINES = "quantity lineItem { id }"
_LINES_TO_FULFILL = "id remainingQuantity lineItem { id }"
_FULFILLMENT_ORDER = f"""
id status assignedLocation {{ location {{ id }} }}
lineItems(first: 20) {{ nodes {{ {_LINES_TO_FULFILL} }} {PAGE_INFO} }}
"""
FULFILLMENTS_OF_ORDER = f"""
query FulfillmentsOfOrder($id: ID!) {{
  order(id: $id) {{
    id
    fulfillments(first: {LIMITS["fulfillments"]}) {{
      id status trackingInfo {{ number }}
      fulfillmentLineItems(first: 5) {{ nodes {{ {_FULFILLED_LINES} }} {PAGE_INFO} }}
    }}
    fulfillmentOrders(first: 5) {{ nodes {{ {_FULFILLMENT_ORDER} }} {PAGE_INFO} }}
  }}
}}
"""
MORE_FULFILLED_LINES = more("Fulfillment", "fulfillmentLineItems", "first: 100", _FULFILLED_LINES)
MORE_FULFILLMENT_ORDERS = more("Order", "fulfillmentOrders", "first: 20", _FULFILLMENT_ORDER)
MORE_LINES_TO_FULFILL = more("FulfillmentOrder", "lineItems", "first: 100", _LINES_TO_FULFILL)
FULFILL = """
mutation Fulfill($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id } userErrors { field message } }
}
"""
UPDATE_TRACKING = """
mutation UpdateTracking($id: ID!, $tracking: FulfillmentTrackingInput!, $notify: Boolean) {
  fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $tracking, notifyCustomer: $notify) {
    fulfillment { id } userErrors { field message }
  }
}
"""


def products_by_key(names: Iterable[str]) -> str:
    """Looks up a product for each name, which is that of a `ProductIdentifierInput` in the variables as well."""
    names = list(names)
    declared = ", ".join(f"${name}: ProductIdentifierInput!" for name in names)
    fields = " ".join(f"{name}: productByIdentifier(identifier: ${name}) {{ id title }}" for name in names)
    return f"query ProductsByKey({declared}) {{ {fields} }}"
