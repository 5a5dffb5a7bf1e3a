"""Admin API v4: operations as JSON Lines, one per line.

Assumptions that no documentation confirms, and that only this module relies on: `{"remove": {"key": …}}` removes a
group; an `edit` merges objects and replaces everything else; a `translation` with the key `{label}:{id}` sets the
display name of an ID in a custom label.
"""

import gzip
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import orjson

from connectors.platforms.elevate.admin_api import AdminApi
from connectors.platforms.elevate.changes import incremental_change
from connectors.platforms.elevate.markets import ensure_markets
from connectors.platforms.elevate.product_groups import key_of
from connectors.sdk.feeds import FeedFile, ImportResult, ImportState
from connectors.sdk.operations import Action, Operation
from connectors.sdk.responses import RequestRejected
from hub.kinds import DataType

# Reported for a group when something inside it is invalid, in addition to the error itself.
INNER_ERROR = "Inner error"


class JsonLinesFeedFile(FeedFile):
    def __init__(self, path: str, *, replace_all: bool) -> None:
        self.replace_all = replace_all
        self._file = gzip.open(path, "wb", compresslevel=4)  # noqa: SIM115 - closed when the context is left
        # A key may occur only once in an import.
        self._written_names: set[str] = set()

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def add(self, data_type: DataType, operation: Operation[dict[str, Any]]) -> None:
        """If only single attributes changed, an `edit` contains just those (F6)."""
        key = operation.external_id or key_of(operation.item_id)
        if operation.action is Action.REMOVE:
            return self._write("remove", {"key": key})
        payload, previous = operation.content, operation.previous
        changed = None if self.replace_all else incremental_change(previous, payload)
        for label, names in payload.get("names", {}).items():
            if changed is None or (previous or {}).get("names", {}).get(label) != names:
                self._write_names(label, names)
        if changed is None:
            self._write("replace", {"key": key, "productGroup": payload["productGroup"]})
        elif changed:
            self._write("edit", {"key": key, "productGroup": changed})

    def _write_names(self, label: str, names: dict[str, str]) -> None:
        for value, name in names.items():
            key = f"{label}:{value}"
            if key not in self._written_names:
                self._written_names.add(key)
                self._write("replace", {"key": key, "translation": {"defaults": {"name": name}}})

    def _write(self, verb: str, content: dict[str, Any]) -> None:
        self._file.write(orjson.dumps({verb: content}, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))


class V4(AdminApi):
    version = "v4"
    other_version = "v3"
    moves_silently = True
    consequences = (
        "Forcing this import upgrades it to v4: imports by v3, also those of other systems, then fail until it is "
        "moved back. Ask Voyado for approval first."
    )
    catalog = "/api/admin/v4/import/catalog"
    status = "/api/admin/v4/import/status"
    content_type = "application/jsonlines"

    def open_file(self, path: str, *, replace_all: bool) -> FeedFile:
        return JsonLinesFeedFile(path, replace_all=replace_all)

    def method(self, *, replace_all: bool) -> str:
        return "PUT" if replace_all else "POST"

    def prepare(self) -> None:
        ensure_markets(self.http, self.settings, self.field_map)

    def poll(self, remote_id: str, *, path: str, replace_all: bool) -> ImportResult:
        """A failure that is reported asynchronously has no details, so the file is validated again to get them."""
        answer = super().poll(remote_id, path=path, replace_all=replace_all)
        if answer.state is ImportState.REJECTED:
            try:
                self._upload(path, {"validationOnly": "true"}, replace_all=replace_all)
            except RequestRejected as error:
                detailed = self._rejected_result(error, path)
                return detailed if detailed.state is ImportState.REJECTED else answer
        return answer

    def item_errors(self, answer: Any, path: str) -> dict[str, str]:
        """`errorDetails` contains keys of entities; the file shows which group a product or variant belongs to."""
        details = answer.get("errorDetails") if isinstance(answer, dict) else None
        if not isinstance(details, dict):
            return {}
        messages: dict[str, list[str]] = defaultdict(list)
        for message, where in (details.get("dataErrors") or {}).items():
            for key in where.get("exampleKeys", ()):
                if INNER_ERROR not in message:
                    messages[key].append(message)
        kinds = ("productGroups", "products", "variants")
        named = {key for kind in kinds for key in (details.get(kind) or {}).get("keys", ())} | messages.keys()
        found = {}
        for group, keys in _keys_by_group(path):
            if bad := sorted(keys & named):
                reasons = dict.fromkeys(f"{key}: {message}" for key in bad for message in messages[key])
                found[group] = "; ".join(reasons) or "Elevate rejected it without giving a reason."
        return found


def _keys_by_group(path: str) -> Iterator[tuple[str, set[str]]]:
    """Each group of a file with all keys in it, including its own."""
    with gzip.open(path) as lines:
        for each in lines:
            (operation,) = orjson.loads(each).values()
            products = operation.get("productGroup", {}).get("products", {})
            inner = {key for product in products.values() for key in product.get("variants", {})}
            yield operation["key"], {operation["key"], *products, *inner}
