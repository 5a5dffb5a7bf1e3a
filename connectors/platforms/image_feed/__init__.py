"""An external image feed (role: custom): a file at a URL that lists the images of each SKU (S4).

The format is our own; docs/platforms/image_feed.md specifies it.
"""

from typing import Any

from connectors.platforms.image_feed import settings
from connectors.platforms.image_feed.client import ImageFeedClient
from connectors.platforms.image_feed.sources import Galleries
from connectors.sdk.account import Account
from connectors.sdk.adapter import Adapter
from connectors.sdk.authenticators import Authenticator, bearer
from connectors.sdk.tokens import TokenStore
from hub.kinds import Role


class ImageFeed(Adapter[ImageFeedClient]):
    """Reads the images of each SKU, for the galleries of products that are imported from other sources."""

    key = "image_feed"
    name = "Image feed"
    role = Role.CUSTOM
    setup_guide = settings.GUIDE
    Settings = settings.Settings
    Credentials = settings.Credentials
    streams = (Galleries,)

    def make_authenticator(self, account: Account[Any, settings.Credentials, Any], tokens: TokenStore) -> Authenticator:
        return bearer(account.credentials.token.get_secret_value())

    def make_client(self) -> ImageFeedClient:
        return ImageFeedClient(self.account, self.http)

    def check(self) -> str:
        return f"The feed has images of {len(self.client.read() or []):,} SKUs."
