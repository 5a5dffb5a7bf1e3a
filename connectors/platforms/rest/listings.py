"""Lists which objects of each collection exist."""

from collections.abc import Iterable
from typing import Any, ClassVar

from connectors.platforms.rest.client import RestClient
from connectors.sdk.paging import IdPage
from connectors.sdk.streams import Listing
from hub.kinds import Kind


class RestListing(Listing[RestClient]):
    """Lists which objects of a collection exist."""

    path: ClassVar[str]

    def lookup(self, external_ids: Iterable[str]) -> set[str]:
        return {str(each["key"]) for each in self.client.find(self.path, list(external_ids))}

    def list_ids(self, *, cursor: Any) -> IdPage:
        answer = self.client.keyed_page(self.path, cursor)
        return IdPage([each["key"] for each in answer["items"]], answer["next"])


class ProductListing(RestListing):
    kind = Kind.PRODUCT
    path = "products"


class VariantListing(RestListing):
    kind = Kind.VARIANT
    path = "stock"


class CategoryListing(RestListing):
    kind = Kind.CATEGORY
    path = "categories"


class BrandListing(RestListing):
    kind = Kind.BRAND
    path = "brands"


class CustomerListing(RestListing):
    kind = Kind.CUSTOMER
    path = "customers"


class OrderListing(RestListing):
    kind = Kind.ORDER
    path = "orders"


LISTINGS = (ProductListing, VariantListing, CategoryListing, BrandListing, CustomerListing, OrderListing)
