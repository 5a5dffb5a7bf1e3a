"""The GraphQL documents of the Admin API: those of the store, its catalog, and bulk operations.

A single query may cost 1,000 points: an object costs one, and a connection its `first` times what a node costs. So
pages are small, nested connections short, and what is longer is read on by `node`.
"""

import json
from collections.abc import Iterable

PAGE_INFO = "pageInfo { hasNextPage endCursor }"

SHOP = """
query Shop {
  shop { id name currencyCode ianaTimezone myshopifyDomain primaryDomain { host } taxesIncluded updatedAt }
  currentAppInstallation { accessScopes { handle } }
}
"""

LOCATIONS = """
query Locations($after: String) {
  locations(first: 100, after: $after, includeInactive: true) {
    nodes { id name isActive fulfillsOnlineOrders }
    pageInfo { hasNextPage endCursor }
  }
}
"""

_COLLECTION = "id title handle updatedAt"
COLLECTIONS = f"""
query Collections($first: Int!, $after: String) {{
  collections(first: $first, after: $after, sortKey: ID) {{ nodes {{ {_COLLECTION} }} {PAGE_INFO} }}
}}
"""
COLLECTION_NODES = (
    f"query CollectionNodes($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Collection {{ {_COLLECTION} }} }} }}"
)
COLLECTION_IDS = f"""
query CollectionIds($first: Int!, $after: String) {{
  collections(first: $first, after: $after, sortKey: ID) {{ nodes {{ id }} {PAGE_INFO} }}
}}
"""

VENDORS = f"""
query Vendors($first: Int!, $after: String) {{
  productVendors(first: $first, after: $after) {{ nodes {PAGE_INFO} }}
}}
"""

# Products. The sizes of nested connections keep a page of products below the limit of costs.
PRODUCTS_PER_PAGE = 8
VARIANTS_PER_PAGE = 30
_NESTED_VARIANTS = 3
_NESTED_LEVELS = 4
_NESTED_IMAGES = 6
_NESTED_COLLECTIONS = 6

_LEVEL = 'id isActive location { id } quantities(names: ["available"]) { name quantity }'
_IMAGE = "... on MediaImage { id alt image { url } }"
_PRODUCT = (
    "id title handle descriptionHtml productType vendor tags status updatedAt isGiftCard "
    "variantsCount { count } mediaCount { count }"
)
_VARIANT = (
    "id sku barcode price compareAtPrice position inventoryPolicy requiresComponents sellableOnlineQuantity "
    "selectedOptions { name value } "
    "inventoryItem { id tracked requiresShipping locationsCount { count } measurement { weight { unit value } } %s } %s"
)


