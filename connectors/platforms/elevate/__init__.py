"""Voyado Elevate (role: search), by Admin API v4 or v3; docs/platforms/elevate.md tells merchants and operators.

What had to be assumed of the API stands in api.py, v3.py and v4.py, in their docstrings. A product of the hub is a
product group with one product; discontinued and hidden ones are not in the feed.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from pydantic import Field, SecretStr

from connectors.contract import FeedAdapter, FeedFile, ImportResult, Operation, References, Schema, SizeSchedules
from connectors.errors import NeedsAttention
from connectors.http import Refused
from connectors.platforms.elevate import v3
from connectors.platforms.elevate.client import AdminApi
from connectors.platforms.elevate.product_groups import FieldMap, Settings, key_of, product_group_payload
from connectors.platforms.elevate.v3 import V3
from connectors.platforms.elevate.v4 import V4
from hub.kinds import DataType, Role

SWITCH_TO_V4 = "Choose v4 in the settings; the next import then sends everything anew, in its format."


class Credentials(Schema):
    api_key: SecretStr = Field(min_length=1, title="API key", description="The cluster's private key.")


class Elevate(FeedAdapter):
    """Sends the catalogue of one seller to one cluster. The connection's address is the cluster's own."""

    key = "elevate"
    name = "Voyado Elevate"
    role = Role.SEARCH
    Settings = Settings
    Credentials = Credentials
    FieldMap = FieldMap
    exports = {DataType.PRODUCTS: "feed"}
    batch_size = {DataType.PRODUCTS: 1000}
    # The vendor's advice; between full imports the queue is drained every few minutes.
    schedules_by_size = {DataType.PRODUCTS: SizeSchedules(10_000, below="1h", above="1d")}

    @classmethod
    def deprecation_warnings(cls, settings: Any, *, today: date) -> list[str]:
        if settings.api_version != "v3":
            return []
        left = (v3.END_OF_LIFE - today).days
        when = f"ends on {v3.END_OF_LIFE}, in {left} days" if left >= 0 else f"ended on {v3.END_OF_LIFE}"
        return [f"Admin API v3 {when}. {SWITCH_TO_V4}"]

    @cached_property
    def api(self) -> AdminApi:
        """The version that the connection speaks. NeedsAttention for one that has ended (F16)."""
        settings = self.account.settings
        if settings.api_version == "v4":
            return V4(self.http, settings)
        if datetime.now(UTC).date() > v3.END_OF_LIFE:
            raise NeedsAttention(
                f"Admin API v3 ended on {v3.END_OF_LIFE}, and nothing is sent by it any more.", fix=SWITCH_TO_V4
            )
        return V3(self.http, settings)

    @property
    def drain_seconds(self) -> float:
        return float(self.account.settings.drain_every)

    @property
    def format(self) -> str:
        return str(self.account.settings.api_version)

    def authenticate(self) -> dict[str, str]:
        return {"Api-Key": self.account.credentials.api_key.get_secret_value()}

    def check(self) -> str:
        """Asks for the status of an import that there never was."""
        try:
            self.http.get(self.api.status, params={"id": "0"})
        except Refused as refused:
            raise NeedsAttention(
                f"There is no cluster at this address ({refused.status}).",
                fix="The address is https://, the cluster's id, and .api.esales.apptus.cloud or .elevate-api.cloud.",
            ) from refused
        return f"The cluster answers. Markets: {', '.join(self.account.settings.markets)}"

    def payload(self, data_type: DataType, item: Any, refs: References) -> dict[str, Any] | None:
        return product_group_payload(item, self.account.settings, self.account.field_map)

    def names_in(self, payload: Any) -> dict[tuple[str, str], str]:
        labels = payload.get("names", {}).items()
        return {(label, value): name for label, names in labels for value, name in names.items()}

    def with_names(self, payload: Any, names: Mapping[tuple[str, str], str]) -> Any:
        labels: dict[str, dict[str, str]] = {}
        for (label, value), name in names.items():
            labels.setdefault(label, {})[value] = name
        return payload | {"names": labels}

    def key_of(self, operation: Operation) -> str:
        return operation.external_id or key_of(operation.item_id)

    def open_feed(self, path: str, *, replace_all: bool) -> FeedFile:
        return self.api.open_feed(path, replace_all=replace_all)

    def start_import(self, path: str, *, replace_all: bool, name: str, force: bool) -> ImportResult:
        return self.api.send(path, replace_all=replace_all, name=name, force=force)

    def poll_import(self, remote_id: str, *, path: str, replace_all: bool) -> ImportResult:
        return self.api.poll(remote_id, path=path, replace_all=replace_all)
