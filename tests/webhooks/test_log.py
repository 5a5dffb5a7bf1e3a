"""No log contains the token of a webhook URL."""

import json
import logging
import re
import socket
from urllib.parse import urlsplit

import pytest
import requests

from connectors.engine.error_texts import error_text
from hub.models import Connection
from synccenter.logs import Formatter, JSONFormatter
from synccenter.processes import Processes
from tests.webhooks.sending import body_of, event, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_rejections_are_in_the_log_without_the_token(shop: Connection, web: str, processes: Processes) -> None:
    address = f"{web}/webhooks/{shop.webhook_token}"
    assert requests.post(address, data=body_of(event()), timeout=60).status_code == 401
    assert requests.get(address, timeout=60).status_code == 405
    assert requests.post(f"{address}x", timeout=60).status_code == 404
    assert requests.post(address, headers={"Host": "elsewhere.example"}, timeout=60).status_code == 400
    assert requests.post(f"{address}/%00", timeout=60).status_code == 400
    where = urlsplit(web)
    with socket.create_connection((where.hostname, where.port), timeout=60) as line:
        line.sendall(f"POST {urlsplit(address).path}\r\n\r\n".encode())  # rejected by gunicorn itself
        line.recv(1000)
    # The server may write a line after it has answered.
    wait_until(lambda: "Invalid HTTP request line" in processes.log("web"))
    wait_until(lambda: processes.log("web").count("/webhooks/•••") >= 5)
    assert shop.webhook_token not in processes.log("web")


def test_tracebacks_are_masked_as_well_and_pages_of_merchants_are_not(shop: Connection) -> None:
    record = logging.LogRecord("a", logging.ERROR, "", 1, "%s and %s", ("/s/acorn/webhooks/17/replay/", "b"), None)
    assert Formatter().format(record) == "/s/acorn/webhooks/17/replay/ and b"
    try:
        raise ValueError(f"cannot send to https://hub.example/webhooks/{shop.webhook_token}?x=1")
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
        shown = error_text(error)
    text = Formatter().format(record)
    reference = text.rpartition("Reference: ")[2]
    assert re.fullmatch("[0-9A-F]{8}", reference)
    assert f"Contact support with the reference {reference}." in shown and "cannot send" not in shown
    assert json.loads(JSONFormatter().format(record))["reference"] == reference
    assert "https://hub.example/webhooks/•••?x=1" in text and shop.webhook_token not in text
