"""Seller Center's OMS (role: OMS), the source of truth for orders and order items.

Orders and their customers are read with our generic listing protocol (connectors.sdk.listing_protocol); item statuses
are sent with the vendor's UpdateItemsStatus. docs/platforms/seller-center.md says what the vendor documents and what is
assumed. The OMS cannot look up IDs, so there is no lookup (L14).
"""

from connectors.platforms.seller_center_oms import settings
from connectors.platforms.seller_center_oms.assumptions import ASSUMPTIONS
from connectors.platforms.seller_center_oms.client import OmsClient
from connectors.platforms.seller_center_oms.sources import Customers, Orders
from connectors.platforms.seller_center_oms.targets import OrderStatusTarget
from connectors.sdk.adapter import Adapter
from hub.kinds import Role


class SellerCenterOms(Adapter[OmsClient]):
    """Reads customers and orders; sends statuses of order items if the settings enable it."""

    key = "seller_center_oms"
    name = "Seller Center OMS"
    role = Role.OMS
    setup_guide = settings.GUIDE
    Settings = settings.Settings
    Credentials = settings.Credentials
    assumptions = ASSUMPTIONS
    streams = (Customers, Orders, OrderStatusTarget)

    def make_client(self) -> OmsClient:
        return OmsClient(self.account, self.http)

    def check(self) -> str:
        rows, _, _ = self.client.listing.read("orders", since=None, cursor=None, limit=1)
        return "Connected. The OMS lists its orders." if rows else "Connected. The OMS has no orders yet."
