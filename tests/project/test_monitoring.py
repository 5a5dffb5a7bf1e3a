"""Metrics, logs, alert rules and dashboards say the same, and nothing personal (O1)."""

import json
import logging
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from common.log_context import log_context
from hub.kinds import DataType, Direction
from hub.models import Change, Run, RunCounter
from synccenter.logs import Formatter, JSONFormatter
from synccenter.metrics import GAUGES
from tests.factories import make_connection, make_job, make_seller

HISTOGRAM = "synccenter_request_duration_seconds"
TOKEN = "metrics-token"
NAMES = {gauge.name for gauge in GAUGES} | {HISTOGRAM + end for end in ("_bucket", "_count", "_sum")}


@pytest.fixture
def scrape(client: Client, settings: Any, db: None) -> Any:
    settings.METRICS_TOKEN = TOKEN

    def get() -> dict[str, dict[tuple[str, ...], float]]:
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200
        return {
            family.name: {tuple(sample.labels.values()): sample.value for sample in family.samples}
            for family in text_string_to_metric_families(response.content.decode())
        }

    return get


def test_every_metric_is_there_and_says_what_the_database_holds(scrape: Any) -> None:
    job = make_job(make_connection(make_seller(), role="shop"), DataType.PRODUCTS, Direction.EXPORT)
    run = Run.objects.create(job=job, scope=Run.Scope.FULL, trigger=Run.Trigger.BUTTON, api_calls=7)
    RunCounter.objects.create(run=run, kind="product", updated=5, skipped=2)
    Run.objects.update(state=Run.State.DONE, finished_at=run.created_at)
    lane = job.connection.lanes.first()
    Change.objects.create(job=job, lane=lane, kind="product", item_id=1, token=1, state=Change.State.HELD)
    found = scrape()
    assert found.keys() >= {gauge.name for gauge in GAUGES}
    assert found["synccenter_changes_held"] == {(): 1}
    ended = found["synccenter_runs_ended_last_hour"]
    assert (ended["done",], ended["failed",]) == (1, 0)  # an alert asks for those that failed, even if there are none
    assert found["synccenter_items_last_hour"].items() >= {("updated",): 5, ("skipped",): 2, ("failed",): 0}.items()
    assert found["synccenter_api_calls_last_hour"] == {(job.connection.platform,): 7}
    assert sum(found["synccenter_connections"].values()) == 1


def test_a_missing_backup_is_told_by_live_only(scrape: Any, settings: Any) -> None:
    name = "synccenter_backup_last_success_timestamp_seconds"
    assert scrape()[name] == {(): 0}
    settings.ENVIRONMENT = "staging"
    assert scrape()[name] == {}


def test_requests_are_measured_by_view(scrape: Any, client: Client) -> None:
    client.get("/health")
    client.post("/webhooks/no-such-token-0123456789")
    views = {value for labels in scrape()[HISTOGRAM] for value in labels}
    assert views >= {"health", "webhook"}


