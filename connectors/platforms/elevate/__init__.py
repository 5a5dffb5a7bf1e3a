"""Voyado Elevate (role: search), by Admin API v4; docs/platforms/elevate.md tells merchants and operators.

What had to be assumed of the API stands in v4.py, in its docstring. A product of the hub is a product group with one
product; discontinued and hidden ones are not in the feed.
"""

from typing import Any

from pydantic import Field, SecretStr

from connectors.contract import FeedAdapter, ImportAnswer, ImportState, Operation, References, Schema
from connectors.errors import NeedsAttention
from connectors.http import Refused
from connectors.platforms.elevate import v4
from connectors.platforms.elevate.groups import Settings, group, key_of
from hub.kinds import DataType, Role


class Credentials(Schema):
    api_key: SecretStr = Field(min_length=1, title="API key", description="The cluster's private key.")


class Elevate(FeedAdapter):
    """Sends the catalogue of one seller to one cluster. The connection's address is the cluster's own."""

    key = "elevate"
    name = "Voyado Elevate"
    role = Role.SEARCH
    Settings = Settings
    Credentials = Credentials
    exports = {DataType.PRODUCTS: "feed"}
    batch_size = {DataType.PRODUCTS: 1000}
    schedules = {DataType.PRODUCTS: ("1d", "")}
    content_type = v4.CONTENT_TYPE

    @property
    def drain_seconds(self) -> float:
        return float(self.account.settings.drain_every)

    def authenticate(self) -> dict[str, str]:
        return {"Api-Key": self.account.credentials.api_key.get_secret_value()}

    def check(self) -> str:
        """Asks for the status of an import that there never was."""
        try:
            v4.poll(self.http, "0")
        except Refused as refused:
            raise NeedsAttention(
                f"There is no cluster at this address ({refused.status}).",
                mend="The address is https://, the cluster's id, and .api.esales.apptus.cloud or .elevate-api.cloud.",
            ) from refused
        return f"The cluster answers. Markets: {', '.join(self.account.settings.markets)}"

    def payload(self, data_type: DataType, item: Any, refs: References) -> dict[str, Any] | None:
        return group(item, self.account.settings)

    def key_of(self, operation: Operation) -> str:
        return operation.external_id or key_of(operation.item_id)

    def line(self, operation: Operation, *, replace_all: bool) -> bytes:
        return v4.line(operation, self.key_of(operation), replace_all=replace_all)

    def start_import(self, path: str, *, replace_all: bool, name: str, force: bool) -> ImportAnswer:
        return v4.send(
            self.http,
            path,
            replace_all=replace_all,
            name=name,
            force=force,
            blocking_timeout=self.account.settings.blocking_timeout,
        )

    def poll_import(self, remote_id: str, *, path: str, replace_all: bool) -> ImportAnswer:
        """A failure that took its time comes without details, so the file is checked once more for them."""
        answer = v4.poll(self.http, remote_id)
        if answer.state is ImportState.REFUSED:
            explained = v4.explain(self.http, path, replace_all=replace_all)
            if explained is not None and explained.state is ImportState.REFUSED:
                return explained
        return answer
