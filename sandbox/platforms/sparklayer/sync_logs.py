"""Sync logs of SparkLayer.

`PUT`, `PATCH`, `GET /api/v1/sync-log/{integration}/{data_type}`, `GET …/errors`, `DELETE /api/v1/sync-log`. There is no
log before the first full sync is recorded (404). An ID may occur once per request (400), with at most 5,000 IDs.
"""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.platforms.base import json_response
from sandbox.platforms.sparklayer.responses import ApiError, is_text, known_fields, require
from sandbox.platforms.sparklayer.site import Row, Site

TYPES = ("products", "customers", "purchases", "merchant", "customer_groups")
TIMES = ("started_full_sync", "last_full_sync")
MAX_ITEMS = 5000


def put(request: Request, site: Site, body: Any) -> Response:
    """Replace the whole log: omitted fields are cleared."""
    body = known_fields(body, {*TIMES, "last_full_sync_succeeded", "errors"})
    errors = _errors(body)
    _times(body)
    key = _key(request)
    site.logs[key] = {name: body.get(name) for name in (*TIMES, "last_full_sync_succeeded")} | {
        "key": key,
        "last_partial_sync": None,
        "errors": errors,
    }
    return Response(status_code=204)


def patch(request: Request, site: Site, body: Any) -> Response:
    log = _find(request, site)
    body = known_fields(body, {*TIMES, "errors", "resolved"})
    errors = _errors(body)
    _times(body)
    resolved = body.get("resolved") or []
    require(all(map(is_text, resolved)) and len(resolved) <= MAX_ITEMS, "resolved", f"at most {MAX_ITEMS} IDs")
    require(not set(resolved) & errors.keys(), "resolved", "an ID cannot be both an error and resolved")
    log |= {name: body[name] for name in TIMES if name in body}
    log["errors"] = {key: error for key, error in log["errors"].items() if key not in set(resolved)} | errors
    log["last_partial_sync"] = body.get("last_full_sync") or "now"
    return Response(status_code=204)


def get(request: Request, site: Site, body: Any) -> Response:
    return json_response(_status(_find(request, site)))


def get_errors(request: Request, site: Site, body: Any) -> Response:
    log = _find(request, site)
    return json_response(_status(log) | {"errors": list(log["errors"].values())[:MAX_ITEMS]})


def delete(request: Request, site: Site, body: Any) -> Response:
    site.logs.clear()
    return Response(status_code=204)


def _status(log: Row) -> Row:
    return {name: log[name] for name in (*TIMES, "last_partial_sync")} | {"error_count": len(log["errors"])}


def _errors(body: Row) -> dict[str, Row]:
    errors = body.get("errors") or []
    require(isinstance(errors, list) and len(errors) <= MAX_ITEMS, "errors", f"at most {MAX_ITEMS}")
    found: dict[str, Row] = {}
    for position, each in enumerate(errors):
        known_fields(each, {"external_id", "external_url", "visible_id", "message"})
        require(is_text(each.get("external_id")), f"errors[{position}].external_id", "is required")
        require(each["external_id"] not in found, f"errors[{position}].external_id", "occurs twice")
        require(is_text(each.get("message"), 10_000), f"errors[{position}].message", "is required")
        found[each["external_id"]] = each
    return found


def _times(body: Row) -> None:
    for name in TIMES:
        value = body.get(name)
        require(value is None or re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", str(value)), name, "must be a time in UTC")


def _key(request: Request) -> str:
    data_type = request.path_params["data_type"]
    require(data_type in TYPES, "data_type", f"must be one of {', '.join(TYPES)}")
    return f"{request.path_params['integration']}/{data_type}"


def _find(request: Request, site: Site) -> Row:
    log = site.logs.get(_key(request))
    if log is None:
        raise ApiError(404, "No full sync has been recorded")
    return log


PATH = "/api/v1/sync-log/{integration}/{data_type}"
ROUTES = (
    ("PUT", PATH, put),
    ("PATCH", PATH, patch),
    ("GET", PATH, get),
    ("GET", f"{PATH}/errors", get_errors),
    ("DELETE", "/api/v1/sync-log", delete),
)