def test_a_web_server_tells_of_its_own_requests_only(client: Client, settings: Any, db: None) -> None:
    settings.METRICS_TOKEN = TOKEN
    client.get("/health")
    text = client.get("/metrics/requests", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    found = {family.name for family in text_string_to_metric_families(text)}
    assert HISTOGRAM in found and not found & {gauge.name for gauge in GAUGES}
    assert client.get("/metrics/requests").status_code == 401


def test_the_number_of_queries_does_not_grow(scrape: Any) -> None:
    with CaptureQueriesContext(
        connection,
    ) as before:
        scrape()
    for number in range(3):
        make_connection(make_seller(f"seller-{number}"), role="shop")
    with CaptureQueriesContext(connection) as after:
        scrape()
    assert len(before) == len(after) <= len(GAUGES) + 3


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", TOKEN])
def test_metrics_need_the_token(client: Client, settings: Any, authorization: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    response = client.get("/metrics", headers={"Authorization": authorization})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_the_page_lists_the_metrics_as_they_are(root: Path) -> None:
    page = (root / "docs" / "monitoring.md").read_text()
    rows = re.findall(r"^\| `(synccenter_\w+)` \| (.*?) ?\| (.*) \|$", page, re.MULTILINE)
    assert rows == [
        (gauge.name, ", ".join(f"`{label}`" for label in gauge.labels), gauge.description) for gauge in GAUGES
    ]


def test_alerts_and_dashboard_use_metrics_that_exist(root: Path) -> None:
    folder = root / "docs" / "monitoring"
    [group] = yaml.safe_load((folder / "alerts.yml").read_text())["groups"]
    dashboard = json.loads((folder / "grafana.json").read_text())
    queries = [rule["expr"] for rule in group["rules"]]
    queries += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(queries) > 20
    for query in queries:
        used = set(re.findall(r"\bsynccenter_\w+", query))
        assert used <= NAMES, query
        assert used or query.startswith("up"), query


def test_every_alert_has_a_section_on_what_to_do(root: Path) -> None:
    [group] = yaml.safe_load((root / "docs" / "monitoring" / "alerts.yml").read_text())["groups"]
    sections = re.findall(r"^### (SyncCenter\w+)$", (root / "docs" / "monitoring.md").read_text(), re.MULTILINE)
    assert sections == [rule["alert"] for rule in group["rules"]]
    for rule in group["rules"]:
        assert rule["annotations"]["runbook_url"].endswith(f"#{rule['alert'].lower()}")


def test_lines_of_json_tell_what_was_worked_on_and_hide_tokens() -> None:
    record = logging.LogRecord("web", logging.ERROR, __file__, 1, "lost /webhooks/%s", ("x" * 32,), None)
    record.request = "headers and a cookie"
    with log_context(run=7, seller=None), log_context(job=3):
        line = json.loads(JSONFormatter().format(record))
    assert line.pop("time").endswith("Z")
    assert line == {"level": "ERROR", "logger": "web", "message": "lost /webhooks/•••", "run": 7, "job": 3}
    assert "job" not in json.loads(JSONFormatter().format(record))


@pytest.mark.parametrize("path", ["webhooks", "account/invitation", "account/email", "account/password/reset"])
def test_no_line_has_the_token_of_a_url(path: str, root: Path) -> None:
    record = logging.LogRecord("web", logging.WARNING, __file__, 1, f"Not Found: /{path}/{'x' * 20}/", (), None)
    assert json.loads(JSONFormatter().format(record))["message"] == f"Not Found: /{path}/•••/"
    # The proxy's log neither.
    masked = re.search(r'"~\^\(\?<public>/\(([^)]*)\)/\)" \$public', (root / "nginx.conf").read_text())
    assert masked and path in masked[1].split("|")


@pytest.mark.parametrize("formatter", [Formatter(), JSONFormatter()])
def test_no_line_has_personal_data(formatter: logging.Formatter) -> None:
    text = (
        "duplicate key 'sku'\nDETAIL:  Key (name)=(Jane Doe) already exists.\nmore, \"Jane\"\n  [input_value='Doe, J.']"
    )
    try:
        raise ValueError(text)
    except ValueError:
        error = sys.exc_info()
    path = "/api/v1/live/site/customers/jane@doe.example/addresses"
    line = formatter.format(logging.LogRecord("web", logging.ERROR, __file__, 1, "Not Found: %s", (path,), error))
    assert not re.search("jane|doe", line, re.IGNORECASE)
    assert all(text in line for text in ("customers/•••/addresses", "duplicate key 'sku'", "DETAIL:  •••", "more, •••"))
    assert formatter.format(logging.makeLogRecord({"msg": "worker@web.hub.example ready."})).count("worker@web.hub.")


def test_a_text_from_outside_is_one_line() -> None:
    record = logging.makeLogRecord({"msg": "refused: %s", "args": ("a\r\n2026-11-30 INFO paid\u2028\x1b[2J",)})
    assert Formatter().format(record) == r"refused: a\r\n2026-11-30 INFO paid\u2028\x1b[2J"
    assert "\n" not in JSONFormatter().format(record)


def test_a_request_gets_an_id_or_keeps_its_own(client: Client, db: None) -> None:
    assert client.get("/health", headers={"X-Request-ID": "abc-1"})["X-Request-ID"] == "abc-1"
    assert re.fullmatch(r"[0-9a-f]{32}", client.get("/health", headers={"X-Request-ID": "a b"})["X-Request-ID"])
