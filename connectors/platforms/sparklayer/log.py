"""The sync log that merchants read in the SparkLayer dashboard.

https://docs.sparklayer.io/developers/api/sync-log. The names of an error's title and text, and that of the resolved
ids, are assumed: no page that could be read has them.
"""

from datetime import UTC, datetime

from connectors.contract import LogError, LogReport
from connectors.errors import NoSuchLog
from connectors.http import Refused
from connectors.platforms.sparklayer.site import Site, problem_of
from hub.kinds import DataType

ALL = "/api/v1/sync-log"
ONE = "/api/v1/sync-log/{}/{}"
VISIBLE_ID, MESSAGE, RESOLVED = "visible_id", "message", "resolved"
# SparkLayer's word for each of ours.
NAMES: dict[DataType, str] = {
    DataType.PRODUCTS: "products",
    DataType.CUSTOMERS: "customers",
    DataType.ORDERS: "purchases",
    DataType.SETTINGS: "merchant",
}


def begin(site: Site, integration: str, data_type: DataType, started: datetime, ended: datetime | None) -> None:
    """A timestamp that is left out is cleared, so the end of the last full sync is said once more."""
    body: dict[str, object] = {"started_full_sync": _utc(started), "errors": []}
    if ended is not None:
        body |= {"last_full_sync": _utc(ended), "last_full_sync_succeeded": True}
    _call(site, "PUT", integration, data_type, body)


def add(site: Site, integration: str, data_type: DataType, report: LogReport) -> None:
    body: dict[str, object] = {"errors": [_error(each) for each in report.errors], RESOLVED: list(report.resolved)}
    if report.ended is not None:
        body["last_full_sync"] = _utc(report.ended)
    _call(site, "PATCH", integration, data_type, body)


def delete(site: Site) -> None:
    """Those of all integrations and types of the site: SparkLayer offers no less."""
    site.call("DELETE", ALL)


def _call(site: Site, method: str, integration: str, data_type: DataType, body: object) -> None:
    try:
        site.call(method, ONE, integration, NAMES[data_type], body=body)
    except Refused as refused:
        if refused.status == 404 and method == "PATCH":
            raise NoSuchLog(f"SparkLayer has no log of {NAMES[data_type]}.") from refused
        raise problem_of(refused) from refused


def _error(error: LogError) -> dict[str, str]:
    body = {"external_id": error.external_id, VISIBLE_ID: error.title or error.external_id, MESSAGE: error.message}
    return body | ({"external_url": error.link} if error.link else {})


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
