"""Lists which items exist in the shop: products by `config_id`, categories, brands, and sellers (L12)."""

from collections.abc import Iterable
from typing import Any, ClassVar

from connectors.platforms.seller_center_shop.client import ShopClient
from connectors.sdk.paging import IdPage
from connectors.sdk.streams import Listing
from hub.kinds import Kind


class ShopListing(Listing[ShopClient]):
    """`listing_name` is the kind's name in the listing protocol."""

    listing_name: ClassVar[str]

    def lookup(self, external_ids: Iterable[str]) -> set[str]:
        return self.client.listing.existing(self.listing_name, external_ids)

    def list_ids(self, *, cursor: Any) -> IdPage:
        return self.client.listing.ids(self.listing_name, cursor)


class ProductListing(ShopListing):
    kind = Kind.PRODUCT
    listing_name = "products"


class CategoryListing(ShopListing):
    kind = Kind.CATEGORY
    listing_name = "categories"


class BrandListing(ShopListing):
    kind = Kind.BRAND
    listing_name = "brands"


class SellerListing(ShopListing):
    """Sellers are not items of the hub, but they are looked up after a live-to-staging copy."""

    kind = "seller"
    listing_name = "sellers"


LISTINGS = (ProductListing, CategoryListing, BrandListing, SellerListing)
