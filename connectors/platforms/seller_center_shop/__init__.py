"""Seller Center's shop (role: shop): products are pushed to its queue, and a later callback returns their IDs.

The push, its acknowledgement and the callback are the vendor's. The listing (connectors.sdk.listing_protocol) is our
own protocol, because the vendor documents none; docs/platforms/seller-center.md says which is which, and what is
assumed.

The shop has a product for each SKU (our variant) and groups the products of one article by a `config_id` (our product).
So the external ID of a product is its `config_id`, and that of a variant is the shop's product ID.
"""

from connectors.platforms.seller_center_shop import settings
from connectors.platforms.seller_center_shop.assumptions import ASSUMPTIONS
from connectors.platforms.seller_center_shop.client import ShopClient
from connectors.platforms.seller_center_shop.listings import LISTINGS
from connectors.platforms.seller_center_shop.sources import Brands, Categories, Products
from connectors.platforms.seller_center_shop.targets import PriceTarget, ProductTarget, StockTarget
from connectors.platforms.seller_center_shop.webhooks import ShopCallbacks
from connectors.sdk.adapter import Adapter
from hub.kinds import Role


class SellerCenterShop(Adapter[ShopClient]):
    """Reads categories, brands and products; pushes products, stock and prices; looks up IDs."""

    key = "seller_center_shop"
    name = "Seller Center shop"
    role = Role.SHOP
    setup_guide = settings.GUIDE
    Settings = settings.Settings
    Credentials = settings.Credentials
    FieldMap = settings.FieldMap
    assumptions = ASSUMPTIONS
    streams = (Categories, Brands, Products, ProductTarget, StockTarget, PriceTarget)
    listings = LISTINGS
    webhooks = ShopCallbacks

    def make_client(self) -> ShopClient:
        return ShopClient(self.account, self.http)

    def check(self) -> str:
        empty = not self.client.listing.ids("products", None).ids
        return "Connected. The shop has no products yet." if empty else "Connected. The shop lists its products."
