"""A client of the simulated Seller Center, with a signing implementation independent of the product's."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import requests

from sandbox.process import SandboxProcess


def call(
    process: SandboxProcess,
    path: str,
    body: Any,
    *,
    account: str = "",
    key: str = "",
    late: timedelta = timedelta(0),
    **parameters: str,
) -> requests.Response:
    """Send one signed POST of an account (default: the first)."""
    account = account or next(iter(process.accounts))
    stamp = (datetime.now(UTC) - late).isoformat(timespec="seconds")
    query = {**parameters, "ServiceName": account, "Timestamp": stamp}
    text = "&".join(f"{name}={quote(query[name], safe='')}" for name in sorted(query))
    query["Signature"] = hmac.new(
        (key or process.accounts[account]).encode(), text.encode(), hashlib.sha256
    ).hexdigest()
    with requests.Session() as http:
        http.trust_env = False
        return http.post(process.url + path, params=query, json=body, timeout=60)
