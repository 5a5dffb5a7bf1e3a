"""The sync log that merchants see in the SparkLayer dashboard.

https://docs.sparklayer.io/developers/api/sync-log. The field names of an error's title and text, and of the resolved
IDs, are assumed, because the documentation does not contain them.
"""

from datetime import UTC, datetime

from connectors.platforms.sparklayer.client import SparkLayerClient
from connectors.platforms.sparklayer.rejections import rejection_error
from connectors.sdk.errors import SyncLogMissing
from connectors.sdk.responses import RequestRejected
from connectors.sdk.sync_log import LogError, LogUpdate, RemoteSyncLog
from hub.kinds import DataType

SYNC_LOG_PATH = "/api/v1/sync-log"
RECORD_PATH = "/api/v1/sync-log/{}/{}"
VISIBLE_ID, MESSAGE, RESOLVED = "visible_id", "message", "resolved"
# Our data types → SparkLayer's names.
LOG_NAMES: dict[DataType, str] = {
    DataType.PRODUCTS: "products",
    DataType.CUSTOMERS: "customers",
    DataType.ORDERS: "purchases",
    DataType.SETTINGS: "merchant",
}


class SparkLayerLog(RemoteSyncLog[SparkLayerClient]):
    names = LOG_NAMES

    def start(self, data_type: DataType, *, started_at: datetime, last_finished_at: datetime | None) -> None:
        """Omitting a timestamp clears it, so the end of the last full sync is sent again."""
        body: dict[str, object] = {"started_full_sync": _utc(started_at), "errors": []}
        if last_finished_at is not None:
            body |= {"last_full_sync": _utc(last_finished_at), "last_full_sync_succeeded": True}
        self._call("PUT", data_type, body)

    def update(self, data_type: DataType, update: LogUpdate) -> None:
        body: dict[str, object] = {
            "errors": [_error(each) for each in update.errors],
            RESOLVED: list(update.resolved),
        }
        if update.finished_at is not None:
            body["last_full_sync"] = _utc(update.finished_at)
        self._call("PATCH", data_type, body)

    def delete_all(self) -> None:
        """Deletes the logs of all integrations and types of the site: SparkLayer has no more specific call."""
        self.client.call("DELETE", SYNC_LOG_PATH)

    def _call(self, method: str, data_type: DataType, body: object) -> None:
        try:
            self.client.call(method, RECORD_PATH, self.client.settings.integration, LOG_NAMES[data_type], body=body)
        except RequestRejected as error:
            if error.status == 404 and method == "PATCH":
                raise SyncLogMissing(f"SparkLayer has no log of {LOG_NAMES[data_type]}.") from error
            raise rejection_error(error) from error


def _error(error: LogError) -> dict[str, str]:
    body = {"external_id": error.external_id, VISIBLE_ID: error.title or error.external_id, MESSAGE: error.message}
    return body | ({"external_url": error.link} if error.link else {})


def _utc(timestamp: datetime) -> str:
    return timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z")
