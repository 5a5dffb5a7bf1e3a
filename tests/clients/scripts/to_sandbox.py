"""Imported first: what the client then sends to the vendor with requests goes to the sandbox."""

import os
from typing import Any

import requests

VENDOR = "https://api.bigcommerce.com"
send = requests.Session.send


def send_to_sandbox(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
    assert request.url and request.url.startswith(VENDOR)
    request.url = os.environ["SANDBOX"] + request.url.removeprefix(VENDOR)
    return send(self, request, **options)


requests.Session.send = send_to_sandbox  # type: ignore[method-assign]
