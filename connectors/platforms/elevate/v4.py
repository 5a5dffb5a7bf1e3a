"""Admin API v4: how operations stand in a file of JSON Lines, how a file is sent, what the answers mean.

Assumed, as no page of the vendor says so, and used nowhere else: `{"remove": {"key": …}}` removes a group; an `edit`
merges objects and replaces everything else; 409 means that another import is running; a refusal by the harm check
has the word "harmful" in its reason and no `errorDetails`.
"""

import gzip
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import orjson

from connectors.contract import Action, ImportAnswer, ImportState, Operation
from connectors.errors import NeedsAttention
from connectors.http import HttpClient, Refused

CATALOG = "/api/admin/v4/import/catalog"
STATUS = "/api/admin/v4/import/status"
CONTENT_TYPE = "application/jsonlines"
STATES = {
    "WAITING": ImportState.RUNNING,
    "BLOCKED": ImportState.RUNNING,
    "IN_PROGRESS": ImportState.RUNNING,
    "SUCCESS": ImportState.DONE,
    "FAILURE": ImportState.REFUSED,
    "ABORTED": ImportState.UNKNOWN,
    "NOT_FOUND": ImportState.UNKNOWN,
}
# Said of a group when something inside it is wrong, which is said as well.
INNER = "Inner error"


def line(operation: Operation, key: str, *, replace_all: bool) -> bytes:
    """One operation as a line. Where only single attributes changed, an edit carries those alone (F6)."""
    if operation.action is Action.REMOVE:
        return _dump({"remove": {"key": key}})
    if not replace_all and operation.action is Action.UPDATE and operation.previous:
        changed = difference(operation.previous["productGroup"], operation.payload["productGroup"])
        if changed:
            return _dump({"edit": {"key": key, "productGroup": changed}})
    return _dump({"replace": operation.payload})


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any] | None:
    """What an edit must say to turn one into the other; None if that takes more than setting attributes.

    An edit cannot take away, and a product or variant that is new comes with its whole group (F5).
    """
    if before.keys() != after.keys():
        return None
    changed: dict[str, Any] = {}
    for name, value in after.items():
        if value == before[name]:
            continue
        if isinstance(value, dict) and isinstance(before[name], dict):
            inner = difference(before[name], value)
            if inner is None:
                return None
            changed[name] = inner
        else:
            changed[name] = value
    return changed


def send(
    http: HttpClient, path: str, *, replace_all: bool, name: str, force: bool, blocking_timeout: int
) -> ImportAnswer:
    """PUT replaces everything, POST changes what the file names. The file goes out as it lies there, gzipped."""
    with open(path, "rb") as file:
        try:
            response = http.request(
                "PUT" if replace_all else "POST",
                CATALOG,
                params={"blockingTimeout": f"PT{blocking_timeout}S", "force": str(force).lower(), "name": name},
                data=file,
                headers={"Content-Type": CONTENT_TYPE, "Content-Encoding": "gzip"},
            )
        except Refused as refused:
            return _refusal(refused, path)
    if response.status != 202:
        return ImportAnswer(ImportState.DONE)
    answer = _progress(response.json())
    if answer.state is ImportState.RUNNING and not answer.remote_id:
        answer.state = ImportState.UNKNOWN  # it cannot be asked after; imports are atomic, so it is sent again (F14)
    return answer


def poll(http: HttpClient, remote_id: str) -> ImportAnswer:
    return _progress(http.get(STATUS, params={"id": remote_id}).json())


def explain(http: HttpClient, path: str, *, replace_all: bool) -> ImportAnswer | None:
    """What is wrong with a file, by having it checked only. None if nothing is."""
    with open(path, "rb") as file:
        try:
            http.request(
                "PUT" if replace_all else "POST",
                CATALOG,
                params={"validationOnly": "true"},
                data=file,
                headers={"Content-Type": CONTENT_TYPE, "Content-Encoding": "gzip"},
            )
        except Refused as refused:
            return _refusal(refused, path)
    return None


def _progress(body: Any) -> ImportAnswer:
    """Ids are numbers or texts, a reason may be null."""
    body = body if isinstance(body, dict) else {}
    reason = str(body.get("reason") or "")
    state = STATES.get(str(body.get("status")), ImportState.UNKNOWN)
    if state is ImportState.REFUSED and _is_harmful(reason):
        state = ImportState.HARMFUL
    return ImportAnswer(state, remote_id=str(body.get("id") or ""), reason=reason, raw=body)


def _refusal(refused: Refused, path: str) -> ImportAnswer:
    body = refused.body if isinstance(refused.body, dict) else {}
    reason = str(body.get("reason") or refused.response.text(500))
    if refused.status == 409:
        return ImportAnswer(ImportState.BUSY, reason=reason, raw=body)
    if refused.status == 404:
        raise NeedsAttention(
            "There is no such cluster.", mend="Correct the cluster in the connection's address."
        ) from refused
    details = body.get("errorDetails")
    if isinstance(details, dict):
        return ImportAnswer(ImportState.REFUSED, reason=reason, culprits=culprits(details, path), raw=body)
    state = ImportState.HARMFUL if _is_harmful(reason) else ImportState.REFUSED
    return ImportAnswer(state, reason=reason, raw=body)


def _is_harmful(reason: str) -> bool:
    return "harmful" in reason.lower()


def culprits(details: dict[str, Any], path: str) -> dict[str, str]:
    """Key of each bad group → what is wrong in it (N11). The file tells which group a product or variant stands in."""
    messages: dict[str, list[str]] = defaultdict(list)
    for message, where in (details.get("dataErrors") or {}).items():
        for key in where.get("exampleKeys", ()):
            if INNER not in message:
                messages[key].append(message)
    named = {
        key for kind in ("productGroups", "products", "variants") for key in (details.get(kind) or {}).get("keys", ())
    }
    named |= messages.keys()
    found = {}
    for group, keys in groups_in(path):
        if bad := sorted(keys & named):
            reasons = dict.fromkeys(f"{key}: {message}" for key in bad for message in messages[key])
            found[group] = "; ".join(reasons) or "Elevate refuses it without saying why."
    return found


def groups_in(path: str) -> Iterator[tuple[str, set[str]]]:
    """Each group of a file with the keys that stand in it, its own included."""
    with gzip.open(path) as lines:
        for each in lines:
            (operation,) = orjson.loads(each).values()
            products = operation.get("productGroup", {}).get("products", {})
            inner = {key for product in products.values() for key in product.get("variants", {})}
            yield operation["key"], {operation["key"], *products, *inner}


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
