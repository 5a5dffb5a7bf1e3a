"""One Elevate cluster, accessed with the version of the Admin API that the settings select."""

from functools import cached_property

from connectors.platforms.elevate import v3
from connectors.platforms.elevate.admin_api import AdminApi
from connectors.platforms.elevate.settings import Credentials, FieldMap, Settings
from connectors.platforms.elevate.v3 import V3
from connectors.platforms.elevate.v4 import V4
from connectors.sdk import clock
from connectors.sdk.account import Account
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.http import HttpClient

SWITCH_TO_V4 = (
    "Choose v4 in the settings. The next import then sends the whole catalog in the new format; an operator has to "
    "force it, because it moves the cluster."
)


class ElevateClient:
    def __init__(self, account: Account[Settings, Credentials, FieldMap], http: HttpClient) -> None:
        self.settings = account.settings
        self.field_map = account.field_map
        self.http = http

    @cached_property
    def api(self) -> AdminApi:
        """NeedsAttention for a version that the vendor has shut down (F16)."""
        if self.settings.api_version == "v4":
            return V4(self.http, self.settings, self.field_map)
        if clock.now().date() > v3.END_OF_LIFE:
            raise NeedsAttention(f"Admin API v3 ended on {v3.END_OF_LIFE}. Nothing was sent.", fix=SWITCH_TO_V4)
        return V3(self.http, self.settings, self.field_map)