class ProductDocuments:
    """The documents that read products, with the metafields that a connection maps.

    `product_metafields` and `variant_metafields` are pairs of a namespace and a key; each is selected under an alias.
    """

    def __init__(
        self, product_metafields: Iterable[tuple[str, str]], variant_metafields: Iterable[tuple[str, str]]
    ) -> None:
        self._product = f"{_PRODUCT} {metafield_selection(product_metafields)}"
        self._variant_metafields = metafield_selection(variant_metafields)

    def _variants(self, levels: int) -> str:
        nested = f"inventoryLevels(first: {levels}) {{ nodes {{ {_LEVEL} }} {PAGE_INFO} }}"
        return _VARIANT % (nested, self._variant_metafields)

    @property
    def _nested(self) -> str:
        return f"""
          {self._product}
          variants(first: {_NESTED_VARIANTS}) {{ nodes {{ {self._variants(_NESTED_LEVELS)} }} {PAGE_INFO} }}
          media(first: {_NESTED_IMAGES}, query: "media_type:IMAGE") {{ nodes {{ {_IMAGE} }} {PAGE_INFO} }}
          collections(first: {_NESTED_COLLECTIONS}) {{ nodes {{ id }} {PAGE_INFO} }}
        """

    @property
    def page(self) -> str:
        return f"""
        query Products($first: Int!, $after: String, $query: String, $sortKey: ProductSortKeys, $count: Boolean!) {{
          products(first: $first, after: $after, query: $query, sortKey: $sortKey) {{
            nodes {{ {self._nested} }} {PAGE_INFO}
          }}
          productsCount(query: $query, limit: null) @include(if: $count) {{ count }}
        }}
        """

    @property
    def nodes(self) -> str:
        return f"query ProductNodes($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Product {{ {self._nested} }} }} }}"

    @property
    def more_variants(self) -> str:
        selection = self._variants(_NESTED_LEVELS)
        return more("Product", "variants", f"first: {VARIANTS_PER_PAGE}", selection)

    @property
    def bulk(self) -> str:
        """Of a bulk operation, which has no pages: five connections, two levels deep, at most."""
        levels = f"inventoryLevels {{ edges {{ node {{ {_LEVEL} }} }} }}"
        variant = _VARIANT % (levels, self._variant_metafields)
        return f"""
        {{
          products(query: "{ALL_STATUSES}") {{
            edges {{
              node {{
                {self._product}
                variants {{ edges {{ node {{ {variant} }} }} }}
                media(query: "media_type:IMAGE") {{ edges {{ node {{ {_IMAGE} }} }} }}
                collections {{ edges {{ node {{ id }} }} }}
              }}
            }}
          }}
        }}
        """


def metafield_selection(metafields: Iterable[tuple[str, str]]) -> str:
    """Selects metafields by alias: `metafield_0`, `metafield_1` …, in this order."""
    return " ".join(
        # A string of JSON is one of GraphQL, so that a name that merchants enter cannot change the document.
        f"metafield_{place}: metafield(namespace: {json.dumps(namespace)}, key: {json.dumps(key)}) "
        "{ namespace key value }"
        for place, (namespace, key) in enumerate(metafields)
    )


def more(kind: str, field: str, arguments: str, selection: str) -> str:
    """Reads the next page of a connection of one object."""
    return f"""
    query More{field.title()}($id: ID!, $after: String) {{
      node(id: $id) {{
        ... on {kind} {{ id {field}({arguments}, after: $after) {{ nodes {{ {selection} }} {PAGE_INFO} }} }}
      }}
    }}
    """


MORE_MEDIA = more("Product", "media", 'first: 100, query: "media_type:IMAGE"', _IMAGE)
MORE_COLLECTIONS = more("Product", "collections", "first: 250", "id")
MORE_LEVELS = more("InventoryItem", "inventoryLevels", "first: 100", _LEVEL)

# The default of the vendor's filter is documented as active products only.
ALL_STATUSES = "status:active,draft,archived,unlisted"
PRODUCT_IDS = f"""
query ProductIds($first: Int!, $after: String) {{
  products(first: $first, after: $after, query: "{ALL_STATUSES}", sortKey: ID) {{ nodes {{ id }} {PAGE_INFO} }}
}}
"""
EXISTING = "query Existing($ids: [ID!]!) { nodes(ids: $ids) { id } }"
_PRODUCT_OF_VARIANT = "product { id }"
PRODUCTS_OF_ITEMS = f"""
query ProductsOfItems($ids: [ID!]!) {{
  nodes(ids: $ids) {{
    ... on InventoryItem {{ id variants(first: 5) {{ nodes {{ {_PRODUCT_OF_VARIANT} }} {PAGE_INFO} }} }}
  }}
}}
"""
MORE_VARIANTS_OF_ITEM = more("InventoryItem", "variants", "first: 100", _PRODUCT_OF_VARIANT)

# Bulk operations: https://shopify.dev/docs/api/usage/bulk-operations/queries
BULK_RUN = """
mutation RunBulk($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { id status }
    userErrors { field message code }
  }
}
"""
BULK_STATUS = """
query BulkStatus($id: ID!) {
  bulkOperation(id: $id) { id status errorCode objectCount fileSize url partialDataUrl }
}
"""
