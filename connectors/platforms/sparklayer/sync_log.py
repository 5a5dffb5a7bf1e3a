"""The sync log that merchants read in the SparkLayer dashboard.

https://docs.sparklayer.io/developers/api/sync-log. The names of an error's title and text, and that of the resolved
ids, are assumed: no page that could be read has them.
"""

from datetime import UTC, datetime

from connectors.contract import LogError, LogReport
from connectors.errors import NoSuchLog
from connectors.http import Refused
from connectors.platforms.sparklayer.client import SparkLayerClient, refusal_error
from hub.kinds import DataType

SYNC_LOG_PATH = "/api/v1/sync-log"
RECORD_PATH = "/api/v1/sync-log/{}/{}"
VISIBLE_ID, MESSAGE, RESOLVED = "visible_id", "message", "resolved"
# SparkLayer's word for each of ours.
LOG_NAMES: dict[DataType, str] = {
    DataType.PRODUCTS: "products",
    DataType.CUSTOMERS: "customers",
    DataType.ORDERS: "purchases",
    DataType.SETTINGS: "merchant",
}


def start(
    client: SparkLayerClient, integration: str, data_type: DataType, started: datetime, finished_at: datetime | None
) -> None:
    """A timestamp that is left out is cleared, so the end of the last full sync is said once more."""
    body: dict[str, object] = {"started_full_sync": _utc(started), "errors": []}
    if finished_at is not None:
        body |= {"last_full_sync": _utc(finished_at), "last_full_sync_succeeded": True}
    _call(client, "PUT", integration, data_type, body)


def add(client: SparkLayerClient, integration: str, data_type: DataType, report: LogReport) -> None:
    body: dict[str, object] = {"errors": [_error(each) for each in report.errors], RESOLVED: list(report.resolved)}
    if report.finished_at is not None:
        body["last_full_sync"] = _utc(report.finished_at)
    _call(client, "PATCH", integration, data_type, body)


def delete(client: SparkLayerClient) -> None:
    """Those of all integrations and types of the site: SparkLayer offers no less."""
    client.call("DELETE", SYNC_LOG_PATH)


def _call(client: SparkLayerClient, method: str, integration: str, data_type: DataType, body: object) -> None:
    try:
        client.call(method, RECORD_PATH, integration, LOG_NAMES[data_type], body=body)
    except Refused as refused:
        if refused.status == 404 and method == "PATCH":
            raise NoSuchLog(f"SparkLayer has no log of {LOG_NAMES[data_type]}.") from refused
        raise refusal_error(refused) from refused


def _error(error: LogError) -> dict[str, str]:
    body = {"external_id": error.external_id, VISIBLE_ID: error.title or error.external_id, MESSAGE: error.message}
    return body | ({"external_url": error.link} if error.link else {})


def _utc(timestamp: datetime) -> str:
    return timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z")
