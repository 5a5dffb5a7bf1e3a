"""Runs `tap-bigcommerce` for all its streams; prints the IDs that it wrote, and the lines of each order."""

import contextlib
import io
import json
import logging
import sys
import tempfile
from pathlib import Path

import to_sandbox  # noqa: F401 - before the client
from tap_bigcommerce import main

logging.disable(logging.CRITICAL)
folder = Path(tempfile.mkdtemp())
config = {"start_date": "2000-01-01T00:00:00Z", "client_id": "client", "access_token": "token", "store_hash": "alpha"}


def tap(*arguments: str) -> str:
    sys.argv = ["tap-bigcommerce", "--config", str(folder / "config.json"), *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as written:
        main()
    return written.getvalue()


(folder / "config.json").write_text(json.dumps(config))
catalog = json.loads(tap("--discover"))
for stream in catalog["streams"]:
    for each in stream["metadata"]:
        each["metadata"]["selected"] = True
(folder / "catalog.json").write_text(json.dumps(catalog))
messages = map(json.loads, tap("--catalog", str(folder / "catalog.json")).splitlines())
records = [message for message in messages if message["type"] == "RECORD"]
found = {stream["stream"]: [] for stream in catalog["streams"]}
for each in records:
    found[each["stream"]].append(each["record"]["id"])
found["lines"] = [len(each["record"]["products"]) for each in records if each["stream"] == "orders"]
print(json.dumps(found))
